package fanout

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
)

// session is what a server does with one connection in these tests.
type session struct {
	ws     *websocket.Conn
	socket *Socket
	closed *closings
	ended  chan error // what ended the read loop
}

// serve upgrades one connection through a GuardedConn, over TCP or TLS, and returns both ends.
func serve(t *testing.T, p *Pool, secure bool) (*session, *websocket.Conn) {
	t.Helper()
	sessions := make(chan *session, 1)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		up := websocket.Upgrader{ReadBufferSize: 512, WriteBufferSize: 1024, WriteBufferPool: nil}
		guarded, conn := GuardHijack(w)
		if conn() != nil {
			t.Error("a GuardedConn before Hijack")
		}
		ws, err := up.Upgrade(guarded, r, nil)
		if err != nil {
			t.Errorf("upgrading: %v", err)
			return
		}
		ws.SetReadLimit(1000)
		s := &session{ws: ws, closed: newClosings(), ended: make(chan error, 1)}
		if s.socket, err = p.Attach(conn(), s.closed.options()); err != nil {
			t.Errorf("attaching: %v", err)
			return
		}
		conn().Bind(s.socket)
		sessions <- s
		go func() {
			for {
				if _, _, err := ws.ReadMessage(); err != nil {
					ws.Close()
					s.ended <- err
					return
				}
			}
		}()
	})
	server := httptest.NewUnstartedServer(handler)
	dialer := *websocket.DefaultDialer
	if secure {
		server.StartTLS()
		dialer.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	client, _, err := dialer.Dial("ws"+strings.TrimPrefix(server.URL, "http"), nil)
	require.NoError(t, err)
	t.Cleanup(func() { client.Close() })
	require.NoError(t, client.SetReadDeadline(time.Now().Add(patience)))
	return <-sessions, client
}

func forms(t *testing.T, test func(t *testing.T, secure bool)) {
	t.Run("TCP", func(t *testing.T) { test(t, false) })
	t.Run("TLS", func(t *testing.T) { test(t, true) })
}

// The library's control frames and the pool's messages come whole, each in its order.
func TestGuardedConnKeepsFramesWhole(t *testing.T) {
	forms(t, func(t *testing.T, secure bool) {
		p := newPool(t, Options{MaxQueueBytes: 64 << 20, CloseTimeout: patience})
		s, client := serve(t, p, secure)
		const n = 500
		pings := 0
		client.SetPingHandler(func(data string) error {
			require.Equal(t, strings.Repeat("p", 100), data)
			pings++
			return nil
		})
		go func() {
			for range n {
				if err := s.ws.WriteControl(websocket.PingMessage, bytes.Repeat([]byte("p"), 100), time.Now().Add(patience)); err != nil {
					t.Errorf("ping: %v", err)
					return
				}
			}
		}()
		go func() {
			for range n {
				if err := s.socket.Enqueue(text(strings.Repeat("m", 3000))); err != nil {
					t.Errorf("enqueue: %v", err)
				}
			}
		}()
		for range n {
			_, data, err := client.ReadMessage()
			require.NoError(t, err)
			require.Equal(t, strings.Repeat("m", 3000), string(data))
		}
		require.NoError(t, client.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(patience)))
		_, _, err := client.ReadMessage()
		require.True(t, websocket.IsCloseError(err, 1000), "the library answers a close: %v", err)
		require.Equal(t, n, pings)
		client.Close()
		reason, err := s.closed.wait(t)
		require.Equal(t, ReasonClosed, reason)
		require.NoError(t, err)
	})
}

// What the library says about a bad client reaches it, although the client goes on sending.
func TestGuardedConnClosesOfTheLibrary(t *testing.T) {
	forms(t, func(t *testing.T, secure bool) {
		for _, tt := range []struct {
			name string
			send func(t *testing.T, client *websocket.Conn)
			code int
		}{
			{"message over the limit", func(t *testing.T, client *websocket.Conn) {
				t.Helper()
				for range 20 {
					if client.WriteMessage(websocket.TextMessage, make([]byte, 100_000)) != nil {
						return
					}
				}
			}, websocket.CloseMessageTooBig},
			{"unmasked frame", func(t *testing.T, client *websocket.Conn) {
				t.Helper()
				_, err := client.NetConn().Write(text("hello"))
				require.NoError(t, err)
			}, websocket.CloseProtocolError},
		} {
			t.Run(tt.name, func(t *testing.T) {
				p := newPool(t, Options{CloseTimeout: patience})
				s, client := serve(t, p, secure)
				sent := make(chan struct{})
				go func() {
					defer close(sent)
					tt.send(t, client)
				}()
				_, _, err := client.ReadMessage()
				require.True(t, websocket.IsCloseError(err, tt.code), "%v", err)
				require.Error(t, <-s.ended)
				<-sent
				client.Close()
				reason, err := s.closed.wait(t)
				require.Equal(t, ReasonClosed, reason)
				require.NoError(t, err)
				require.ErrorIs(t, s.socket.Enqueue(text("late")), ErrClosed)
			})
		}
	})
}

func TestCloseWithOverTLS(t *testing.T) {
	p := newPool(t, Options{})
	s, client := serve(t, p, true)
	require.NoError(t, s.socket.Enqueue(text("last")))
	s.socket.CloseWith(goingAway, time.Now().Add(patience))
	_, data, err := client.ReadMessage()
	require.NoError(t, err)
	require.Equal(t, "last", string(data))
	_, _, err = client.ReadMessage()
	require.True(t, websocket.IsCloseError(err, 1001), "%v", err)
	client.Close()
	reason, err := s.closed.wait(t)
	require.Equal(t, ReasonClosed, reason)
	require.NoError(t, err)
}

func TestASlowReaderOverTLSIsClosed(t *testing.T) {
	p := newPool(t, Options{
		MaxQueueBytes: 64 << 20, SendBufferBytes: 16 << 10, SlowTimeout: 100 * time.Millisecond, SlowFrame: tooSlow,
	})
	s, _ := serve(t, p, true)
	for s.socket.QueuedBytes() < 32<<20 {
		if s.socket.Enqueue(text(strings.Repeat("x", 100_000))) != nil {
			break
		}
	}
	reason, err := s.closed.wait(t)
	require.Equal(t, ReasonSlow, reason)
	require.Error(t, err)
	require.Equal(t, []Reason{ReasonSlow}, s.closed.slowReasons())
	require.Error(t, <-s.ended, "the reader ends as well")
}

func TestAbortOverTLSDoesNotWait(t *testing.T) {
	p := newPool(t, Options{})
	s, client := serve(t, p, true)
	s.socket.Abort()
	reason, _ := s.closed.wait(t)
	require.Equal(t, ReasonAborted, reason)
	_, _, err := client.ReadMessage()
	require.Error(t, err)
}

// bound returns a GuardedConn on a socket whose frames the peer reads.
func bound(t *testing.T, p *Pool) (*GuardedConn, *Socket, *net.TCPConn) {
	t.Helper()
	server, client := tcpPair(t)
	g := Guard(server)
	s, err := p.Attach(g, SocketOptions{})
	require.NoError(t, err)
	g.Bind(s)
	return g, s, client
}

func TestGuardedConnQueuesOnlyWholeFrames(t *testing.T) {
	p := newPool(t, Options{CloseTimeout: patience})
	g, s, client := bound(t, p)
	long := text(strings.Repeat("l", 70_000))
	stream := bytes.Join([][]byte{text("a"), text(""), long, text("b"), goingAway, text("never")}, nil)
	var split int
	for rest := stream; len(rest) > 0; split++ {
		n := min(len(rest), []int{1, 2, 5, 30_000}[split%4])
		chunk := bytes.Clone(rest[:n])
		written, err := g.Write(chunk)
		if err != nil {
			require.ErrorIs(t, err, ErrClosed, "only after the close frame")
			break
		}
		require.Equal(t, n, written)
		clear(chunk) // as the library does, which uses its buffer again
		if split == 0 {
			require.NoError(t, s.Enqueue(text("between")))
		}
		rest = rest[n:]
	}
	require.Equal(t, [][]byte{text("between"), text("a"), text(""), long, text("b"), goingAway}, readAll(t, client))
	g.Close()
}

func TestGuardedConnRefusesWhatIsNoFrame(t *testing.T) {
	p := newPool(t, Options{HardQueueBytes: 1 << 20})
	g, _, _ := bound(t, p)
	_, err := g.Write([]byte{0x81, 0x85, 1, 2, 3, 4, 5})
	require.ErrorIs(t, err, errNotAFrame)
	_, err = g.Write([]byte{0x81, 127, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff})
	require.ErrorIs(t, err, ErrQueueFull)
}

func TestGuardedConnBeforeBind(t *testing.T) {
	server, client := tcpPair(t)
	g := Guard(server)
	_, err := g.Write([]byte("HTTP/1.1 101"))
	require.NoError(t, err)
	buf := make([]byte, 12)
	_, err = client.Read(buf)
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 101", string(buf))

	require.NoError(t, g.SetWriteDeadline(time.Now().Add(-time.Second)))
	_, err = g.Write([]byte("x"))
	require.Error(t, err, "its deadlines are the inner connection's")
	require.NoError(t, g.SetDeadline(time.Time{}))
	_, err = g.Write([]byte("x"))
	require.NoError(t, err)
	require.NoError(t, g.Close())
	_, err = server.Write([]byte("x"))
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestGuardedConnDeadlinesAfterBind(t *testing.T) {
	p := newPool(t, Options{})
	g, s, client := bound(t, p)
	require.NoError(t, g.SetWriteDeadline(time.Now().Add(-time.Second)))
	require.NoError(t, g.SetDeadline(time.Now().Add(-time.Second)))
	_, err := g.Read(make([]byte, 1))
	require.ErrorContains(t, err, "timeout", "the read deadline counts")
	require.NoError(t, s.Enqueue(text("still written")))
	require.NoError(t, g.Close())
	require.Equal(t, [][]byte{text("still written")}, readAll(t, client))
	client.Close()
}

func TestUnwrapTCP(t *testing.T) {
	server, _ := tcpPair(t)
	require.Same(t, server, UnwrapTCP(server))
	require.Same(t, server, UnwrapTCP(Guard(server)))
	require.Same(t, server, UnwrapTCP(Guard(Guard(server))))
	pipe, _ := net.Pipe()
	require.Nil(t, UnwrapTCP(pipe))
	require.Nil(t, UnwrapTCP(nil))
	var loop loopConn
	loop.Conn = pipe
	require.Nil(t, UnwrapTCP(&loop))
}

type loopConn struct{ net.Conn }

func (c *loopConn) NetConn() net.Conn { return c }
