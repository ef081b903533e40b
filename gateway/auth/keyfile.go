package auth

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// A KeyFile is a file with keys of tokens: see [ParseKeys].
type KeyFile struct {
	// Path is where it is.
	Path string
	// Algorithm is what its keys must be for. Empty: what the keys say, and HS256 for a raw secret.
	Algorithm string
}

// ParseKeyFile reads a flag's value: a path, or ALGORITHM:PATH. It opens nothing.
func ParseKeyFile(value string) (KeyFile, error) {
	before, path, found := strings.Cut(value, ":")
	if !found || !slices.Contains(Algorithms(), before) {
		path, before = value, ""
	}
	if path == "" {
		return KeyFile{}, fmt.Errorf("%q names no file: PATH or ALGORITHM:PATH is right, with one of %s",
			value, strings.Join(Algorithms(), ", "))
	}
	return KeyFile{Path: path, Algorithm: before}, nil
}

// String is the flag's value.
func (f KeyFile) String() string {
	if f.Algorithm == "" {
		return f.Path
	}
	return f.Algorithm + ":" + f.Path
}

// Load reads the file. Errors name it and never hold a part of a key.
func (f KeyFile) Load() (KeySet, error) {
	content, err := os.ReadFile(f.Path)
	if err != nil {
		return nil, err
	}
	return f.parse(content)
}

func (f KeyFile) parse(content []byte) (KeySet, error) {
	keys, err := ParseKeys(content, f.Algorithm)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	return keys, nil
}

// ParseKeys reads a key file. Its first characters decide what it is, and nothing is ever taken for something else:
//
//   - "-----BEGIN": PEM, one or several blocks PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE. RSA keys are for RS256, P-256 keys
//     for ES256, Ed25519 keys for EdDSA. Private keys are refused.
//   - "{": a JWK or a JWK Set. Secrets (kty oct) must say their alg; kid is honored.
//   - anything else: one shared secret, the file's bytes without line ends at the end, for HS256 unless algorithm says HS384 or
//     HS512. At least as many bytes as the hash has. A public key in another encoding is refused.
//
// With an algorithm, all keys of the file must be for it.
func ParseKeys(content []byte, algorithm string) (KeySet, error) {
	keys, err := parseAnyKeys(content, algorithm)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, errors.New("the file has no key that tokens can be signed with")
	}
	if len(keys) > maxKeys {
		return nil, fmt.Errorf("the file has %d keys: at most %d are right", len(keys), maxKeys)
	}
	for _, key := range keys {
		if err := key.expect(algorithm); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func parseAnyKeys(content []byte, algorithm string) (KeySet, error) {
	start := bytes.TrimLeft(content, " \t\r\n\ufeff")
	switch {
	case bytes.HasPrefix(start, []byte(pemBegin)):
		return parsePEM(start)
	case bytes.HasPrefix(start, []byte("{")):
		return parseJWKFile(start)
	}
	if algorithm == "" {
		algorithm = HS256
	}
	key, err := NewHMACKey(algorithm, bytes.TrimRight(content, "\r\n"))
	if err != nil {
		return nil, err
	}
	return KeySet{key}, nil
}

const pemBegin = "-----BEGIN "

func parsePEM(content []byte) (KeySet, error) {
	var keys KeySet
	for len(bytes.TrimSpace(content)) > 0 {
		block, rest := pem.Decode(content)
		if block == nil {
			return nil, fmt.Errorf("what follows PEM block %d is not PEM", len(keys))
		}
		public, err := parseBlock(block)
		if err != nil {
			return nil, fmt.Errorf("PEM block %d: %w", len(keys)+1, err)
		}
		key, err := newPublicKey(public)
		if err != nil {
			return nil, fmt.Errorf("PEM block %d: %w", len(keys)+1, err)
		}
		keys = append(keys, key)
		content = rest
	}
	return keys, nil
}

func parseBlock(block *pem.Block) (any, error) {
	switch block.Type {
	case "PUBLIC KEY":
		public, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, errors.New("not a public key in PKIX format")
		}
		return public, nil
	case "RSA PUBLIC KEY":
		public, err := x509.ParsePKCS1PublicKey(block.Bytes)
		if err != nil {
			return nil, errors.New("not an RSA public key in PKCS #1 format")
		}
		return public, nil
	case "CERTIFICATE":
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.New("not a certificate")
		}
		return cert.PublicKey, nil
	}
	if strings.HasSuffix(block.Type, "PRIVATE KEY") {
		return nil, errors.New("this is a private key: give the gateway the public one only, it never signs")
	}
	return nil, fmt.Errorf("%.40q is not supported: PUBLIC KEY, RSA PUBLIC KEY and CERTIFICATE are", block.Type)
}

// looksPublic says whether bytes are a public key or certificate in one of the encodings that people keep them in.
func looksPublic(b []byte) bool {
	trimmed := bytes.TrimSpace(b)
	for _, prefix := range []string{"ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-", "---- BEGIN "} {
		if bytes.HasPrefix(trimmed, []byte(prefix)) {
			return true
		}
	}
	if bytes.Contains(b, []byte(pemBegin)) || isDER(b) || isDER(trimmed) {
		return true
	}
	// The body of a PEM file without its first and last line, or DER in base64.
	packed := strings.NewReplacer("\r", "", "\n", "", " ", "", "\t", "", "-", "+", "_", "/", "=", "").Replace(string(trimmed))
	der, err := base64.RawStdEncoding.DecodeString(packed)
	return err == nil && isDER(der)
}

func isDER(b []byte) bool {
	if _, err := x509.ParsePKIXPublicKey(b); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PublicKey(b); err == nil {
		return true
	}
	_, err := x509.ParseCertificate(b)
	return err == nil
}
