package link

import (
	"net"
	"time"
)

// liveConn is a raw connection under TLS whose reads fail when nothing came for a while. The deadline is set before each
// read, not after the last one: time that the reader spends elsewhere is not the peer's silence.
type liveConn struct {
	net.Conn
	// silence is how long a read may take; 0, during the handshake, leaves deadlines to the caller.
	silence time.Duration
	// onRead is called after a read that brought something, at most once in every.
	onRead func()
	every  time.Duration
	told   time.Time
}

// activityInterval is how often a handler hears of activity at most, unless heartbeats come more often.
const activityInterval = 100 * time.Millisecond

// Read implements [net.Conn]. It is only called by one goroutine.
func (c *liveConn) Read(b []byte) (int, error) {
	if c.silence <= 0 {
		return c.Conn.Read(b)
	}
	now := time.Now()
	if err := c.SetReadDeadline(now.Add(c.silence)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	if n > 0 && c.onRead != nil {
		if now = time.Now(); now.Sub(c.told) >= c.every {
			c.told = now
			c.onRead()
		}
	}
	return n, err
}

// watch ends the handshake's deadlines and begins to watch for silence.
func (c *liveConn) watch(silence time.Duration) error {
	c.silence = silence
	return c.SetDeadline(time.Time{})
}
