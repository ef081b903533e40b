package gateway_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/protocol"
)

func header(name, value string) http.Header { return http.Header{name: []string{value}} }

// jwtServer takes tokens that are signed with the returned function.
func jwtServer(t *testing.T, edit func(*gateway.Config)) (*server, func(member string, expires time.Time) string) {
	t.Helper()
	secret := []byte(strings.Repeat("0123456789abcdef", 4))
	path := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(path, secret, 0o600))
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) {
		c.Anonymous, c.JWTKeyFiles = false, []string{path}
		if edit != nil {
			edit(c)
		}
	})
	return s, func(member string, expires time.Time) string {
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": member, "exp": expires.Unix()}).SignedString(secret)
		require.NoError(t, err)
		return token
	}
}

func TestTokenPlaces(t *testing.T) {
	s, sign := jwtServer(t, nil)
	token := sign("ann", time.Now().Add(time.Hour))

	p := s.dialRaw("", header("Authorization", "Bearer "+token))
	require.Equal(t, "ann", p.expect("welcome").get(t, "memberId"))
	require.Empty(t, p.Subprotocol())

	p = s.dialRaw("", header("Sec-WebSocket-Protocol", "starling.v1, starling.token."+token))
	require.Equal(t, "ann", p.expect("welcome").get(t, "memberId"))
	require.Equal(t, "starling.v1", p.Subprotocol(), "the token is never echoed")

	require.Equal(t, http.StatusUnauthorized, s.refused("token="+token, nil).StatusCode, "not unless it is enabled")
	s, sign = jwtServer(t, func(c *gateway.Config) { c.TokenInQuery = true })
	p = s.dialRaw("token="+sign("bob", time.Now().Add(time.Hour)), nil)
	require.Equal(t, "bob", p.expect("welcome").get(t, "memberId"))
}

func TestRefusalsBeforeTheUpgrade(t *testing.T) {
	anonymous := serve(t, nil)
	byToken, sign := jwtServer(t, nil)
	for name, tc := range map[string]struct {
		server *server
		query  string
		header http.Header
		status int
	}{
		"no member":        {anonymous, "", nil, http.StatusBadRequest},
		"bad session":      {anonymous, "member=ann&session=a%00b", nil, http.StatusBadRequest},
		"strange origin":   {anonymous, "member=ann", header("Origin", "https://evil.example"), http.StatusForbidden},
		"malformed origin": {anonymous, "member=ann", header("Origin", "::"), http.StatusForbidden},
		"no token":         {byToken, "member=ann", nil, http.StatusUnauthorized},
		"bad token":        {byToken, "", header("Authorization", "Bearer x.y.z"), http.StatusUnauthorized},
		"expired token":    {byToken, "", header("Authorization", "Bearer "+sign("ann", time.Now().Add(-time.Hour))), http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			answer := tc.server.refused(tc.query, tc.header)
			require.Equal(t, tc.status, answer.StatusCode)
			body, err := io.ReadAll(answer.Body)
			require.NoError(t, err)
			require.NotEmpty(t, body)
			if tc.status == http.StatusUnauthorized {
				require.NotEmpty(t, answer.Header.Get("WWW-Authenticate"))
			}
		})
	}
	anonymous.metric(`starling_refused_total{reason="origin"} 2`)
	byToken.metric(`starling_refused_total{reason="credentials"} 3`)
	byToken.metric(`starling_connections 0`)
}

func TestOwnAndAllowedOriginsPass(t *testing.T) {
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) { c.AllowedOrigins = []string{"https://app.example"} })
	s.dialRaw("member=ann", header("Origin", s.client.URL)).expect("welcome")
	s.dialRaw("member=ann", header("Origin", "https://app.example")).expect("welcome")
}

// A browser sees neither status nor body of a refused handshake: it can ask for a frame and a close code instead.
func TestHandshakeClose(t *testing.T) {
	anonymous := serve(t, limits(func(l *gateway.Limits) { l.Connections = 1 }))
	byToken, _ := jwtServer(t, nil)
	for name, tc := range map[string]struct {
		server *server
		query  string
		header http.Header
		code   protocol.ErrorCode
		closed protocol.CloseCode
	}{
		"no member":      {anonymous, "", nil, protocol.CodeBadRequest, protocol.ClosePolicy},
		"strange origin": {anonymous, "member=ann", header("Origin", "https://evil.example"), protocol.CodeForbidden, protocol.ClosePolicy},
		"no token":       {byToken, "", nil, protocol.CodeForbidden, protocol.CloseExpired},
	} {
		t.Run(name, func(t *testing.T) {
			p := tc.server.dialRaw("handshake=close&"+tc.query, tc.header)
			require.NotEmpty(t, p.expectError(tc.code))
			require.NotEmpty(t, p.expectClose(tc.closed))
		})
	}
	anonymous.member("ann")
	p := anonymous.dialRaw("handshake=close&member=bob", nil)
	f := p.expect("error")
	require.Equal(t, "unavailable", f.get(t, "code"))
	require.Positive(t, f.get(t, "retryAfterMs"))
	p.expectClose(protocol.CloseAtCapacity)
	anonymous.metric(`starling_closed_total{code="1013"} 1`)
	anonymous.metric(`starling_connections 1`)
}

func TestPlainRequestIsTold(t *testing.T) {
	s := serve(t, nil)
	response, err := http.Get(s.client.URL + "/ws?member=ann")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusUpgradeRequired, response.StatusCode)
	require.Equal(t, "websocket", response.Header.Get("Upgrade"))
}

func TestNoExtensionIsNegotiated(t *testing.T) {
	s := serve(t, nil)
	dialer := websocket.Dialer{EnableCompression: true}
	conn, response, err := dialer.Dial(s.url("member=ann"), nil)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.Empty(t, response.Header.Get("Sec-Websocket-Extensions"))
}

func TestDemoPageIsServedOnlyWhenEnabled(t *testing.T) {
	for _, enabled := range []bool{false, true} {
		s := serve(t, func(c *gateway.Config, _ *gateway.Options) { c.Demo = enabled })
		response, err := http.Get(s.client.URL + "/")
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, enabled, response.StatusCode == http.StatusOK)
	}
}
