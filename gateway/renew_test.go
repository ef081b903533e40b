package gateway_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/protocol"
)

func bearer(token string) http.Header { return header("Authorization", "Bearer "+token) }

func TestCredentialsAreRenewed(t *testing.T) {
	s, sign := jwtServer(t, func(c *gateway.Config) { c.JWTLeeway = 0 })
	end := time.Now().Add(3 * time.Second).Truncate(time.Second)
	p := s.dialRaw("", bearer(sign("ann", end)))
	p.expect("welcome")
	later := time.Now().Add(time.Hour).Truncate(time.Second)
	p.say(`{"type":"auth","id":1,"payload":{"token":%q}}`, sign("ann", later))
	require.EqualValues(t, later.UnixMilli(), p.expect("reply").get(t, "expiresAt"))
	s.metric(`starling_credentials_renewed_total 1`)
	for time.Now().Before(end.Add(1500 * time.Millisecond)) { // past what the first token allowed, and a sweep
		p.settle()
		time.Sleep(50 * time.Millisecond)
	}
	// A shorter one shortens.
	p.say(`{"type":"auth","payload":{"token":%q}}`, sign("ann", time.Now().Add(time.Second)))
	p.expectClose(protocol.CloseExpired)
}

func TestRenewalIsRefused(t *testing.T) {
	s, sign := jwtServer(t, func(c *gateway.Config) { c.Limits.BadFrames = 8 })
	hour := time.Now().Add(time.Hour)
	p := s.dialRaw("", bearer(sign("ann", hour)))
	p.expect("welcome")
	for _, tc := range []struct{ token, says string }{
		{sign("bob", hour), "sub is not this connection's member"},
		{sign("ann", time.Now().Add(-time.Minute)), "has expired"},
		{"x.y.z", "not a JWT"},
		{strings.Replace(sign("ann", hour), ".", ".e", 1), ""},
	} {
		p.say(`{"type":"auth","id":"a","payload":{"token":%q}}`, tc.token)
		f := p.expect("error")
		require.Equal(t, `"a"`, string(f.ID))
		require.Equal(t, "forbidden", f.get(t, "code"))
		require.Equal(t, "auth", f.get(t, "request"))
		require.Contains(t, f.get(t, "message"), tc.says)
		require.NotContains(t, string(f.Payload), tc.token)
	}
	for range 20 {
		p.say(`{"type":"auth","payload":{"token":"x.y.z"}}`)
	}
	require.Contains(t, p.expectClose(protocol.ClosePolicy), "too many tokens")

	anonymous := serve(t, nil).member("ann")
	anonymous.say(`{"type":"auth","id":1,"payload":{"token":"x"}}`)
	require.Contains(t, anonymous.expectError(protocol.CodeForbidden), "takes no tokens")
}

// Keys of several algorithms work at once, and a file that is replaced counts without a restart.
func TestKeysRotateWithoutARestart(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	require.NoError(t, err)
	dir := t.TempDir()
	pemFile, secretFile := filepath.Join(dir, "pem"), filepath.Join(dir, "secret")
	secret := strings.Repeat("0123456789abcdef", 4)
	require.NoError(t, os.WriteFile(pemFile, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), 0o600))
	require.NoError(t, os.WriteFile(secretFile, []byte(secret), 0o600))
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) {
		c.Anonymous, c.JWTKeyFiles = false, []string{pemFile, "HS512:" + secretFile}
	})
	claims := jwt.MapClaims{"sub": "ann", "exp": time.Now().Add(time.Hour).Unix()}
	sign := func(method jwt.SigningMethod, key any) string {
		token, err := jwt.NewWithClaims(method, claims).SignedString(key)
		require.NoError(t, err)
		return token
	}
	es56, hs512 := sign(jwt.SigningMethodES256, private), sign(jwt.SigningMethodHS512, []byte(secret))
	s.dialRaw("", bearer(es56)).expect("welcome")
	s.dialRaw("", bearer(hs512)).expect("welcome")
	require.Equal(t, http.StatusUnauthorized, s.refused("", bearer(sign(jwt.SigningMethodHS256, []byte(secret)))).StatusCode)
	s.metric(`starling_auth_keys{source="file"} 2`)

	next := strings.Repeat("fedcba9876543210", 4)
	require.NoError(t, os.WriteFile(secretFile, []byte(next), 0o600))
	eventually(t, func() bool {
		response, err := http.DefaultClient.Do(upgradeRequest(t, s, sign(jwt.SigningMethodHS512, []byte(next))))
		require.NoError(t, err)
		_ = response.Body.Close()
		return response.StatusCode == http.StatusSwitchingProtocols
	}, "the new key is taken")
	require.Equal(t, http.StatusUnauthorized, s.refused("", bearer(hs512)).StatusCode)
	s.dialRaw("", bearer(es56)).expect("welcome")
}

func upgradeRequest(t *testing.T, s *server, token string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.client.URL+"/ws", http.NoBody)
	require.NoError(t, err)
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
		"Authorization": "Bearer " + token,
	} {
		r.Header.Set(name, value)
	}
	return r
}

// Without keys nobody can be told from anybody: a client is asked to come again, not told that its token is wrong.
func TestTokensWaitForTheJWKSet(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) { c.Anonymous, c.JWKSURL = false, server.URL })
	_, sign := jwtServer(t, nil)
	answer := s.refused("", bearer(sign("ann", time.Now().Add(time.Hour))))
	require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	require.NotEmpty(t, answer.Header.Get("Retry-After"))
	eventually(t, func() bool {
		_, text := s.get("/metrics")
		return strings.Contains(text, "starling_auth_jwks_failures_total 1") || strings.Contains(text, "starling_auth_jwks_failures_total 2")
	}, "the failure is counted")
}

// lockedBuffer is a log that many goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// Tokens, good ones and bad ones, wherever they come from, are in no log, answer or metric.
func TestTokensAreNowhere(t *testing.T) {
	log := &lockedBuffer{}
	var files []string
	_, sign := jwtServer(t, func(c *gateway.Config) { files = c.JWTKeyFiles })
	s := serve(t, func(c *gateway.Config, o *gateway.Options) {
		c.Anonymous, c.JWTKeyFiles, c.TokenInQuery = false, files, true
		o.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	good, bad, old := sign("ann", time.Now().Add(time.Hour)), sign("ann", time.Now().Add(time.Hour))+"x", sign("ann", time.Now().Add(-time.Hour))
	var answers strings.Builder
	for _, token := range []string{bad, old, "a b" + bad, bad + "%zz"} {
		for _, tc := range []struct {
			query  string
			header http.Header
		}{
			{"token=" + token, nil},
			{"token=" + token + "&token=" + token, nil},
			{"", bearer(token)},
			{"", header("Sec-WebSocket-Protocol", "starling.v1, starling.token."+token)},
		} {
			r, err := http.NewRequest(http.MethodGet, s.client.URL+"/ws?", http.NoBody)
			require.NoError(t, err)
			r.URL.RawQuery = strings.ReplaceAll(tc.query, " ", "+")
			for name, values := range upgradeRequest(t, s, "").Header {
				if name != "Authorization" {
					r.Header[name] = values
				}
			}
			for name, values := range tc.header {
				r.Header[http.CanonicalHeaderKey(name)] = values
			}
			response, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			require.NoError(t, response.Write(&answers))
			_ = response.Body.Close()
		}
	}
	p := s.dialRaw("token="+good, nil)
	p.expect("welcome")
	p.say(`{"type":"auth","id":1,"payload":{"token":%q}}`, bad)
	answers.Write(p.expect("error").Payload)
	p.say(`{"type":"auth","id":1,"payload":{"token":%q,"token":%q}}`, bad, bad)
	answers.Write(p.expect("error").Payload)
	p.say(`{"type":"auth","id":1,"payload":{"token":%q}`, bad)
	answers.Write(p.expect("error").Payload)
	_, metrics := s.get("/metrics")
	_, status := s.get("/status")
	everything := log.String() + answers.String() + metrics + status
	for _, token := range []string{good, bad, old} {
		for part := range strings.SplitSeq(token, ".") {
			require.NotContains(t, everything, part)
		}
	}
	require.NotEmpty(t, log.String())
}
