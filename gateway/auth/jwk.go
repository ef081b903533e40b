package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/MicahParks/jwkset"
)

// jwkSet is a JWK Set, or one JWK.
type jwkSet struct {
	Keys []jwkset.JWKMarshal `json:"keys"`
	jwkset.JWKMarshal
}

// parseJWKFile reads a JWK or a JWK Set that the operator gave, in which every key for signatures must be usable.
func parseJWKFile(content []byte) (KeySet, error) {
	var set jwkSet
	if err := json.Unmarshal(content, &set); err != nil {
		return nil, errors.New("the file begins with { but is not a JWK or a JWK Set") // the decoder's own error may quote it
	}
	list := set.Keys
	if set.KTY != "" {
		list = append(list, set.JWKMarshal)
	}
	var keys KeySet
	for i, m := range list {
		if !signs(m) {
			continue
		}
		key, err := keyOfJWK(m)
		if err != nil {
			return nil, fmt.Errorf("JWK %d: %w", i+1, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// parseJWKSet reads a JWK Set from a server, and leaves out what a gateway does not need or understand. Secrets are never taken from
// there: what a server shows to everybody is none.
func parseJWKSet(content []byte) (KeySet, error) {
	var set struct {
		Keys []jwkset.JWKMarshal `json:"keys"`
	}
	if err := json.Unmarshal(content, &set); err != nil {
		return nil, errors.New("the answer is not a JWK Set")
	}
	var keys KeySet
	for _, m := range set.Keys {
		if !signs(m) || m.KTY == jwkset.KtyOct || len(keys) == maxKeys {
			continue
		}
		if key, err := keyOfJWK(m); err == nil {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("none of the %d keys in the answer can verify tokens: RSA, P-256 and Ed25519 keys are right", len(set.Keys))
	}
	return keys, nil
}

// signs says that a key is for signatures, as far as it says.
func signs(m jwkset.JWKMarshal) bool {
	return (m.USE == "" || m.USE == jwkset.UseSig) && (len(m.KEYOPS) == 0 || slices.Contains(m.KEYOPS, jwkset.KeyOpsVerify))
}

func keyOfJWK(m jwkset.JWKMarshal) (Key, error) {
	if m.D != "" {
		return Key{}, errors.New("this is a private key: give the gateway the public one only, it never signs")
	}
	parsed, err := jwkset.NewJWKFromMarshal(m, jwkset.JWKMarshalOptions{Private: true}, jwkset.JWKValidateOptions{})
	if err != nil {
		return Key{}, errors.New("it is malformed, or of an unsupported kind: kty RSA, EC (P-256), OKP (Ed25519) and oct are right")
	}
	var key Key
	if secret, ok := parsed.Key().([]byte); ok {
		if m.ALG == "" {
			return Key{}, errors.New("it is a secret and has no alg: HS256, HS384 or HS512 is right")
		}
		key, err = NewHMACKey(string(m.ALG), secret)
	} else {
		key, err = newPublicKey(parsed.Key())
	}
	if err != nil {
		return Key{}, err
	}
	if err := key.expect(string(m.ALG)); err != nil {
		return Key{}, err
	}
	key.id = m.KID
	return key, nil
}
