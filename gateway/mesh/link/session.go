package link

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// received is the state of a stream: it outlives connections.
type received struct {
	id uint64
	// applied is the last frame that the handler has applied. Only the session that has the turn changes it.
	applied atomic.Uint64
	// failures is how often the frame after applied could not be applied. Only the session that has the turn changes it.
	failures int
	// stuck says that the stream must not go on. It belongs to the receiver's lock.
	stuck bool
}

// continues says that the sender still has every frame that was not applied, and that what was applied can have been sent.
func (t *received) continues(h *hello) bool {
	applied := t.applied.Load()
	return !t.stuck && applied+1 >= h.first && applied < h.next
}

// A session is one accepted connection.
type session struct {
	r       *Receiver
	raw     net.Conn
	tls     *tls.Conn
	peer    *Peer
	sending *sending
	state   *received
	// resumed says that the state is of an earlier connection; replaces that another stream's state was thrown away.
	resumed, replaces bool

	once  sync.Once
	cause error
	// stopped is closed when no further frame may be applied.
	stopped chan struct{}
	// done is closed when the handler has heard the last of this session.
	done chan struct{}

	ackHead [headerBytes]byte
	// ackNow lets the acknowledger write; acking waits for it.
	ackNow chan struct{}
	acking sync.WaitGroup
	// quitAcks ends the acknowledger.
	quitAcks chan struct{}
}

func newSession(r *Receiver, raw net.Conn, secure *tls.Conn, peer *Peer) *session {
	return &session{
		r: r, raw: raw, tls: secure, peer: peer, stopped: make(chan struct{}), done: make(chan struct{}),
		ackNow: make(chan struct{}, 1), quitAcks: make(chan struct{}),
	}
}

// stop breaks the connection; the first error is the reason. It does not wait.
func (s *session) stop(err error) {
	s.once.Do(func() {
		s.cause = err
		close(s.stopped)
		_ = s.raw.Close()
	})
}

// recheck breaks the connection if the keys that are accepted now would not have made it.
func (s *session) recheck() {
	if err := s.r.cfg.TLS.VerifyConnection(s.tls.ConnectionState()); err != nil {
		s.stop(fmt.Errorf("%w: %w", errKeyDropped, err))
	}
}

func (s *session) isStopped() bool {
	select {
	case <-s.stopped:
		return true
	default:
		return false
	}
}

// begin tells the handler of the stream and the sender where it goes on.
func (s *session) begin(live *liveConn) error {
	applied := s.state.applied.Load()
	s.r.cfg.Handler.OnStream(s.peer, Stream{ID: s.state.id, Fresh: !s.resumed, Replaces: s.replaces, Applied: applied})
	if s.isStopped() {
		return s.cause
	}
	answer := s.r.answer(codeOK, "")
	answer.version, answer.features = s.peer.Version, s.peer.Features
	answer.known, answer.applied = s.resumed, applied
	if _, err := s.tls.Write(answer.encode()); err != nil {
		return fmt.Errorf("answering hello: %w", err)
	}
	live.onRead, live.every = s.active, min(activityInterval, s.r.cfg.Timing.Heartbeat/2)
	if err := live.watch(s.r.cfg.Timing.Silence); err != nil {
		return fmt.Errorf("clearing the handshake's deadline: %w", err)
	}
	return nil
}

// active notes that the peer was heard.
func (s *session) active() {
	s.r.mu.Lock()
	s.sending.lastActivity = time.Now()
	s.r.mu.Unlock()
	s.r.cfg.Handler.OnActivity(s.peer.Boot)
}

// receive applies frames until the connection breaks or is stopped.
func (s *session) receive() {
	s.acking.Go(s.acknowledge)
	err := s.apply()
	broken := (*refusal)(nil)
	if errors.As(err, &broken) && !s.isStopped() {
		s.r.report(broken.reason, s.raw.RemoteAddr(), err)
		s.sayFault(err)
	}
	s.stop(err)
	s.end(s.cause)
}

// end lets the handler hear the last of the session and gives up the turn.
func (s *session) end(err error) {
	s.stop(err)
	s.stopAcks()
	s.acking.Wait()
	s.r.cfg.Handler.OnEOF(s.peer.Boot, s.cause)
	s.r.mu.Lock()
	if s.sending.holder == s {
		s.sending.holder = nil
	}
	s.r.mu.Unlock()
	close(s.done)
	<-s.sending.turn
	s.r.depart(s, s.sending)
}

// apply reads frames and hands them to the handler, and returns why it ended.
func (s *session) apply() error {
	frames := newFrameReader(s.tls, bufferBytes, s.r.cfg.MaxFrame, s.wantAck)
	for {
		h, body, err := frames.next()
		if err != nil {
			return s.readError(err)
		}
		if h.kind.isControl() {
			err = s.control(h)
		} else {
			err = s.frame(h, body)
		}
		if err != nil {
			return err
		}
	}
}

func (s *session) readError(err error) error {
	if bad := (*frameError)(nil); errors.As(err, &bad) {
		return &refusal{reason: ReasonFrame, err: err}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("nothing came from the peer for %s: %w", s.r.cfg.Timing.Silence, err)
	}
	return fmt.Errorf("reading: %w", err)
}

// control takes a frame that is not numbered. Reading it was activity enough.
func (s *session) control(h header) error {
	if h.kind == kindHeartbeat || h.kind.IsOptional() {
		return nil
	}
	return &refusal{reason: ReasonFrame, err: fmt.Errorf("frame of the unknown control kind %s", h.kind)}
}

// frame applies one numbered frame.
func (s *session) frame(h header, body []byte) error {
	if want := s.state.applied.Load() + 1; h.seq != want {
		return &refusal{reason: ReasonFrame, err: fmt.Errorf("frame %d of kind %s came, want frame %d", h.seq, h.kind, want)}
	}
	if s.isStopped() {
		return s.cause
	}
	switch {
	case s.r.cfg.Handler.Knows(h.kind):
		if err := s.r.cfg.Handler.OnFrame(s.peer, Frame{Kind: h.kind, Seq: h.seq, Body: body}); err != nil {
			return s.notApplied(h, err)
		}
	case !h.kind.IsOptional():
		return &refusal{reason: ReasonFrame, err: fmt.Errorf("frame %d is of kind %s, which this release does not know", h.seq, h.kind)}
	}
	s.state.applied.Store(h.seq)
	s.state.failures = 0
	return nil
}
