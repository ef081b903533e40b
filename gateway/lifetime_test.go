package gateway_test

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/auth"
	"github.com/starling-realtime/starling/gateway/protocol"
)

func TestSilentConnectionIsClosed(t *testing.T) {
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) { c.Heartbeat = 200 * time.Millisecond })
	watcher, silent := s.member("ann"), s.member("bob")
	watcher.join("r")
	silent.join("r")
	watcher.expect("presence:join")
	pings := 0
	silent.SetPingHandler(func(string) error { pings++; return nil }) // the library would answer
	go func() {
		silent.expectClose(protocol.CloseGoingAway)
		_ = silent.Close()
	}()
	watcher.expect("presence:leave") // the watcher's library answers the pings, so it is still there
	s.metric(`starling_connections_silent_total 1`)
	require.Positive(t, pings)
	watcher.settle()
}

func TestAnyFrameKeepsAConnection(t *testing.T) {
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) { c.Heartbeat = 300 * time.Millisecond })
	p := s.member("ann")
	p.SetPingHandler(func(string) error { return nil })
	for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		p.settle()
	}
}

func TestLargeMessageOverASlowLineIsNoSilence(t *testing.T) {
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) { c.Heartbeat = time.Second })
	p := s.member("ann")
	message := []byte(`{"type":"ping","payload":"` + strings.Repeat("x", 60) + `"}`)
	frame := append([]byte{0x81, 0x80 | byte(len(message)), 0, 0, 0, 0}, message...)
	for piece := range slices.Chunk(frame, 5) { // for longer than silence may last
		_, err := p.NetConn().Write(piece)
		require.NoError(t, err)
		time.Sleep(200 * time.Millisecond)
	}
	p.expect("pong")
}

func TestClientsPingFrameIsAnswered(t *testing.T) {
	s := serve(t, nil)
	p := s.member("ann")
	pong := make(chan string, 1)
	p.SetPongHandler(func(data string) error { pong <- data; return nil })
	require.NoError(t, p.WriteControl(websocket.PingMessage, []byte("hello"), time.Now().Add(patience)))
	p.settle()
	require.Equal(t, "hello", <-pong)
}

// expiring lets members in whose credentials end soon.
type expiring struct{ auth.Anonymous }

func (e expiring) Authenticate(r *http.Request) (auth.Identity, error) {
	identity, err := e.Anonymous.Authenticate(r)
	identity.Expires = time.Now().Add(300 * time.Millisecond)
	return identity, err
}

func TestExpiredCredentialsEndTheConnection(t *testing.T) {
	s := serve(t, func(_ *gateway.Config, o *gateway.Options) { o.Authenticator = expiring{} })
	s.member("ann").expectClose(protocol.CloseExpired)
	s.metric(`starling_connections_expired_total 1`)
	s.metric(`starling_closed_total{code="4001"} 1`)
}

func TestSlowConsumerIsClosedAndHoldsUpNobody(t *testing.T) {
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) { c.Limits.SendQueueBytes = 64 << 10 })
	dialer := websocket.Dialer{NetDial: func(network, address string) (net.Conn, error) {
		conn, err := net.Dial(network, address)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
		}
		return conn, err
	}}
	conn, _, err := dialer.Dial(s.url("member=slow"), nil)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	join := `{"type":"join","id":1,"payload":{"channel":"r","presence":"none"}}`
	require.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte(join)))

	publisher, reader := s.member("ann"), s.member("bob")
	for _, p := range []*peer{publisher, reader} {
		p.say("%s", join)
		p.expect("reply")
	}
	eventually(t, func() bool { return s.Hub().ConnectionCount("r") == 3 }, "all have joined")
	payload := strings.Repeat("x", 32<<10)
	closed := func() bool {
		_, text := s.get("/metrics")
		return strings.Contains(text, "\n"+`starling_closed_total{code="4008"} 1`+"\n")
	}
	for deadline := time.Now().Add(patience); !closed(); {
		require.True(t, time.Now().Before(deadline), "the slow connection is still there")
		for range 20 {
			publisher.say(`{"type":"publish","id":1,"payload":{"channel":"r","type":"m","payload":%q}}`, payload)
			publisher.expect("reply")
			reader.expect("m")
		}
	}
	eventually(t, func() bool { return s.Hub().ConnectionCount("r") == 2 }, "it has left")
	publisher.settle()
	reader.settle()
}

// A connection in an idle gateway that has joined and published, to see that it ends with everything it had.
func TestNothingOfAConnectionStays(t *testing.T) {
	s := serve(t, nil)
	p := s.member("ann")
	p.join("r")
	require.NoError(t, p.Close())
	eventually(t, func() bool { return s.Status().Connections == 0 && s.Status().Channels == 0 }, "it is gone")
}
