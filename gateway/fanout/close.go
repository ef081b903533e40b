package fanout

import (
	"fmt"
	"io"
	"net"
	"time"
)

// An ending is what a socket knows about its close. The socket's lock guards it.
type ending struct {
	reason     Reason
	err        error
	deadline   instant     // of the whole close
	timer      *time.Timer // closes at the deadline
	trimDue    bool        // drop what is queued and put SlowFrame there; only the writing goroutine may
	half       bool        // everything is written; half-closing has begun
	shut       bool        // and is done
	answers    bool        // the peer was told, so it will close too
	readerGone bool        // nobody reads from the connection any more
}

// CloseWith refuses further frames, writes what is queued, then frame (a complete close frame; nil: none), then
// half-closes. The connection is closed when the reader has called [Socket.Close], or at the deadline. Until then
// the reader should go on reading: data that nobody reads makes the kernel reset the connection, by which the peer may
// lose the close frame. A call on a socket that is closed or closing does nothing.
func (s *Socket) CloseWith(frame []byte, deadline time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == open {
		s.closeWith(frame, s.shard.pool.instant(deadline))
	}
}

// Close says that nobody reads from the connection any more, and closes the socket if that has not begun: what is queued
// is written first. The pool then half-closes, discards what the peer still sends until the peer closes too, and
// closes, all within [Options.CloseTimeout] or the deadline of an earlier CloseWith. Every reader should end with it.
func (s *Socket) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == closed || s.readerGone {
		return
	}
	s.readerGone = true
	switch {
	case s.state == open:
		s.closeWith(nil, s.shortly())
	case s.shut:
		s.part()
	}
}

// Abort closes the connection at once and drops what is queued.
func (s *Socket) Abort() { s.abort(ReasonAborted) }

func (s *Socket) abort(r Reason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.close(r, nil)
}

func (s *Socket) shortly() instant {
	return s.shard.pool.now().add(s.shard.pool.opts.CloseTimeout)
}

// The functions below are called with the lock held, if they do not say otherwise.

func (s *Socket) closeWith(frame []byte, deadline instant) {
	s.begin(ReasonClosed, deadline)
	if len(frame) > 0 {
		s.push(frame)
	}
}

// giveUp closes a socket because of what waits for it.
func (s *Socket) giveUp(r Reason) {
	s.trimDue = true
	s.begin(r, s.shortly())
	s.slowDue = true
	s.notify()
	s.shard.pool.metrics.slowClosed(r)
}

// begin moves the socket to closing and sees to it that somebody goes on with that.
func (s *Socket) begin(r Reason, deadline instant) {
	s.state, s.reason, s.deadline = closing, r, deadline
	if s.owned {
		_ = s.conn.SetWriteDeadline(s.shard.pool.time(deadline)) // its writer may be waiting with a later one
	}
	s.markDirty()
}

// finish half-closes once everything is written. It lets go of the lock for a moment.
func (s *Socket) finish() {
	s.half = true
	s.startTimer()
	s.mu.Unlock()
	answers := closeWrite(s.conn)
	s.mu.Lock()
	s.shut, s.answers = true, answers
	if s.readerGone {
		s.part()
	}
}

// part waits for the peer to close too, when it knows that it should, after nobody else reads any more.
func (s *Socket) part() {
	if s.state == closing && s.answers {
		s.shard.pool.wg.Go(s.linger)
		return
	}
	s.close(s.reason, nil)
}

// closeWrite tells the peer that nothing more will come. It returns whether the peer may answer that.
func closeWrite(conn net.Conn) bool {
	half, ok := conn.(interface{ CloseWrite() error })
	return ok && half.CloseWrite() == nil
}

func (s *Socket) startTimer() {
	pool := s.shard.pool
	pool.wg.Add(1)
	s.timer = time.AfterFunc(s.deadline.sub(pool.now()), func() {
		defer pool.wg.Done()
		s.expire()
	})
}

// expire closes at the deadline of a close. It takes the lock.
func (s *Socket) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.close(s.reason, nil)
}

// linger discards what the peer sends until it closes too: closing with data unread would reset the connection, and the
// peer might lose what it has not read yet. The timer bounds it. It takes the lock.
func (s *Socket) linger() {
	_ = s.conn.SetReadDeadline(time.Time{})
	_, _ = io.Copy(io.Discard, s.conn)
	s.expire()
}

// fail closes a socket whose connection broke.
func (s *Socket) fail(err error) {
	s.shard.pool.metrics.writeErrors.Inc()
	reason := ReasonWriteError
	if s.state == closing {
		reason = s.reason
	}
	s.close(reason, fmt.Errorf("writing to a socket: %w", err))
}

// close ends everything; the notifier closes the connection, because that may block.
func (s *Socket) close(r Reason, err error) {
	if s.state == closed {
		return
	}
	s.state, s.reason, s.err = closed, r, err
	if frames := s.queue.len(); frames > 0 {
		s.shard.pool.metrics.drop(r, frames, s.queue.bytes)
	}
	bytes := s.queue.bytes
	s.queue.release()
	s.discount(bytes)
	if s.timer != nil && s.timer.Stop() {
		s.shard.pool.wg.Done()
	}
	s.shard.disown(s)
	s.closedDue = true
	s.notify()
}
