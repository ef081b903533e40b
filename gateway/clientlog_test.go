package gateway_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/protocol"
)

// A logBook keeps a log's lines for a test to look at.
type logBook struct {
	t  *testing.T
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBook) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// lines returns the lines that have a message.
func (l *logBook) lines(message string) []map[string]any {
	var found []map[string]any
	for line := range strings.Lines(l.text()) {
		var fields map[string]any
		require.NoError(l.t, json.Unmarshal([]byte(line), &fields), line)
		if fields[slog.MessageKey] == message {
			delete(fields, slog.TimeKey)
			found = append(found, fields)
		}
	}
	return found
}

// await waits for a line and returns the first one.
func (l *logBook) await(message string) map[string]any {
	l.t.Helper()
	require.Eventually(l.t, func() bool { return len(l.lines(message)) > 0 }, patience, 5*time.Millisecond, "no line %q", message)
	return l.lines(message)[0]
}

// logged is an edit of [serve] that keeps the log.
func logged(t *testing.T, book *logBook, level slog.Level) func(*gateway.Config, *gateway.Options) {
	book.t = t
	return func(c *gateway.Config, o *gateway.Options) {
		c.LogLinesPerSecond = 3
		o.Logger = slog.New(slog.NewJSONHandler(book, &slog.HandlerOptions{Level: level}))
	}
}

func TestLinesAboutAConnectionNameItAndItsMember(t *testing.T) {
	var book logBook
	edit := logged(t, &book, slog.LevelInfo)
	s := serve(t, func(c *gateway.Config, o *gateway.Options) {
		edit(c, o)
		c.AuthRules = `[{"channels": ["public"], "allow": ["join", "presence"]}]`
		c.Limits.BadFrames = 1
	})
	p := s.member("ann")
	conn := p.welcome.get(t, "connId")
	p.say(`{"type":"join","payload":{"channel":"private"}}`)
	p.expectError(protocol.CodeForbidden)
	refused := book.await("request refused")
	require.Contains(t, refused["detail"], "this member may not do this")
	delete(refused, "detail")
	require.Equal(t, map[string]any{
		"level": "INFO", "msg": "request refused", "gateway": "gw-0", "connection": conn, "member": "ann", "channel": "private",
		"request": "join", "code": "forbidden",
	}, refused)

	p.say(`no JSON`)
	p.say(`no JSON`)
	bad := book.await("malformed frame")
	require.Equal(t, conn, bad["connection"])
	require.Equal(t, "bad_request", bad["code"])
	closed := book.await("connection closed")
	require.Equal(t, conn, closed["connection"])
	require.Equal(t, "ann", closed["member"])
	require.InDelta(t, 1008, closed["code"], 0)
}

func TestRefusedConnectionsAreLoggedUntilThereAreTooMany(t *testing.T) {
	var book logBook
	edit := logged(t, &book, slog.LevelInfo)
	s := serve(t, func(c *gateway.Config, o *gateway.Options) {
		edit(c, o)
		c.Limits.Connections = 1
	})
	s.member("ann")
	const storm = 50
	for range storm {
		s.refused("member=bob", nil)
	}
	s.refused("", http.Header{"Origin": {"https://evil.example"}})
	line := book.await("connection refused")
	require.Equal(t, "full", line["reason"])
	require.Equal(t, "127.0.0.1", line["address"])
	require.Equal(t, "websocket", line["transport"])
	require.InDelta(t, 503, line["status"], 0)
	leftOut := book.await("more lines like this were left out")
	require.Equal(t, "connection refused", leftOut["like"])
	require.Equal(t, "full", leftOut["reason"])
	require.Less(t, len(book.lines("connection refused")), storm)
	_, metrics := s.get("/metrics")
	require.NotContains(t, metrics, "\nstarling_log_lines_left_out_total 0")
}

// Whatever clients send as their secret stays out of the log, at its most talkative.
func TestSecretsAreNotLogged(t *testing.T) {
	var book logBook
	edit := logged(t, &book, slog.LevelDebug)
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	s := serve(t, func(c *gateway.Config, o *gateway.Options) {
		edit(c, o)
		c.LogLinesPerSecond = 0
		c.Anonymous, c.TokenInQuery = false, true
		c.JWTKeyFiles = []string{write("key", strings.Repeat("k3y", 20))}
		c.APIKeysFiles = []string{write("keys", "backend "+strings.Repeat("4pi", 20)+"\n")}
	})
	const secret = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzM2NyZXQifQ.czNjcmV0LXNpZ25hdHVyZQ"
	s.refused("", bearer(secret))
	s.refused("token="+secret, nil)
	s.refused("", http.Header{"Sec-Websocket-Protocol": {"starling.token." + secret}})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.client.URL+"/v1/channels", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+secret)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Len(t, book.lines("connection refused"), 3)
	require.Len(t, book.lines("api request"), 1)
	for part := range strings.SplitSeq(secret, ".") {
		require.NotContains(t, book.text(), part)
	}
}
