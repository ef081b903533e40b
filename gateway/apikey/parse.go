package apikey

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
)

const (
	// MinKeyBytes is the least length of a key: 32 characters of base64 are 192 bits.
	MinKeyBytes = 32
	// MaxKeyBytes bounds a key, in bytes.
	MaxKeyBytes = 512
	// MaxKeys bounds the keys of all files together.
	MaxKeys = 64
)

var (
	nameForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`)
	keyForm  = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`) // what RFC 6750 allows in a bearer token
)

// A Set is some keys. The zero value has none. It is immutable.
type Set struct{ keys []hashed }

type hashed struct {
	name string
	hash [sha256.Size]byte
}

// Len counts the keys.
func (s Set) Len() int { return len(s.keys) }

// Parse reads the text of key files: one key a line, NAME and KEY with spaces between them; empty lines and lines that begin with # are
// comments. A name may have several keys, so that one can follow another. The error names the line and holds no part of a key.
func Parse(text []byte) (Set, error) {
	var s Set
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, err := parseLine(line)
		if err != nil {
			return Set{}, fmt.Errorf("line %d: %w", n, err)
		}
		s.keys = append(s.keys, key)
	}
	if lines.Err() != nil {
		return Set{}, fmt.Errorf("a line is too long: one key a line is right, NAME and KEY")
	}
	return s, nil
}

func parseLine(line string) (hashed, error) {
	fields := strings.Fields(line)
	if len(fields) != 2 {
		return hashed{}, fmt.Errorf("it has %d words: NAME and KEY are right, with a space between them", len(fields))
	}
	name, key := fields[0], fields[1]
	switch {
	case !nameForm.MatchString(name):
		return hashed{}, fmt.Errorf("the name must have 1 to 63 letters, digits, '.', '_' and '-', and begin and end with a letter or digit")
	case len(key) < MinKeyBytes || len(key) > MaxKeyBytes:
		return hashed{}, fmt.Errorf("the key of %q has %d characters: %d to %d are right, such as those of `openssl rand -hex 32`",
			name, len(key), MinKeyBytes, MaxKeyBytes)
	case !keyForm.MatchString(key):
		return hashed{}, fmt.Errorf("the key of %q has a character that a bearer token may not have: letters, digits and -._~+/ are right", name)
	}
	return hashed{name: name, hash: sha256.Sum256([]byte(key))}, nil
}

// join puts sets together.
func join(sets []Set) (Set, error) {
	var all Set
	names := make(map[[sha256.Size]byte]string)
	for _, s := range sets {
		for _, k := range s.keys {
			if other, known := names[k.hash]; known {
				return Set{}, fmt.Errorf("%q and %q have the same key: give each its own", other, k.name)
			}
			names[k.hash] = k.name
			all.keys = append(all.keys, k)
		}
	}
	if len(all.keys) > MaxKeys {
		return Set{}, fmt.Errorf("there are %d keys: at most %d are right", len(all.keys), MaxKeys)
	}
	return all, nil
}
