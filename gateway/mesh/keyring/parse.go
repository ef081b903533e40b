package keyring

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/starling-realtime/starling/gateway/reload"
)

// MaxKeys bounds the keys of a cluster at one time.
const MaxKeys = 16

// Load reads the key file at path: see [Parse]. It must not have more than [reload.MaxBytes].
func Load(path string) ([]Key, error) {
	files, err := openFile(path)
	if err != nil {
		return nil, err
	}
	return files.Value(), nil
}

// openFile reads the key file at path, and can do so again.
func openFile(path string) (*reload.Files[[]Key], error) {
	return reload.Open("the mesh key file", []string{path}, func(contents [][]byte) ([]Key, error) {
		keys, err := Parse(contents[0])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return keys, nil
	})
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
