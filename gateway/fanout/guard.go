package fanout

import (
	"fmt"
	"net"
	"sync"
	"time"
)

// A GuardedConn is a net.Conn for a WebSocket library, whose own writes then cannot overtake the pool's. Until
// [GuardedConn.Bind] everything goes to the inner connection: the answer to the upgrade. From then on
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

	mu      sync.Mutex
	socket  *Socket
	partial []byte // the beginning of a frame, of which the rest has not been written yet
}

// Guard wraps a connection.
func Guard(conn net.Conn) *GuardedConn { return &GuardedConn{Conn: conn} }

// Bind sends everything written from now on through the socket. Call it once, after the upgrade.
func (c *GuardedConn) Bind(s *Socket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.socket = s
}

// Write writes to the connection before Bind, and after it queues copies of the frames that b completes. The error is
// that of [Socket.Enqueue], or says that b is not a WebSocket frame.
func (c *GuardedConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.socket == nil {
		return c.Conn.Write(b)
	}
	buf := append(c.partial, b...) // always a copy: the library uses b again
	c.partial = nil
	for len(buf) > 0 {
		size, err := frameSize(buf)
		if err != nil {
			return 0, err
		}
		if size == 0 || size > len(buf) {
			if most := c.socket.shard.pool.opts.HardQueueBytes; size > most || len(buf) > most {
				return 0, fmt.Errorf("fanout: a frame of %d bytes, want at most %d: %w", size, most, ErrQueueFull)
			}
			c.partial = buf
			break
		}
		if err := c.forward(buf[:size:size]); err != nil {
			return 0, err
		}
		buf = buf[size:]
	}
	return len(b), nil
}

func (c *GuardedConn) forward(frame []byte) error {
	if isClose(frame) {
		c.socket.CloseWith(frame, time.Now().Add(c.socket.shard.pool.opts.CloseTimeout))
		return nil
	}
	return c.socket.Enqueue(frame)
}

func (c *GuardedConn) bound() *Socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.socket
}

// Close is the inner connection's before Bind, and [Socket.Close] after it.
func (c *GuardedConn) Close() error {
	if s := c.bound(); s != nil {
		s.Close()
		return nil
	}
	return c.Conn.Close()
}

// SetDeadline sets both deadlines before Bind, and only the read deadline after it.
func (c *GuardedConn) SetDeadline(t time.Time) error {
	if c.bound() != nil {
		return c.Conn.SetReadDeadline(t)
	}
	return c.Conn.SetDeadline(t)
}

// SetWriteDeadline does nothing after Bind: the pool has deadlines of its own.
func (c *GuardedConn) SetWriteDeadline(t time.Time) error {
	if c.bound() != nil {
		return nil
	}
	return c.Conn.SetWriteDeadline(t)
}

// NetConn returns the inner connection. Do not write to it.
func (c *GuardedConn) NetConn() net.Conn { return c.Conn }
