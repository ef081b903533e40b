package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// testKeys are made once: RSA keys take long.
type testKeys struct {
	rsa   *rsa.PrivateKey
	ecdsa *ecdsa.PrivateKey
	ed    ed25519.PrivateKey
}

func newTestKeys(t testing.TB) testKeys {
	t.Helper()
	var k testKeys
	var err error
	k.rsa, err = rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	k.ecdsa, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	_, k.ed, err = ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return k
}

func der(t testing.TB, public crypto.PublicKey) []byte {
	t.Helper()
	b, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	return b
}

func pemOf(kind string, b []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
}

func certificate(t testing.TB, key crypto.Signer) string {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	b, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return pemOf("CERTIFICATE", b)
}

func url64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// jwk returns a public key as a JWK, with more fields.
func jwk(t testing.TB, public crypto.PublicKey, more map[string]any) string {
	t.Helper()
	m := map[string]any{}
	switch k := public.(type) {
	case *rsa.PublicKey:
		m["kty"], m["n"], m["e"] = "RSA", url64(k.N.Bytes()), "AQAB"
	case *ecdsa.PublicKey:
		b, err := k.Bytes()
		require.NoError(t, err)
		half := (len(b) - 1) / 2
		m["kty"], m["crv"], m["x"], m["y"] = "EC", k.Params().Name, url64(b[1:1+half]), url64(b[1+half:])
	case ed25519.PublicKey:
		m["kty"], m["crv"], m["x"] = "OKP", "Ed25519", url64(k)
	case []byte:
		m["kty"], m["k"] = "oct", url64(k)
	}
	maps.Copy(m, more)
	text, err := json.Marshal(m)
	require.NoError(t, err)
	return string(text)
}

func TestKeyFiles(t *testing.T) {
	k := newTestKeys(t)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(k.rsa)
	require.NoError(t, err)
	secret := strings.Repeat("k", 32)
	rsaPEM, ecPEM, edPEM := pemOf("PUBLIC KEY", der(t, k.rsa.Public())), pemOf("PUBLIC KEY", der(t, k.ecdsa.Public())), pemOf("PUBLIC KEY", der(t, k.ed.Public()))
	bodyOnly := strings.Join(strings.Split(strings.TrimSpace(ecPEM), "\n")[1:3], "\n")
	rsaDER, ecDER := string(der(t, k.rsa.Public())), string(der(t, k.ecdsa.Public()))
	for name, tt := range map[string]struct{ content, algorithm, want string }{
		"a secret":                     {secret, "", "HS256"},
		"a secret with a line end":     {secret + "\n", "", "HS256"},
		"a secret with Windows' end":   {secret + "\r\n", "", "HS256"},
		"spaces count":                 {strings.Repeat(" ", 32), "", "HS256"},
		"a secret for HS384":           {strings.Repeat("k", 48), HS384, "HS384"},
		"a secret for HS512":           {strings.Repeat("k", 64), HS512, "HS512"},
		"hexadecimal digits":           {strings.Repeat("0123456789abcdef", 4), "", "HS256"},
		"base64":                       {base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\x01\x02", 24))), "", "HS256"},
		"a secret that is too short":   {secret[1:], "", "! an HS256 key of 31 bytes is too short: at least 32 random bytes are right"},
		"line ends do not help":        {secret[1:] + "\n\n", "", "! of 31 bytes"},
		"empty":                        {"", "", "! of 0 bytes"},
		"too short for HS512":          {strings.Repeat("k", 63), HS512, "! at least 64"},
		"a secret for RS256":           {secret, RS256, "! is no algorithm of a shared secret"},
		"RSA":                          {rsaPEM, "", "RS256"},
		"RSA in PKCS #1":               {pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&k.rsa.PublicKey)), "", "RS256"},
		"P-256":                        {ecPEM, "", "ES256"},
		"Ed25519":                      {edPEM, "", "EdDSA"},
		"a certificate":                {certificate(t, k.ecdsa), "", "ES256"},
		"several blocks":               {"\n" + rsaPEM + "\n" + edPEM, "", "RS256 EdDSA"},
		"RSA for RS256":                {rsaPEM, RS256, "RS256"},
		"RSA for HS256":                {rsaPEM, HS256, "! the key is for RS256, and HS256 was asked for"},
		"a private key":                {pemOf("PRIVATE KEY", private), "", "! this is a private key"},
		"an unknown block":             {pemOf("DH PARAMETERS", private), "", "! is not supported: PUBLIC KEY"},
		"a broken block":               {pemOf("PUBLIC KEY", []byte("kkkkkkk")), "", "! PEM block 1: not a public key"},
		"text behind a block":          {rsaPEM + secret, "", "! what follows PEM block 1 is not PEM"},
		"a small RSA key":              {pemOf("PUBLIC KEY", der(t, small.Public())), "", "! an RSA key of 1024 bits: 2048 to 8192 are right"},
		"P-384":                        {pemOf("PUBLIC KEY", der(t, p384.Public())), "", "! not on P-256"},
		"a public key in DER":          {rsaDER, "", "! no shared secret"},
		"a public key in DER, HS512":   {rsaDER, HS512, "! no shared secret"},
		"a short one in DER":           {ecDER, "", "! no shared secret"},
		"DER with a line end":          {ecDER + "\n", "", "! no shared secret"},
		"DER in base64":                {base64.StdEncoding.EncodeToString([]byte(ecDER)), "", "! no shared secret"},
		"DER in base64 for addresses":  {url64([]byte(rsaDER)), "", "! no shared secret"},
		"PEM without its first line":   {bodyOnly, "", "! no shared secret"},
		"PEM behind something":         {"key:\n" + rsaPEM, "", "! no shared secret"},
		"an OpenSSH key":               {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKkkkkkkkkkkkkkkkkkkkkkk me", "", "! no shared secret"},
		"a JWK":                        {jwk(t, k.rsa.Public(), nil), "", "RS256"},
		"an Ed25519 JWK":               {jwk(t, k.ed.Public(), map[string]any{"alg": "EdDSA", "kid": "e"}), "", "EdDSA:e"},
		"a set":                        {`{"keys":[` + jwk(t, k.rsa.Public(), map[string]any{"kid": "r", "alg": "RS256"}) + `,` + jwk(t, k.ecdsa.Public(), map[string]any{"use": "sig"}) + `]}`, "", "RS256:r ES256"},
		"keys for encryption are left": {`{"keys":[` + jwk(t, k.rsa.Public(), map[string]any{"use": "enc"}) + `,` + jwk(t, k.ed.Public(), nil) + `]}`, "", "EdDSA"},
		"a secret as a JWK":            {jwk(t, []byte(strings.Repeat("k", 64)), map[string]any{"alg": "HS512", "kid": "h"}), "", "HS512:h"},
		"a secret JWK without alg":     {jwk(t, []byte(secret), nil), "", "! it is a secret and has no alg"},
		"a short secret JWK":           {jwk(t, []byte("kkkk"), map[string]any{"alg": "HS256"}), "", "! too short"},
		"a public key as a secret JWK": {jwk(t, []byte(rsaPEM), map[string]any{"alg": "HS256"}), "", "! no shared secret"},
		"an RSA key for HS256":         {jwk(t, k.rsa.Public(), map[string]any{"alg": "HS256"}), "", "!"},
		"an RSA key for PS256":         {jwk(t, k.rsa.Public(), map[string]any{"alg": "PS256"}), "", "! PS256 was asked for"},
		"a private JWK":                {jwk(t, k.ed.Public(), map[string]any{"d": url64(k.ed.Seed())}), "", "! this is a private key"},
		"a point off the curve":        {`{"kty":"EC","crv":"P-256","x":"` + url64([]byte(secret)) + `","y":"` + url64([]byte(secret)) + `"}`, "", "! JWK 1"},
		"an empty set":                 {`{"keys":[]}`, "", "! has no key"},
		"an empty object":              {`{}`, "", "! has no key"},
		"broken JSON":                  {`{"kty":"oct","k":"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"`, "", "! is not a JWK or a JWK Set"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "jwt.key")
			require.NoError(t, os.WriteFile(path, []byte(tt.content), 0o600))
			keys, err := KeyFile{path, tt.algorithm}.Load()
			if says, bad := strings.CutPrefix(tt.want, "!"); bad {
				require.ErrorContains(t, err, strings.TrimSpace(says))
				require.ErrorContains(t, err, path)
				require.NotContains(t, err.Error(), "kkk")
				return
			}
			require.NoError(t, err)
			var got []string
			for _, key := range keys {
				got = append(got, strings.TrimSuffix(key.algorithm+":"+key.id, ":"))
			}
			require.Equal(t, tt.want, strings.Join(got, " "))
		})
	}
	_, err = KeyFile{Path: filepath.Join(t.TempDir(), "missing")}.Load()
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestKeyFileFlag(t *testing.T) {
	for value, want := range map[string]KeyFile{
		"/a/b":       {"/a/b", ""},
		"HS512:/a/b": {"/a/b", HS512},
		"EdDSA:b":    {"b", EdDSA},
		"c:/a":       {"c:/a", ""},
	} {
		got, err := ParseKeyFile(value)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{"", "HS256:"} {
		_, err := ParseKeyFile(bad)
		require.ErrorContains(t, err, "ALGORITHM:PATH")
	}
}

func TestKeysNeverPrintTheirSecret(t *testing.T) {
	secret := strings.Repeat("k", 32)
	key, err := NewHMACKey(HS256, []byte(secret))
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		require.NotContains(t, fmt.Sprintf(verb, key), "kkk", verb)
		require.NotContains(t, fmt.Sprintf(verb, &key), "kkk", verb)
		require.NotContains(t, fmt.Sprintf(verb, []Key{key}), "kkk", verb)
	}
}

func TestKeysAreCopied(t *testing.T) {
	secret := []byte(strings.Repeat("k", 32))
	key, err := NewHMACKey(HS256, secret)
	require.NoError(t, err)
	clear(secret)
	require.Equal(t, strings.Repeat("k", 32), string(key.material.([]byte)))
}

func TestKidChoosesKeys(t *testing.T) {
	set := KeySet{{id: "a"}, {id: "b"}, {}}
	for kid, want := range map[string]int{"": 3, "a": 2, "b": 2, "c": 1} {
		keys, err := set.Keys(context.Background(), kid)
		require.NoError(t, err)
		require.Len(t, keys, want, kid)
	}
	require.Len(t, set, 3)
}

func FuzzParseKeys(f *testing.F) {
	k := newTestKeys(f)
	f.Add([]byte(pemOf("PUBLIC KEY", der(f, k.ecdsa.Public()))), "")
	f.Add([]byte(jwk(f, k.ed.Public(), nil)), "EdDSA")
	f.Add([]byte(strings.Repeat("s", 64)), "HS512")
	f.Fuzz(func(t *testing.T, content []byte, algorithm string) {
		keys, err := ParseKeys(content, algorithm)
		if err != nil {
			return
		}
		require.NotEmpty(t, keys)
		for _, key := range keys {
			require.Contains(t, Algorithms(), key.algorithm)
			_, isSecret := key.material.([]byte)
			require.Equal(t, strings.HasPrefix(key.algorithm, "HS"), isSecret)
		}
	})
}
