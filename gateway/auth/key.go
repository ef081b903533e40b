package auth

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/golang-jwt/jwt/v5"
)

// minKeyBytes is the least length of an HS256 key: RFC 7518 asks for as many bits as the hash has.
const minKeyBytes = 32

// maxKeyFileBytes bounds a key file, so that a wrong path is not read into memory.
const maxKeyFileBytes = 64 << 10

// A Key verifies the signatures of tokens of one algorithm; the zero value verifies none. Formatting it prints no part of it.
type Key struct {
	algorithm string
	secret    []byte
}

// String hides the key.
func (Key) String() string { return "key" }

// GoString hides the key.
func (Key) GoString() string { return "auth.Key{}" }

// LoadKeyFile reads an HS256 key: the file's bytes without a newline at the end, at least 32 of them. Errors never
// hold a part of the key.
func LoadKeyFile(path string) (Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Key{}, fmt.Errorf("reading the token key: %w", err)
	}
	if info.Size() > maxKeyFileBytes {
		return Key{}, fmt.Errorf("reading the token key: %s has %d bytes, which is no key: at most %d are right",
			path, info.Size(), maxKeyFileBytes)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Key{}, fmt.Errorf("reading the token key: %w", err)
	}
	key, err := NewHS256Key(bytes.TrimRight(text, "\r\n"))
	if err != nil {
		return Key{}, fmt.Errorf("reading the token key from %s: %w", path, err)
	}
	return key, nil
}

// NewHS256Key returns an HS256 key. The error says that secret has fewer than 32 bytes, or that it is PEM.
func NewHS256Key(secret []byte) (Key, error) {
	if len(secret) < minKeyBytes {
		return Key{}, fmt.Errorf("an HS256 key of %d bytes is too short: at least %d random bytes are right", len(secret), minKeyBytes)
	}
	if bytes.HasPrefix(secret, []byte("-----BEGIN ")) {
		// Taken for a secret, a public key would let everybody who knows it sign.
		return Key{}, errors.New("a PEM file is no HS256 key: a shared secret of at least 32 random bytes is right")
	}
	return Key{algorithm: jwt.SigningMethodHS256.Alg(), secret: bytes.Clone(secret)}, nil
}

// A KeySource finds the keys for a token. Implementations are safe for concurrent use.
type KeySource interface {
	// Keys returns the keys that may have signed a token whose header has this kid, which is empty when it has none. No key,
	// or an error, refuses the token. The kid is a stranger's: it is not verified yet.
	Keys(kid string) ([]Key, error)
}
