package gateway_test

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/auth"
	"github.com/starling-realtime/starling/gateway/protocol"
)

// The sweep ends what is silent; how long that may be is in TestSilenceIsPingedThenEnded. However slow the machine is, so is this: a
// member who was ended before it could join has not joined.
func TestSilentConnectionIsClosed(t *testing.T) {
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) { c.Heartbeat = 200 * time.Millisecond })
	silent := s.member("bob")
	silent.SetPingHandler(func(string) error { return nil }) // the library would answer
	_ = silent.WriteMessage(websocket.TextMessage, []byte(`{"type":"join","payload":{"channel":"r"}}`))
	silent.expectClose(protocol.CloseGoingAway)
	eventually(t, func() bool { return s.Hub().MemberCount("r") == 0 }, "it has left")
	s.metric(`starling_connections_silent_total 1`)
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
