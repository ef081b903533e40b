package link

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// A senderConn is one connection on which frames flow.
type senderConn struct {
	s       *Sender
	raw     net.Conn
	tls     *tls.Conn
	peer    Peer
	resumed bool
	// release detaches the connection from the attempt's context.
	release func() bool

	once  sync.Once
	cause error
	// quit is closed when the connection has failed.
	quit chan struct{}
}

// fail breaks the connection; the first error is the reason.
func (c *senderConn) fail(err error) {
	c.once.Do(func() {
		c.cause = err
		close(c.quit)
		_ = c.raw.Close()
	})
}

// serve sends frames and reads acknowledgements until the connection breaks. It reports why, and whether the connection was
// good: whether a frame was acknowledged, or it lasted.
func (c *senderConn) serve(ctx context.Context) (progressed bool, err error) {
	began := time.Now()
	applied, fresh := c.s.linked(c)
	// The keys may have changed since the handshake: from here on Recheck finds this connection.
	c.recheck()
	var writing sync.WaitGroup
	writing.Go(c.write)
	c.s.cfg.Logger.Info("link is up", "peer", c.s.cfg.PeerName, "boot", c.s.cfg.Peer, "resumed", c.resumed, "applied", applied)
	c.s.call(func() { c.s.cfg.Events.OnLinked(Linked{Resumed: c.resumed, Acked: applied, Peer: c.peer}) })
	if fresh {
		c.s.call(func() { c.s.cfg.Events.OnAck(applied) })
	}
	acked, err := c.read()
	c.fail(err)
	writing.Wait()
	c.s.unlinked()
	c.release()
	if ctx.Err() != nil {
		c.cause = fmt.Errorf("link was ended: %w", ctx.Err())
	}
	return acked || fresh || time.Since(began) > c.s.cfg.Timing.BackoffMax, c.cause
}

// linked notes the connection, and what the receiver has applied of what an earlier one sent. fresh says that this was not
// known before.
func (s *Sender) linked(c *senderConn) (applied uint64, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return s.stream.taken, false
	}
	s.setState(StateLinked, nil)
	s.status.Peer, s.conn = c.peer, c
	s.stats.Connections++
	applied = s.stream.taken
	return applied, s.acknowledge(applied)
}

func (s *Sender) unlinked() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn = nil
}

// recheck breaks the connection if the keys that are accepted now would not have made it.
func (c *senderConn) recheck() {
	if err := c.s.cfg.TLS().VerifyConnection(c.tls.ConnectionState()); err != nil {
		c.fail(fmt.Errorf("%w: %v", errKeyDropped, err)) //nolint:errorlint // the peer is no stranger
	}
}

// write writes frames, and heartbeats when there are none, until the connection breaks.
func (c *senderConn) write() {
	w := &frameWriter{bw: bufio.NewWriterSize(c.tls, bufferBytes)}
	// Twice as often, so that no pause between two writes exceeds the heartbeat.
	beat := time.NewTicker(c.s.cfg.Timing.Heartbeat/2 + 1)
	defer beat.Stop()
	batch := make([]entry, 0, 256)
	for {
		taken, seq := c.s.take(batch)
		err := w.frames(taken, seq)
		if err == nil && len(taken) == 0 {
			err = c.rest(w, beat.C)
		}
		if err != nil {
			c.fail(fmt.Errorf("writing: %w", err))
			return
		}
		// The bodies must not be kept from the garbage collector while the link is idle.
		clear(taken)
	}
}

// rest writes out what is buffered and waits for frames, or until a heartbeat was due and is written.
func (c *senderConn) rest(w *frameWriter, beat <-chan time.Time) error {
	flushed, err := w.flush()
	if err != nil {
		return err
	}
	w.quiet = w.quiet && !flushed
	select {
	case <-c.s.wake:
	case <-beat:
		if w.quiet {
			return w.heartbeat()
		}
		w.quiet = true
	case <-c.quit:
		return net.ErrClosed
	}
	return nil
}

// take returns frames to write and the number of the first one.
func (s *Sender) take(batch []entry) ([]entry, uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seq := s.stream.taken + 1
	batch = s.stream.take(batch, bufferBytes)
	s.stats.FramesWritten += uint64(len(batch))
	for i := range batch {
		s.stats.BytesWritten += uint64(len(batch[i].body) + headerBytes)
	}
	return batch, seq
}

// read reads acknowledgements until the connection breaks, and returns why.
func (c *senderConn) read() (acked bool, err error) {
	r := newFrameReader(c.tls, 4<<10, DefaultMaxFrame, func() {})
	for {
		h, body, err := r.next()
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				err = fmt.Errorf("nothing came from the peer for %s: %w", c.s.cfg.Timing.Silence, err)
			}
			return acked, fmt.Errorf("reading: %w", err)
		}
		switch {
		case h.kind == kindAck:
			advanced, err := c.s.ack(h.seq)
			if err != nil {
				return acked, err
			}
			if advanced {
				acked = true
				c.s.call(func() { c.s.cfg.Events.OnAck(h.seq) })
			}
		case h.kind == kindFault:
			return acked, fmt.Errorf("peer broke off: %s", clip(string(body), maxRefusal))
		case !h.kind.IsOptional():
			return acked, fmt.Errorf("peer sent a frame of the unknown kind %s", h.kind)
		}
	}
}

// ack notes an acknowledgement.
func (s *Sender) ack(seq uint64) (advanced bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopped:
		return false, ErrClosed
	case seq > s.stream.taken:
		return false, fmt.Errorf("peer acknowledged frame %d, and %d was the last one sent", seq, s.stream.taken)
	}
	return s.acknowledge(seq), nil
}

// acknowledge is called with the lock held.
func (s *Sender) acknowledge(seq uint64) bool {
	before := s.stream.first
	advanced := s.stream.acknowledge(seq)
	s.stats.FramesAcked += s.stream.first - before
	return advanced
}
