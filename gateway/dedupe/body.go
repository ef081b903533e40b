package dedupe

import (
	"crypto/sha256"
	"encoding/hex"
	"hash/maphash"
	"strings"
)

// MaxPlainKey is the longest key, in bytes, that is only a key. A longer one may end with what [WithBody] added.
const MaxPlainKey = 128

// bodyMark is in front of what WithBody adds.
const bodyMark = "\x00body="

// WithBody returns a key of more than [MaxPlainKey] bytes that also says what is published with it, so that [Cache.Conflicts] notices when
// it is used for something else. To gateways that do not know of this it is one long key.
func WithBody(key string, parts ...string) string {
	hash := sha256.New()
	for _, part := range parts {
		sum := sha256.Sum256([]byte(part)) // of a fixed length, so that no two lists of parts are the same
		hash.Write(sum[:])
	}
	return key + bodyMark + hex.EncodeToString(hash.Sum(nil)[:16])
}

// splitBody returns the key alone, and a number for what is published with it; 0: that is not known.
func (h *hasher) splitBody(key string) (plain string, body uint64) {
	if len(key) <= MaxPlainKey {
		return key, 0
	}
	plain, text, found := strings.Cut(key, bodyMark)
	if !found {
		return key, 0
	}
	return plain, max(1, maphash.String(h.seeds[0], text))
}
