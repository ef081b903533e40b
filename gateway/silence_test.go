package gateway

import (
	"context"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
)

// internalPatience bounds every wait of these tests. Nothing waits that long unless it fails.
const internalPatience = 20 * time.Second

// unswept is a gateway whose sweep does not run: the test looks at the sessions itself, at times of its own choice.
func unswept(t *testing.T) (g *Gateway, url string) {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Anonymous, cfg.DisconnectGrace = true, 0
	g, err := assemble(cfg, Options{})
	require.NoError(t, err)
	require.NoError(t, g.connect(Options{}))
	server := httptest.NewServer(g.Handler())
	t.Cleanup(func() {
		require.NoError(t, g.Close(context.WithoutCancel(t.Context())))
		server.Close()
	})
	return g, "ws" + strings.TrimPrefix(server.URL, "http") + "/ws?member="
}

// connected connects a member, reads its welcome, and returns both ends.
func connected(t *testing.T, g *Gateway, url, member string) (*websocket.Conn, *session) {
	t.Helper()
	conn, response, err := websocket.DefaultDialer.Dial(url+member, nil)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(internalPatience)))
	_, welcome, err := conn.ReadMessage()
	require.NoError(t, err)
	require.Contains(t, string(welcome), `"welcome"`)
	var s *session
	require.Eventually(t, func() bool {
		sessions := g.directory.of(member)
		if len(sessions) == 1 {
			s = sessions[0]
		}
		return s != nil
	}, internalPatience, time.Millisecond)
	return conn, s
}

func TestSilenceIsPingedThenEnded(t *testing.T) {
	g, url := unswept(t)
	conn, s := connected(t, g, url, "bob")
	pings := 0
	conn.SetPingHandler(func(string) error { pings++; return nil }) // the library would answer
	heartbeat, heard := g.cfg.Heartbeat.Milliseconds(), s.heard.Load()
	s.pinged = heard
	s.check(heard+heartbeat-1, 0)
	s.check(heard+heartbeat, 0)
	s.check(heard+2*heartbeat-1, 0)
	s.check(heard+2*heartbeat, 0)
	require.False(t, s.isClosing(), "two heartbeats are not over")
	s.check(heard+2*heartbeat+1, 0)
	_, _, err := conn.ReadMessage()
	require.True(t, websocket.IsCloseError(err, websocket.CloseGoingAway), "%v", err)
	require.Equal(t, 2, pings)
}

// Whatever comes is a sign of life: an answer to a ping, a frame, and a piece of a message that is not complete.
func TestWhateverComesEndsTheSilence(t *testing.T) {
	message := []byte(`{"type":"ping","payload":"hello"}`)
	whole := append([]byte{0x81, 0x80 | byte(len(message)), 0, 0, 0, 0}, message...) // masked with zeros
	for name, sent := range map[string][]byte{
		"a message":            whole,
		"a piece of a message": whole[:20],
		"a ping frame":         {0x89, 0x80, 0, 0, 0, 0},
		"a pong frame":         {0x8a, 0x80, 0, 0, 0, 0},
		"an empty fragment":    {0x01, 0x80, 0, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g, url := unswept(t)
			conn, s := connected(t, g, url, "bob")
			long := -10 * g.cfg.Heartbeat.Milliseconds()
			s.heard.Store(long)
			_, err := conn.NetConn().Write(slices.Clone(sent))
			require.NoError(t, err)
			require.Eventually(t, func() bool { return s.heard.Load() != long }, internalPatience, time.Millisecond)
			s.check(g.clock(), 0)
			require.False(t, s.isClosing())
		})
	}
}

// What has not come whole is bounded for all connections together, and in time. A message that is complete gives back its room.
func TestUnfinishedMessagesAreBounded(t *testing.T) {
	g, url := unswept(t)
	g.cfg.Limits.UnfinishedBytes = 80 << 10
	// The first frame of a message of 60 KiB, which is not the last one.
	part := func(n int) []byte {
		return append([]byte{0x01, 0x80 | 126, byte(n >> 8), byte(n), 0, 0, 0, 0}, make([]byte, n)...)
	}
	send := func(conn *websocket.Conn, frame []byte) {
		t.Helper()
		_, err := conn.NetConn().Write(frame)
		require.NoError(t, err)
	}
	holds := func(n int64) {
		t.Helper()
		require.Eventually(t, func() bool { return g.unfinished.Load() == n }, internalPatience, time.Millisecond, "%d", n)
	}
	slow, slowSession := connected(t, g, url, "ann")
	send(slow, part(60<<10))
	holds(56 << 10)
	small, _ := connected(t, g, url, "bob")
	send(small, part(4<<10))
	send(small, []byte{0x80, 0x81, 0, 0, 0, 0, ' '}) // the end of the message, which is no request
	_, text, err := small.ReadMessage()
	require.NoError(t, err)
	require.Contains(t, string(text), "bad_request", "a small one always has room")

	large, _ := connected(t, g, url, "cid")
	send(large, part(60<<10))
	_, text, err = large.ReadMessage()
	require.NoError(t, err)
	require.Contains(t, string(text), "--max-unfinished-bytes")
	require.Contains(t, string(text), "retryAfterMs")
	_, _, err = large.ReadMessage()
	require.True(t, websocket.IsCloseError(err, websocket.CloseTryAgainLater), "%v", err)
	holds(56 << 10)

	heartbeat, begun := g.cfg.Heartbeat.Milliseconds(), slowSession.begun.Load()
	slowSession.heard.Store(begun + 4*heartbeat)
	slowSession.check(begun+4*heartbeat, 0)
	require.False(t, slowSession.isClosing())
	slowSession.check(begun+4*heartbeat+1, 0)
	_, _, err = slow.ReadMessage()
	require.True(t, websocket.IsCloseError(err, websocket.ClosePolicyViolation), "%v", err)
	require.NoError(t, slow.Close())
	holds(0)
}
