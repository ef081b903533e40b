package auth

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

// signedBy signs good claims with any of the library's methods.
func signedBy(t testing.TB, method jwt.SigningMethod, key any, header map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, jwt.MapClaims{"sub": "ada", "exp": 1800000060})
	maps.Copy(token.Header, header)
	text, err := token.SignedString(key)
	require.NoError(t, err)
	return text
}

// verifier has one key of each algorithm, as files would give them.
func verifier(t testing.TB, k testKeys, edit func(*JWTOptions)) *JWT {
	t.Helper()
	var set KeySet
	for _, file := range []struct{ content, algorithm string }{
		{string(testSecret), ""},
		{strings.Repeat("3", 48), HS384},
		{strings.Repeat("5", 64), HS512},
		{pemOf("PUBLIC KEY", der(t, k.rsa.Public())), ""},
		{pemOf("PUBLIC KEY", der(t, k.ecdsa.Public())), ""},
		{jwk(t, k.ed.Public(), map[string]any{"kid": "ed"}), ""},
	} {
		keys, err := ParseKeys([]byte(file.content), file.algorithm)
		require.NoError(t, err)
		set = append(set, keys...)
	}
	opts := JWTOptions{Keys: set, Now: func() time.Time { return testNow }}
	if edit != nil {
		edit(&opts)
	}
	a, err := NewJWT(opts)
	require.NoError(t, err)
	return a
}

func TestEveryAlgorithmIsTaken(t *testing.T) {
	k := newTestKeys(t)
	a := verifier(t, k, nil)
	for name, token := range map[string]string{
		"HS256":              signedBy(t, jwt.SigningMethodHS256, testSecret, nil),
		"HS384":              signedBy(t, jwt.SigningMethodHS384, []byte(strings.Repeat("3", 48)), nil),
		"HS512":              signedBy(t, jwt.SigningMethodHS512, []byte(strings.Repeat("5", 64)), nil),
		"RS256":              signedBy(t, jwt.SigningMethodRS256, k.rsa, nil),
		"ES256":              signedBy(t, jwt.SigningMethodES256, k.ecdsa, nil),
		"EdDSA":              signedBy(t, jwt.SigningMethodEdDSA, k.ed, nil),
		"EdDSA with its kid": signedBy(t, jwt.SigningMethodEdDSA, k.ed, map[string]any{"kid": "ed"}),
		"a kid of no key":    signedBy(t, jwt.SigningMethodRS256, k.rsa, map[string]any{"kid": "other"}),
	} {
		id, err := a.Renew(context.Background(), token)
		require.NoError(t, err, name)
		require.Equal(t, "ada", id.MemberID)
	}
}

// Each known way to make a verifier take a token that its issuer did not sign, against a gateway with a key of every algorithm.
func TestAttacksAreRefused(t *testing.T) {
	k, other := newTestKeys(t), newTestKeys(t)
	a := verifier(t, k, nil)
	rsaPEM, ecPEM := pemOf("PUBLIC KEY", der(t, k.rsa.Public())), pemOf("PUBLIC KEY", der(t, k.ecdsa.Public()))
	es256 := signedBy(t, jwt.SigningMethodES256, k.ecdsa, nil)
	rs256 := signedBy(t, jwt.SigningMethodRS256, k.rsa, nil)
	unsigned := func(token, header string) string { return b64(header) + "." + strings.Split(token, ".")[1] }
	withSignature := func(token string, signature []byte) string {
		return token[:strings.LastIndexByte(token, '.')+1] + url64(signature)
	}
	signatureOf := func(token string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(token[strings.LastIndexByte(token, '.')+1:])
		require.NoError(t, err)
		return b
	}
	ecSig := signatureOf(es256)
	asDER, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(ecSig[:32]), new(big.Int).SetBytes(ecSig[32:])})
	require.NoError(t, err)

	order, ed25519Token := k.ecdsa.Params().N, signedBy(t, jwt.SigningMethodEdDSA, k.ed, nil)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)

	attacks := map[string]string{
		"none over RS256":                     unsigned(rs256, `{"alg":"none"}`) + ".",
		"none with the old signature":         unsigned(rs256, `{"alg":"none"}`) + "." + strings.Split(rs256, ".")[2],
		"None":                                unsigned(rs256, `{"alg":"None"}`) + ".",
		"the library's own none":              signedBy(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil),
		"RSA signature taken for ES256":       unsigned(rs256, `{"alg":"ES256"}`) + "." + strings.Split(rs256, ".")[2],
		"ES256 signature taken for EdDSA":     unsigned(es256, `{"alg":"EdDSA"}`) + "." + strings.Split(es256, ".")[2],
		"PS256 with the RSA key":              signedBy(t, jwt.SigningMethodPS256, k.rsa, nil),
		"RS384 with the RSA key":              signedBy(t, jwt.SigningMethodRS384, k.rsa, nil),
		"RS512 with the RSA key":              signedBy(t, jwt.SigningMethodRS512, k.rsa, nil),
		"HS384 with the secret of HS256":      signedBy(t, jwt.SigningMethodHS384, testSecret, nil),
		"HS256 with the secret of HS512":      signedBy(t, jwt.SigningMethodHS256, []byte(strings.Repeat("5", 64)), nil),
		"another RSA key":                     signedBy(t, jwt.SigningMethodRS256, other.rsa, nil),
		"another P-256 key":                   signedBy(t, jwt.SigningMethodES256, other.ecdsa, nil),
		"another Ed25519 key":                 signedBy(t, jwt.SigningMethodEdDSA, other.ed, map[string]any{"kid": "ed"}),
		"its own key in the header":           signedBy(t, jwt.SigningMethodRS256, other.rsa, map[string]any{"jwk": map[string]any{"kty": "RSA", "n": url64(other.rsa.N.Bytes()), "e": "AQAB"}}),
		"its own key at an address":           signedBy(t, jwt.SigningMethodRS256, other.rsa, map[string]any{"jku": "https://evil.example/keys"}),
		"its own certificate":                 signedBy(t, jwt.SigningMethodES256, other.ecdsa, map[string]any{"x5c": []string{"MIIB"}}),
		"its own certificate at an address":   signedBy(t, jwt.SigningMethodES256, other.ecdsa, map[string]any{"x5u": "https://evil.example/cert"}),
		"kid that is a path":                  signedBy(t, jwt.SigningMethodHS256, []byte(strings.Repeat("\x00", 32)), map[string]any{"kid": "../../../../dev/null"}),
		"kid that is a query":                 signedBy(t, jwt.SigningMethodHS256, []byte("x"), map[string]any{"kid": "x' UNION SELECT 'x"}),
		"critical header":                     signedBy(t, jwt.SigningMethodEdDSA, k.ed, map[string]any{"crit": []string{"exp"}}),
		"payload not encoded":                 signedBy(t, jwt.SigningMethodEdDSA, k.ed, map[string]any{"crit": []string{"b64"}, "b64": false}),
		"ES256 with a signature of zeros":     withSignature(es256, make([]byte, 64)),
		"ES256 with an empty signature":       withSignature(es256, nil),
		"ES256 with a signature in DER":       withSignature(es256, asDER),
		"ES256 with a longer signature":       withSignature(es256, append(ecSig[:64:64], 0)),
		"ES256 with r of the order":           withSignature(es256, append(k.ecdsa.Params().N.FillBytes(make([]byte, 32)), ecSig[32:]...)),
		"ES256 with r zero":                   withSignature(es256, append(make([]byte, 32), ecSig[32:]...)),
		"ES256 with s zero":                   withSignature(es256, append(ecSig[:32:32], make([]byte, 32)...)),
		"ES256 with s of the order":           withSignature(es256, append(ecSig[:32:32], order.FillBytes(make([]byte, 32))...)),
		"ES256 with r beyond the order":       withSignature(es256, append(bytes.Repeat([]byte{0xff}, 32), ecSig[32:]...)),
		"ES256 with r and s exchanged":        withSignature(es256, append(ecSig[32:64:64], ecSig[:32]...)),
		"ES256 with a shorter signature":      withSignature(es256, ecSig[:63]),
		"ES256 with a key on P-384":           es256On(t, elliptic.P384()),
		"ES256 with a key on P-521":           es256On(t, elliptic.P521()),
		"ES384":                               signedBy(t, jwt.SigningMethodES384, p384, nil),
		"ES384 taken for ES256":               unsigned(signedBy(t, jwt.SigningMethodES384, p384, nil), `{"alg":"ES256"}`) + "." + strings.Split(signedBy(t, jwt.SigningMethodES384, p384, nil), ".")[2],
		"EdDSA with s beyond the order":       withSignature(ed25519Token, slices.Concat(signatureOf(ed25519Token)[:32], bytes.Repeat([]byte{0xff}, 32))),
		"its own P-256 key in the header":     signedBy(t, jwt.SigningMethodES256, other.ecdsa, map[string]any{"jwk": json.RawMessage(jwk(t, other.ecdsa.Public(), nil))}),
		"its own Ed25519 key in the header":   signedBy(t, jwt.SigningMethodEdDSA, other.ed, map[string]any{"jwk": json.RawMessage(jwk(t, other.ed.Public(), nil)), "kid": "ed"}),
		"kid of another key":                  signedBy(t, jwt.SigningMethodEdDSA, k.ed, map[string]any{"kid": "ed/../ed"}),
		"RS256 with a signature of zeros":     withSignature(rs256, make([]byte, 256)),
		"RS256 with the signature one":        withSignature(rs256, append(make([]byte, 255), 1)),
		"EdDSA with a signature of zeros":     withSignature(signedBy(t, jwt.SigningMethodEdDSA, k.ed, nil), make([]byte, 64)),
		"an encrypted token":                  b64(`{"alg":"RSA-OAEP","enc":"A256GCM"}`) + ".a.b.c.d",
		"alg twice":                           hs(`{"alg":"none","alg":"RS256"}`, goodClaims),
		"alg in other letters besides":        hs(`{"ALG":"HS256","alg":"none"}`, goodClaims),
		"claims put together from two tokens": strings.Split(rs256, ".")[0] + "." + b64(`{"sub":"root","exp":1800000060}`) + "." + strings.Split(rs256, ".")[2],
	}
	// Key confusion: the public keys, as anybody may have them, taken for shared secrets.
	for name, secret := range map[string]string{
		"PEM": rsaPEM, "PEM without the last line end": strings.TrimSpace(rsaPEM), "DER": string(der(t, k.rsa.Public())),
		"P-256 PEM": ecPEM, "P-256 DER": string(der(t, k.ecdsa.Public())), "Ed25519 bytes": string(k.ed[32:]),
		"modulus": string(k.rsa.N.Bytes()), "JWK": jwk(t, k.rsa.Public(), nil), "empty": "",
	} {
		attacks["confusion HS256 "+name] = forge(sha256.New, []byte(secret), hs256, goodClaims)
		attacks["confusion HS384 "+name] = forge(sha512.New384, []byte(secret), `{"alg":"HS384"}`, goodClaims)
		attacks["confusion HS512 "+name] = forge(sha512.New, []byte(secret), `{"alg":"HS512"}`, goodClaims)
		attacks["confusion RS256 "+name] = forge(sha256.New, []byte(secret), `{"alg":"RS256"}`, goodClaims)
	}
	for name, token := range attacks {
		t.Run(name, func(t *testing.T) {
			id, err := a.Renew(context.Background(), token)
			require.Zero(t, id)
			requireNothingOf(t, token, refused(t, err))
		})
	}
}

// es256On signs with a key of another curve as ES256 would, if it did not look: r and s of 32 bytes each, over SHA-256.
func es256On(t testing.TB, curve elliptic.Curve) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(t, err)
	signed := b64(`{"alg":"ES256"}`) + "." + b64(goodClaims)
	hash := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, hash[:])
	require.NoError(t, err)
	size := (curve.Params().BitSize + 7) / 8
	return signed + "." + url64(append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...))
}

// Anybody can make a second valid signature of an ES256 token, with the order minus s. It says the same of the same member, so nothing
// may ever depend on a token being the only one of its kind.
func TestTheOtherSignatureOfATokenSaysTheSame(t *testing.T) {
	k := newTestKeys(t)
	a := verifier(t, k, nil)
	token := signedBy(t, jwt.SigningMethodES256, k.ecdsa, nil)
	at := strings.LastIndexByte(token, '.') + 1
	signature, err := base64.RawURLEncoding.DecodeString(token[at:])
	require.NoError(t, err)
	flipped := new(big.Int).Sub(k.ecdsa.Params().N, new(big.Int).SetBytes(signature[32:]))
	want, err := a.Renew(context.Background(), token)
	require.NoError(t, err)
	got, err := a.Renew(context.Background(), token[:at]+url64(append(signature[:32:32], flipped.FillBytes(make([]byte, 32))...)))
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// RFC 7519 leaves a verifier two ways with a claim that is given twice: to refuse, or to take the last one. What must not be is that a
// check looks at one and a use at another.
func TestTheLastOfTwoClaimsCounts(t *testing.T) {
	id, err := newJWT(t, false).Renew(context.Background(), hs(hs256, `{"sub":"eve","exp":1,"sub":"ada","exp":1800000060}`))
	require.NoError(t, err)
	require.Equal(t, "ada", id.MemberID)
	require.Equal(t, int64(1800000065), id.Expires.Unix())
	for _, claims := range []string{
		`{"sub":"ada","exp":1800000060,"exp":1}`, `{"sub":"ada","exp":1800000060,"nbf":1,"nbf":1800000060}`,
		`{"sub":"ada","exp":1800000060,"sub":""}`, `{"sub":"ada","exp":1800000060,"exp":null}`,
	} {
		_, err := newJWT(t, false).Renew(context.Background(), hs(hs256, claims))
		refused(t, err)
	}
}

func TestIssuerAndAudience(t *testing.T) {
	key, err := NewHMACKey(HS256, testSecret)
	require.NoError(t, err)
	a, err := NewJWT(JWTOptions{
		Keys: KeySet{key}, Issuer: "https://id.example", Audiences: []string{"chat", "chat-beta"}, Now: func() time.Time { return testNow },
	})
	require.NoError(t, err)
	for claims, says := range map[string]string{
		`"iss":"https://id.example","aud":"chat"`:               "",
		`"iss":"https://id.example","aud":["shop","chat-beta"]`: "",
		`"iss":"https://evil.example","aud":"chat"`:             "iss is not the issuer",
		`"iss":"https://id.example/","aud":"chat"`:              "iss is not the issuer",
		`"aud":"chat"`:                                              "no iss or aud",
		`"iss":"https://id.example"`:                                "no iss or aud",
		`"iss":"https://id.example","aud":"shop"`:                   "aud does not name this gateway",
		`"iss":"https://id.example","aud":[]`:                       "no iss or aud",
		`"iss":"https://id.example","aud":""`:                       "no iss or aud",
		`"iss":"https://id.example","aud":["cha","t"]`:              "aud does not name this gateway",
		`"iss":["https://id.example"],"aud":"chat"`:                 "not a time",
		`"iss":"https://id.example","aud":{"chat":true}`:            "no iss or aud",
		`"ISS":"https://id.example","iss":"x","aud":"chat"`:         "iss is not the issuer",
		`"iss":"https://id.example","AUD":"chat","aud":"elsewhere"`: "aud does not name this gateway",
	} {
		_, err := a.Renew(context.Background(), hs(hs256, `{"sub":"ada","exp":1800000060,`+claims+`}`))
		if says == "" {
			require.NoError(t, err, claims)
			continue
		}
		require.Contains(t, refused(t, err).Message, says, claims)
	}
}

// A token whose HMAC is compared byte by byte must not differ in its answer, wherever the first wrong byte is.
func TestWrongSignaturesGetOneAnswer(t *testing.T) {
	mac := hmac.New(sha256.New, testSecret)
	signed := b64(hs256) + "." + b64(goodClaims)
	mac.Write([]byte(signed))
	right := mac.Sum(nil)
	answers := map[string]bool{}
	for i := range right {
		wrong := append([]byte(nil), right...)
		wrong[i] ^= 1
		_, err := newJWT(t, false).Renew(context.Background(), signed+"."+url64(wrong))
		answers[refused(t, err).Message] = true
	}
	require.Len(t, answers, 1)
}

func BenchmarkVerify(b *testing.B) {
	k := newTestKeys(b)
	a := verifier(b, k, nil)
	for name, token := range map[string]string{
		"HS256": signedBy(b, jwt.SigningMethodHS256, testSecret, nil),
		"RS256": signedBy(b, jwt.SigningMethodRS256, k.rsa, nil),
		"ES256": signedBy(b, jwt.SigningMethodES256, k.ecdsa, nil),
		"EdDSA": signedBy(b, jwt.SigningMethodEdDSA, k.ed, nil),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := a.Renew(context.Background(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
