package fanout

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A Pool owns the writer goroutines and the sockets attached to it. Its methods are safe for concurrent use.
type Pool struct{}

// NewPool starts a pool. The error names the option that is impossible. Call Close when it is no longer needed.
func NewPool(opts Options) (*Pool, error) { panic("todo") }

// Attach gives the write side of conn to the pool: from now on nobody else may write to it or set its write deadline.
// conn is a *net.TCPConn, a *[GuardedConn] around one, or anything else, which then gets a blocking writer. The
// error is [ErrClosed], or says which socket option the system refused; conn is still the caller's then.
func (p *Pool) Attach(conn net.Conn, opts SocketOptions) (*Socket, error) { panic("todo") }

// Lagging reports that the server is behind: see [Options.LagBytes]. It costs one atomic load.
func (p *Pool) Lagging() bool { panic("todo") }

// AwaitRoom returns nil at once while the pool is not lagging, and otherwise when it no longer is. It returns the
// context's cause when ctx ends first, and [ErrClosed] when the pool is closed. Never call it with a lock held.
func (p *Pool) AwaitRoom(ctx context.Context) error { panic("todo") }

// Collector returns the pool's metrics, starling_fanout_*, for the caller to register.
func (p *Pool) Collector() prometheus.Collector { panic("todo") }

// Close aborts every socket with [ReasonPoolClosed] and returns when the last goroutine and callback has ended. To
// close gracefully, call [Socket.CloseWith] on each socket and wait for their OnClosed first.
func (p *Pool) Close() { panic("todo") }

// A Socket is the write side of one connection. Its methods are safe for concurrent use and never block.
type Socket struct{}

// Enqueue queues one complete frame, header and payload. The frame is shared, not copied: it must never be modified
// afterwards. Frames are written in the order of the calls. The error is [ErrClosed] or [ErrQueueFull]; the frame
// was not taken then. An empty frame is ignored.
func (s *Socket) Enqueue(frame []byte) error { panic("todo") }

// CloseWith refuses further frames, writes what is queued, then frame (a complete close frame; nil: none), then
// half-closes. The connection is closed when the reader has called [Socket.Close], or at the deadline. Until then
// the reader should go on reading: data that nobody reads makes the kernel reset the connection, by which the peer may
// lose the close frame. A call on a socket that is closed or closing does nothing.
func (s *Socket) CloseWith(frame []byte, deadline time.Time) { panic("todo") }

// Close says that nobody reads from the connection any more, and closes the socket if that has not begun: what is queued
// is written first. The pool then half-closes, discards what the peer still sends until the peer closes too, and
// closes, all within [Options.CloseTimeout] or the deadline of an earlier CloseWith. Every reader should end with it.
func (s *Socket) Close() { panic("todo") }

// Abort closes the connection at once and drops what is queued.
func (s *Socket) Abort() { panic("todo") }

// QueuedBytes returns how much waits to be handed to the kernel.
func (s *Socket) QueuedBytes() int { panic("todo") }

// A GuardedConn is a net.Conn for a WebSocket library, whose own writes then cannot overtake the pool's. Until [GuardedConn.Bind]
// everything goes to the inner connection: the answer to the upgrade. From then on
//
//   - Write copies whole frames and queues them on the socket. A frame may come in several writes; it is queued when it is
//     complete. A close frame closes the socket as [Socket.CloseWith] does, with [Options.CloseTimeout].
//   - SetWriteDeadline does nothing, and SetDeadline sets the read deadline only.
//   - Close is [Socket.Close].
//
// Write messages with [Socket.Enqueue] and only control frames through the library: it may split messages into fragments,
// between which other messages must not appear.
type GuardedConn struct {
	net.Conn
}

// Guard wraps a connection.
func Guard(conn net.Conn) *GuardedConn { panic("todo") }

// Bind sends everything written from now on through the socket. Call it once, after the upgrade.
func (c *GuardedConn) Bind(s *Socket) { panic("todo") }

// NetConn returns the inner connection. Do not write to it.
func (c *GuardedConn) NetConn() net.Conn { panic("todo") }

// UnwrapTCP returns the TCP connection below conn, through a [GuardedConn], TLS, or any wrapper with a method
// NetConn() net.Conn; nil when there is none.
func UnwrapTCP(conn net.Conn) *net.TCPConn { panic("todo") }

// GuardHijack returns a ResponseWriter whose Hijack wraps the connection in a [GuardedConn], for a library that hijacks
// by itself. The function returns the GuardedConn, or nil before Hijack has succeeded.
func GuardHijack(w http.ResponseWriter) (http.ResponseWriter, func() *GuardedConn) { panic("todo") }
