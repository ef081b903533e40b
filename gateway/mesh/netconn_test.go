package mesh

import (
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A netConn is a link's connection, as its dialer has it, through a network that can be cut.
type netConn struct {
	net.Conn
	net  *network
	pair pair
	// tear breaks the connection in the middle of the next write.
	tear atomic.Bool

	read, write atomic.Int64
	once        sync.Once
	closed      chan struct{}
}

// pass waits while nothing gets through, until the connection is closed or a deadline in nanoseconds since 1970 has passed.
func (c *netConn) pass(deadline *atomic.Int64) error {
	for {
		state, changed := c.net.state(c.pair)
		if !state.silent {
			return nil
		}
		var expired <-chan time.Time
		if at := deadline.Load(); at > 0 {
			expired = time.After(time.Until(time.Unix(0, at)))
		}
		select {
		case <-changed:
		case <-c.closed:
			return net.ErrClosed
		case <-expired:
			return os.ErrDeadlineExceeded
		}
	}
}

// Read implements [net.Conn].
func (c *netConn) Read(b []byte) (int, error) {
	if err := c.pass(&c.read); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	// What comes while the network is cut has not come yet.
	if passErr := c.pass(&c.read); passErr != nil {
		return 0, passErr
	}
	return n, err
}

// Write implements [net.Conn].
func (c *netConn) Write(b []byte) (int, error) {
	if err := c.pass(&c.write); err != nil {
		return 0, err
	}
	if c.tear.Load() {
		n, _ := c.Conn.Write(b[:rand.IntN(len(b)+1)])
		c.reset()
		return n, net.ErrClosed
	}
	return c.Conn.Write(b)
}

// reset breaks the connection for both ends.
func (c *netConn) reset() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Conn.Close()
}

// Close implements [net.Conn]. While the network swallows everything the other end does not notice.
func (c *netConn) Close() error {
	err := net.ErrClosed
	c.once.Do(func() {
		close(c.closed)
		c.net.mu.Lock()
		defer c.net.mu.Unlock()
		delete(c.net.conns, c)
		if c.net.cuts[c.pair].silent {
			c.net.undead[c] = struct{}{}
			err = c.Conn.SetDeadline(time.Unix(1, 0))
			return
		}
		err = c.Conn.Close()
	})
	return err
}

func unixNano(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// SetDeadline implements [net.Conn].
func (c *netConn) SetDeadline(t time.Time) error {
	c.read.Store(unixNano(t))
	c.write.Store(unixNano(t))
	return c.Conn.SetDeadline(t)
}

// SetReadDeadline implements [net.Conn].
func (c *netConn) SetReadDeadline(t time.Time) error {
	c.read.Store(unixNano(t))
	return c.Conn.SetReadDeadline(t)
}

// SetWriteDeadline implements [net.Conn].
func (c *netConn) SetWriteDeadline(t time.Time) error {
	c.write.Store(unixNano(t))
	return c.Conn.SetWriteDeadline(t)
}
