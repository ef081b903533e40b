package keyring

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
)

// MaxKeys bounds the keys of a cluster at one time.
const MaxKeys = 16

// maxFileBytes bounds a key file: far more than MaxKeys keys with generous comments.
const maxFileBytes = 64 << 10

// Load reads the key file at path: see [Parse].
func Load(path string) ([]Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening mesh key file: %w", err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading mesh key file: %w", err)
	}
	if len(text) > maxFileBytes {
		return nil, fmt.Errorf("mesh key file %s is over %d bytes: that is no key file", path, maxFileBytes)
	}
	keys, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("mesh key file %s: %w", path, err)
	}
	return keys, nil
}

// Parse reads a key file: one standard base64 key of 32 bytes a line, the first one primary. Blank lines and lines that
// begin with # are skipped. It wants 1 to [MaxKeys] keys, all different. Errors name the line, never its content.
func Parse(text []byte) ([]Key, error) {
	var keys []Key
	lines := make(map[Key]int)
	number := 0
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		key, err := parseKey(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if first, ok := lines[key]; ok {
			return nil, fmt.Errorf("line %d: same key as in line %d, each may be there once", number, first)
		}
		if len(keys) == MaxKeys {
			return nil, fmt.Errorf("line %d: more than %d keys", number, MaxKeys)
		}
		lines[key] = number
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("no key found, want at least one line of base64 that encodes 32 bytes")
	}
	return keys, nil
}

// parseKey decodes one line. It drops the decoder's own error so that no content can get out.
func parseKey(line []byte) (Key, error) {
	var key Key
	raw, err := base64.StdEncoding.Strict().AppendDecode(nil, line)
	if err != nil {
		return key, fmt.Errorf("not standard base64, want %d characters that encode %d random bytes",
			base64.StdEncoding.EncodedLen(KeyBytes), KeyBytes)
	}
	if len(raw) != KeyBytes {
		return key, fmt.Errorf("key has %d bytes, want %d", len(raw), KeyBytes)
	}
	copy(key.secret[:], raw)
	if key == (Key{}) {
		return key, errors.New("key is all zeros, want random bytes")
	}
	return key, nil
}
