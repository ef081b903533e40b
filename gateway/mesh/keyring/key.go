package keyring

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
)

// KeyBytes is the length of a [Key].
const KeyBytes = 32

// A Key is one shared secret of a cluster. Formatting or logging it prints no part of it. Keys can be compared with ==.
type Key struct{ secret [KeyBytes]byte }

// The info strings keep the outputs of one key apart. They are part of the mesh's wire format: never change them.
const (
	infoMemberlist = "starling v1 memberlist"
	infoAuthority  = "starling v1 link authority"
	infoAdmin      = "starling v1 admin token"
	infoID         = "starling v1 key id"
	infoInsecure   = "starling v1 insecure development key "
)

// insecureSecret is what development keys are derived from. It is public, which is the point of its name.
const insecureSecret = "this key is public and protects nothing"

// NewKey returns a fresh random key.
func NewKey() Key {
	var k Key
	// crypto/rand.Read never fails: it ends the process instead.
	_, _ = rand.Read(k.secret[:])
	return k
}

// Insecure returns the development key of a cluster, which anybody can compute. The caller must use it only where the
// mesh is bound to loopback.
func Insecure(cluster string) []Key {
	var k Key
	copy(k.secret[:], derive([]byte(insecureSecret), infoInsecure+cluster))
	return []Key{k}
}

// Encode returns the key as a key file spells it: one line of standard base64, without the newline. It is a secret.
func (k Key) Encode() string { return base64.StdEncoding.EncodeToString(k.secret[:]) }

// AdminToken returns the bearer token, 64 hexadecimal digits, that the key gives for the admin port. It is a secret.
func (k Key) AdminToken() string { return hex.EncodeToString(derive(k.secret[:], infoAdmin)) }

// ID returns 16 hexadecimal digits that tell keys apart. It is no secret: nothing of the key can be computed from it.
func (k Key) ID() string { return hex.EncodeToString(derive(k.secret[:], infoID)[:8]) }

// Format implements [fmt.Formatter]: it prints a placeholder for every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "key(redacted)") }

// LogValue implements [slog.LogValuer]: it logs a placeholder.
func (k Key) LogValue() slog.Value { return slog.StringValue("key(redacted)") }

// derive returns 32 bytes that say nothing about the secret or about what other info strings give.
func derive(secret []byte, info string) []byte {
	out, err := hkdf.Key(sha256.New, secret, nil, info, 32)
	if err != nil {
		// Only an output of over 255 hashes fails, or a short secret in FIPS-only mode, which KeyBytes rules out.
		panic(fmt.Sprintf("deriving %s: %v", info, err))
	}
	return out
}
