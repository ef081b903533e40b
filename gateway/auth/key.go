package auth

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"
)

// Signature algorithms of tokens. A key is for exactly one of them, whatever a token's header says.
const (
	HS256 = "HS256"
	HS384 = "HS384"
	HS512 = "HS512"
	RS256 = "RS256"
	ES256 = "ES256"
	EdDSA = "EdDSA"
)

// Algorithms lists every algorithm that tokens may be signed with.
func Algorithms() []string { return []string{HS256, HS384, HS512, RS256, ES256, EdDSA} }

// Bounds of keys.
const (
	// minRSABits is the least size of an RSA key, from RFC 7518.
	minRSABits = 2048
	// maxRSABits bounds what one verification costs.
	maxRSABits = 8192
	// maxKeys bounds the keys of one file or one JWK Set.
	maxKeys = 64
)

// A Key verifies the signatures of tokens of one algorithm; the zero value verifies none. Formatting it prints no part of it.
type Key struct {
	algorithm string
	// id is what a token's kid must be; empty: the key is tried whatever the kid.
	id string
	// material is a []byte, *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey.
	material any
}

// String hides the key.
func (Key) String() string { return "key" }

// GoString hides the key.
func (Key) GoString() string { return "auth.Key{}" }

// NewHMACKey returns a key for HS256, HS384 or HS512. The error says that secret has fewer bytes than the hash, as RFC 7518 asks, or that
// it is a public key, in whatever encoding: taken for a secret, it would let everybody who knows it sign.
func NewHMACKey(algorithm string, secret []byte) (Key, error) {
	least := map[string]int{HS256: 32, HS384: 48, HS512: 64}[algorithm]
	switch {
	case least == 0:
		return Key{}, fmt.Errorf("%q is no algorithm of a shared secret: HS256, HS384 and HS512 are", algorithm)
	case len(secret) < least:
		return Key{}, fmt.Errorf("an %s key of %d bytes is too short: at least %d random bytes are right", algorithm, len(secret), least)
	case looksPublic(secret):
		return Key{}, errors.New("this is a key in PEM, DER or OpenSSH format and no shared secret: random bytes are right, " +
			"or a public key as a whole PEM file")
	}
	return Key{algorithm: algorithm, material: bytes.Clone(secret)}, nil
}

// newPublicKey returns a key for RS256, ES256 or EdDSA, whichever fits the public key.
func newPublicKey(public any) (Key, error) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return Key{}, fmt.Errorf("an RSA key of %d bits: %d to %d are right", bits, minRSABits, maxRSABits)
		}
		if k.E < 3 || k.E%2 == 0 {
			return Key{}, errors.New("an RSA key with an impossible exponent")
		}
		return Key{algorithm: RS256, material: k}, nil
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return Key{}, errors.New("an elliptic curve key that is not on P-256: ES256 needs that curve")
		}
		if _, err := k.ECDH(); err != nil { // which checks that the point is on the curve
			return Key{}, errors.New("an elliptic curve key whose point is not on P-256")
		}
		return Key{algorithm: ES256, material: k}, nil
	case ed25519.PublicKey:
		if len(k) != ed25519.PublicKeySize {
			return Key{}, fmt.Errorf("an Ed25519 key of %d bytes: %d are right", len(k), ed25519.PublicKeySize)
		}
		return Key{algorithm: EdDSA, material: k}, nil
	default:
		return Key{}, fmt.Errorf("a key of an unsupported kind (%T): RSA, P-256 and Ed25519 are right", public)
	}
}

// expect fails unless the key is for the algorithm; an empty one allows any.
func (k Key) expect(algorithm string) error {
	if algorithm == "" || algorithm == k.algorithm {
		return nil
	}
	return fmt.Errorf("the key is for %s, and %s was asked for", k.algorithm, algorithm)
}

// ErrKeysUnavailable says that keys could not be fetched yet, so that nothing can be said about a token.
var ErrKeysUnavailable = errors.New("the keys of tokens are not there yet")

// A KeySource finds the keys for a token. Implementations are safe for concurrent use.
type KeySource interface {
	// Keys returns the keys that may have signed a token whose header has this kid, which is empty when it has none. No key,
	// or an error, refuses the token; with [ErrKeysUnavailable] it may be tried again. The kid is a stranger's: it is not verified
	// yet. The call may wait a little for a source elsewhere, until ctx ends.
	Keys(ctx context.Context, kid string) ([]Key, error)
}

// A KeySet is keys that do not change.
type KeySet []Key

var _ KeySource = KeySet(nil)

// Keys implements [KeySource]: keys without an id, and those whose id is the kid; without a kid all.
func (s KeySet) Keys(_ context.Context, kid string) ([]Key, error) {
	if kid == "" {
		return s, nil
	}
	return slices.DeleteFunc(slices.Clone(s), func(k Key) bool { return k.id != "" && k.id != kid }), nil
}

// names says whether one of the keys has the id.
func (s KeySet) names(kid string) bool {
	return slices.ContainsFunc(s, func(k Key) bool { return k.id == kid })
}
