package auth

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

const patience = 20 * time.Second

// A keyServer serves a JWK Set that can be changed, or fail.
type keyServer struct {
	*httptest.Server
	body   atomic.Pointer[string]
	status atomic.Int64
	asked  atomic.Int64
}

func newKeyServer(t *testing.T, body string) *keyServer {
	t.Helper()
	s := &keyServer{}
	s.body.Store(&body)
	s.status.Store(http.StatusOK)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.asked.Add(1)
		w.WriteHeader(int(s.status.Load()))
		_, _ = w.Write([]byte(*s.body.Load()))
	}))
	t.Cleanup(s.Close)
	return s
}

// running opens a store and runs it until the test ends.
func running(t *testing.T, opts KeyStoreOptions) *KeyStore {
	t.Helper()
	opts.Logger = slog.New(slog.DiscardHandler)
	s, err := OpenKeyStore(opts)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { s.Run(ctx) })
	t.Cleanup(func() { cancel(); done.Wait() })
	return s
}

func verifies(t *testing.T, s *KeyStore, token string) error {
	t.Helper()
	a, err := NewJWT(JWTOptions{Keys: s, Now: func() time.Time { return testNow }})
	require.NoError(t, err)
	_, err = a.Renew(context.Background(), token)
	return err
}

func TestKeysOfAURL(t *testing.T) {
	k, next := newTestKeys(t), newTestKeys(t)
	secret := strings.Repeat("k", 64)
	set := func(k testKeys, kid string) string {
		return `{"keys":[` + jwk(t, k.rsa.Public(), map[string]any{"kid": kid, "alg": "RS256", "use": "sig"}) + `,` +
			jwk(t, []byte(secret), map[string]any{"kid": "oct", "alg": "HS512"}) + `,{"kty":"EC","crv":"P-521"},` +
			jwk(t, k.ed.Public(), map[string]any{"use": "enc"}) + `]}`
	}
	server := newKeyServer(t, set(k, "one"))
	s := running(t, KeyStoreOptions{JWKSURL: server.URL})
	one := signedBy(t, jwt.SigningMethodRS256, k.rsa, map[string]any{"kid": "one"})
	require.NoError(t, verifies(t, s, one), "the first token waits for the keys")
	require.Error(t, verifies(t, s, signedBy(t, jwt.SigningMethodHS512, []byte(secret), nil)), "a secret that everybody can fetch")
	require.Error(t, verifies(t, s, signedBy(t, jwt.SigningMethodEdDSA, k.ed, nil)), "a key for encryption")

	// A new kid has the set fetched again, but not more often than the server can take.
	body := set(next, "two")
	server.body.Store(&body)
	two := signedBy(t, jwt.SigningMethodRS256, next.rsa, map[string]any{"kid": "two"})
	asked := server.asked.Load()
	for range 20 {
		_ = verifies(t, s, signedBy(t, jwt.SigningMethodRS256, next.rsa, map[string]any{"kid": "unknown"}))
	}
	require.LessOrEqual(t, server.asked.Load(), asked+1)
	require.Eventually(t, func() bool { return verifies(t, s, two) == nil }, patience, 50*time.Millisecond)
	require.Error(t, verifies(t, s, one), "a key that was withdrawn")
}

func TestAnOutageKeepsTheKeys(t *testing.T) {
	k := newTestKeys(t)
	server := newKeyServer(t, jwk(t, k.rsa.Public(), nil)) // which is no set: useless
	s := running(t, KeyStoreOptions{JWKSURL: server.URL})
	token := signedBy(t, jwt.SigningMethodRS256, k.rsa, nil)
	refusal := refused(t, verifies(t, s, token))
	require.Equal(t, http.StatusServiceUnavailable, refusal.Status)
	require.Equal(t, "unavailable", refusal.Code)

	body := `{"keys":[` + jwk(t, k.rsa.Public(), map[string]any{"kid": "one"}) + `]}`
	server.body.Store(&body)
	require.Eventually(t, func() bool { return verifies(t, s, token) == nil }, patience, 50*time.Millisecond)
	for _, outage := range []struct {
		status int
		body   string
	}{
		{http.StatusInternalServerError, "oops"},
		{http.StatusOK, "<html>maintenance</html>"},
		{http.StatusOK, `{}`},
		{http.StatusOK, `{"keys":[]}`},
		{http.StatusOK, strings.Repeat(" ", maxJWKSBytes+1)},
	} {
		server.status.Store(int64(outage.status))
		server.body.Store(&outage.body)
		s.jwks.mu.Lock()
		before := s.jwks.failures
		s.jwks.mu.Unlock()
		s.jwks.refresh(context.Background())
		s.jwks.mu.Lock()
		require.Equal(t, before+1, s.jwks.failures)
		s.jwks.mu.Unlock()
		require.NoError(t, verifies(t, s, token))
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(s.Collector())
	families, err := reg.Gather()
	require.NoError(t, err)
	values := map[string]float64{}
	for _, f := range families {
		m := f.GetMetric()[len(f.GetMetric())-1] // of the keys, those of the URL
		values[f.GetName()] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
	}
	require.EqualValues(t, 1, values["starling_auth_keys"])
	require.GreaterOrEqual(t, values["starling_auth_jwks_failures_total"], float64(6))
	require.Positive(t, values["starling_auth_jwks_fetched_timestamp_seconds"])
}

func TestKeysOfFilesAreReadAgain(t *testing.T) {
	k := newTestKeys(t)
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	require.NoError(t, os.WriteFile(a, testSecret, 0o600))
	require.NoError(t, os.WriteFile(b, []byte(pemOf("PUBLIC KEY", der(t, k.ecdsa.Public()))), 0o600))
	s := running(t, KeyStoreOptions{Files: []KeyFile{{Path: a}, {Path: b}}})
	old, other := hs(hs256, goodClaims), signedBy(t, jwt.SigningMethodES256, k.ecdsa, nil)
	require.NoError(t, verifies(t, s, old))
	require.NoError(t, verifies(t, s, other))

	require.NoError(t, os.WriteFile(a, []byte("short"), 0o600))
	require.ErrorContains(t, s.Reload(), "too short")
	require.NoError(t, verifies(t, s, old))
	require.NoError(t, os.WriteFile(a, []byte(strings.Repeat("n", 32)), 0o600))
	require.NoError(t, s.Reload())
	require.Error(t, verifies(t, s, old))
	require.NoError(t, verifies(t, s, other))
	require.Equal(t, "2 keys in files", s.String())
}

func TestFilesWorkWithoutTheURL(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	require.NoError(t, os.WriteFile(path, testSecret, 0o600))
	server := newKeyServer(t, "")
	server.status.Store(http.StatusBadGateway)
	s := running(t, KeyStoreOptions{Files: []KeyFile{{Path: path}}, JWKSURL: server.URL})
	require.NoError(t, verifies(t, s, hs(hs256, goodClaims)))
}

func TestJWKSAddresses(t *testing.T) {
	for _, good := range []string{"https://id.example/.well-known/jwks.json", "http://127.0.0.1:8080/keys", "http://localhost/keys", "http://[::1]/k"} {
		require.NoError(t, CheckJWKSURL(good), good)
	}
	for _, bad := range []string{"", "id.example/keys", "http://id.example/keys", "ftp://id.example/", "https://", "https://a:b@id.example/", "file:///etc/passwd", "http://127.0.0.1.evil.example/"} {
		require.Error(t, CheckJWKSURL(bad), bad)
	}
	plain := httptest.NewServer(http.RedirectHandler("http://192.0.2.1/keys", http.StatusFound))
	defer plain.Close()
	j, err := newJWKS(plain.URL, nil, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	_, err = j.fetch(context.Background())
	require.ErrorContains(t, err, "not https")
}

func TestOpenKeyStoreFails(t *testing.T) {
	_, err := OpenKeyStore(KeyStoreOptions{})
	require.ErrorContains(t, err, "neither a file nor a URL")
	_, err = OpenKeyStore(KeyStoreOptions{Files: []KeyFile{{Path: "/no/such/file"}}})
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = OpenKeyStore(KeyStoreOptions{JWKSURL: "nowhere"})
	require.ErrorContains(t, err, "JWK Set")
}
