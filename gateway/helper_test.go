package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/protocol"
)

// patience bounds every wait of a test. Nothing waits that long unless it fails.
const patience = 20 * time.Second

// TestMain fails when a test left one of the gateway's goroutines behind.
func TestMain(m *testing.M) {
	code := m.Run()
	if left := leftOver(); code == 0 && left != "" {
		fmt.Fprintln(os.Stderr, "goroutines left behind:\n"+left)
		code = 1
	}
	os.Exit(code)
}

func leftOver() string {
	var left []string
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		buf := make([]byte, 4<<20)
		left = left[:0]
		for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if strings.Contains(stack, "/starling/") && !strings.Contains(stack, "TestMain") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return strings.Join(left, "\n\n")
		}
	}
}

// A server is a gateway with listeners of its own.
type server struct {
	*gateway.Gateway
	t      *testing.T
	client *httptest.Server
	admin  *httptest.Server
}

// serve starts an anonymous gateway that ends with the test. Settings are changed by edit.
func serve(t *testing.T, edit func(*gateway.Config, *gateway.Options)) *server {
	t.Helper()
	cfg := gateway.DefaultConfig()
	cfg.Anonymous = true
	cfg.NodeName = "gw-0"
	cfg.DisconnectGrace = 0
	opts := gateway.Options{Logger: slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if edit != nil {
		edit(&cfg, &opts)
	}
	g, err := gateway.New(cfg, opts)
	require.NoError(t, err)
	s := &server{Gateway: g, t: t, client: httptest.NewServer(g.Handler()), admin: httptest.NewServer(g.AdminHandler())}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, g.Close(ctx))
		s.client.Close()
		s.admin.Close()
	})
	return s
}

// testWriter sends the log to the test's.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

func (s *server) url(query string) string {
	return "ws" + strings.TrimPrefix(s.client.URL, "http") + "/ws?" + query
}

// A peer is a client of a test.
type peer struct {
	*websocket.Conn
	t       *testing.T
	welcome frame
}

// A frame is one that the server sent.
type frame struct {
	Type    string          `json:"type"`
	ID      json.RawMessage `json:"id"`
	Channel string          `json:"channel"`
	From    string          `json:"from"`
	MID     string          `json:"mid"`
	Payload json.RawMessage `json:"payload"`
	TS      int64           `json:"ts"`
}

// get returns a field of the payload.
func (f frame) get(t *testing.T, name string) any {
	t.Helper()
	var fields map[string]any
	require.NoError(t, json.Unmarshal(f.Payload, &fields), "%s", f.Payload)
	return fields[name]
}

// dial connects and reads the welcome.
func (s *server) dial(query string) *peer {
	s.t.Helper()
	p := s.dialRaw(query, nil)
	p.welcome = p.expect("welcome")
	return p
}

// member connects an anonymous member.
func (s *server) member(name string) *peer {
	s.t.Helper()
	return s.dial("member=" + url.QueryEscape(name))
}

func (s *server) dialRaw(query string, header http.Header) *peer {
	s.t.Helper()
	dialer := websocket.Dialer{HandshakeTimeout: patience}
	conn, response, err := dialer.Dial(s.url(query), header)
	require.NoError(s.t, err, "%v", response)
	s.t.Cleanup(func() { _ = conn.Close() })
	return &peer{Conn: conn, t: s.t}
}

// refused connects, which must fail, and returns the answer.
func (s *server) refused(query string, header http.Header) *http.Response {
	s.t.Helper()
	dialer := websocket.Dialer{HandshakeTimeout: patience}
	_, response, err := dialer.Dial(s.url(query), header)
	require.ErrorIs(s.t, err, websocket.ErrBadHandshake)
	return response
}

// say sends a text frame.
func (p *peer) say(format string, args ...any) {
	p.t.Helper()
	require.NoError(p.t, p.WriteMessage(websocket.TextMessage, []byte(fmt.Sprintf(format, args...))))
}

// next reads the next frame.
func (p *peer) next() frame {
	p.t.Helper()
	require.NoError(p.t, p.SetReadDeadline(time.Now().Add(patience)))
	_, data, err := p.ReadMessage()
	require.NoError(p.t, err)
	var f frame
	require.NoError(p.t, json.Unmarshal(data, &f), "%s", data)
	return f
}

// expect reads the next frame, which must be of a type.
func (p *peer) expect(typ string) frame {
	p.t.Helper()
	f := p.next()
	require.Equal(p.t, typ, f.Type, "%s", f.Payload)
	return f
}

// expectError reads the next frame, which must be an error with this code, and returns its message.
func (p *peer) expectError(code protocol.ErrorCode) string {
	p.t.Helper()
	f := p.expect("error")
	require.Equal(p.t, string(code), f.get(p.t, "code"), "%s", f.Payload)
	return f.get(p.t, "message").(string)
}

// expectClose reads until the connection ends, which must be with this code, and returns the reason.
func (p *peer) expectClose(code protocol.CloseCode) string {
	p.t.Helper()
	require.NoError(p.t, p.SetReadDeadline(time.Now().Add(patience)))
	for {
		_, _, err := p.ReadMessage()
		if err == nil {
			continue
		}
		var closed *websocket.CloseError
		require.ErrorAs(p.t, err, &closed)
		require.Equal(p.t, int(code), closed.Code, closed.Text)
		return closed.Text
	}
}

// join joins and reads the snapshot and the reply.
func (p *peer) join(channel string) frame {
	p.t.Helper()
	p.say(`{"type":"join","id":"j","payload":{"channel":%q}}`, channel)
	p.expect("presence:snapshot")
	return p.expect("reply")
}

// settle waits until the server has handled what was sent and shows that nothing but what was read came.
func (p *peer) settle() {
	p.t.Helper()
	p.say(`{"type":"ping","payload":"settle"}`)
	require.Equal(p.t, `"settle"`, string(p.expect("pong").Payload))
}

func eventually(t *testing.T, condition func() bool, message string) {
	t.Helper()
	require.Eventually(t, condition, patience, 5*time.Millisecond, message)
}
