package fanout

import (
	"errors"
	"os"
)

// catchUpBytes bounds one write of a goroutine that catches up.
const catchUpBytes = 16 << 10

// A catcher writes to an owned socket, waiting for the kernel. It holds no buffer while it waits on a TCP connection.
type catcher struct {
	s        *Socket
	progress instant // when the kernel last took a byte
	err      error   // of the last try
}

// catchUp writes until nothing is left or the socket is closed, and hands the socket back.
func (s *Socket) catchUp() {
	c := &catcher{s: s, progress: s.shard.pool.now()}
	write := c.writeBlocking
	if s.raw != nil {
		try := c.try
		write = func() error { return c.writeTCP(try) }
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	for s.state != closed && (s.trimDue || !s.queue.empty()) {
		if err := write(); err != nil && s.state != closed {
			c.failed(err)
		}
	}
	s.handBack()
	if s.state == closing {
		s.finish()
	}
}

// deadline is when this write has to give up.
func (c *catcher) deadline() instant {
	if c.s.state == open {
		return c.progress.add(c.s.shard.pool.opts.SlowTimeout)
	}
	return c.s.deadline
}

// writeTCP waits until the kernel takes at least one byte. The lock is held before and after.
func (c *catcher) writeTCP(try func(uintptr) bool) error {
	s := c.s
	c.err = nil
	_ = s.conn.SetWriteDeadline(s.shard.pool.time(c.deadline())) // under the lock, so that a shorter one is never undone
	s.mu.Unlock()
	err := s.raw.Write(try)
	s.mu.Lock()
	if err == nil {
		err = c.err
	}
	return err
}

// try writes once, and says whether that was all there is to wait for. The runtime calls it again when the kernel is ready.
func (c *catcher) try(fd uintptr) bool {
	s, pool := c.s, c.s.shard.pool
	scratch := pool.buffer()
	defer pool.buffers.Put(scratch)

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == closed {
		return true
	}
	buf := s.peek(*scratch)
	if len(buf) == 0 {
		return true
	}
	s.mu.Unlock()
	n, err := writeOnce(fd, buf)
	s.mu.Lock()
	c.err = err
	c.wrote(n)
	return n > 0 || err != nil
}

// writeBlocking writes at most catchUpBytes to a connection that cannot be tried. The lock is held before and after.
func (c *catcher) writeBlocking() error {
	s, pool := c.s, c.s.shard.pool
	scratch := pool.buffer()
	defer pool.buffers.Put(scratch)

	c.progress = pool.now()
	buf := s.peek(*scratch)
	if len(buf) == 0 {
		return nil
	}
	s.refusedSince = c.progress
	_ = s.conn.SetWriteDeadline(pool.time(c.deadline()))
	s.mu.Unlock()
	n, err := s.conn.Write(buf[:min(len(buf), catchUpBytes)])
	s.mu.Lock()
	s.refusedSince = 0
	c.wrote(n)
	return err
}

func (c *catcher) wrote(n int) {
	if n > 0 && c.s.state != closed {
		c.progress = c.s.shard.pool.now()
		c.s.shard.pool.metrics.wrote(1, c.s.wrote(n), n)
	}
}

// failed ends a socket that took nothing until the deadline, or whose connection broke. The lock is held.
func (c *catcher) failed(err error) {
	s, now := c.s, c.s.shard.pool.now()
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		s.fail(err)
		return
	}
	if now < c.deadline() {
		return // the deadline was moved meanwhile
	}
	if s.state == open {
		s.giveUp(ReasonSlow)
		if s.raw != nil {
			return // the close frame gets its own chance
		}
	}
	s.close(s.reason, err)
}

func (p *Pool) buffer() *[]byte {
	if b, ok := p.buffers.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, 0, catchUpBytes)
	return &b
}
