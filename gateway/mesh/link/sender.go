package link

import (
	"context"
	"sync"
	"time"
)

// A Sender sends one stream to one boot. All methods are safe for concurrent use.
//
// One goroutine dials, shakes hands, reads acknowledgements and calls the callbacks; while a connection is linked a second
// one writes to it. So callbacks are serial, and a stream is only ever reset while no connection reads or writes.
type Sender struct {
	cfg      SenderConfig
	budgets  [numClasses]int
	instance uint64
	// wake lets the writer look for frames.
	wake chan struct{}

	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	started bool
	stopped bool
	stream  stream
	// resetting is from the end of a stream to the return of OnReset.
	resetting bool
	// restart is why the owner wants a new stream; empty when it does not.
	restart string
	// conn is the connection that is linked; nil is none.
	conn *senderConn
	// interrupt ends the present attempt to connect, or the connection.
	interrupt context.CancelFunc
	attempts  uint64
	status    Status
	stats     SenderStats
}

// NewSender returns a sender that queues but does not dial before Start.
func NewSender(cfg SenderConfig) (*Sender, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	wake := make(chan struct{}, 1)
	s := &Sender{
		wake:     wake,
		cfg:      cfg,
		budgets:  [numClasses]int{ClassState: cfg.StateBudget, ClassPublish: cfg.PublishBudget},
		instance: randomID(),
		done:     make(chan struct{}),
		stream:   newStream(wake),
		status:   Status{State: StateConnecting, Since: time.Now()},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// Start begins to dial. Only the first call does anything.
func (s *Sender) Start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started || s.stopped {
		return
	}
	s.started = true
	go func() {
		defer close(s.done)
		s.run()
	}()
}

// Restart throws the stream away and begins a new one, as if the receiver had lost its state. It does not wait: OnReset
// follows.
func (s *Sender) Restart(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if reason == "" {
		reason = "restarted"
	}
	s.restart = reason
	if s.interrupt != nil {
		s.interrupt()
	}
}

// Recheck breaks the connection if the peer's certificate is not acceptable any more, because the key behind it was dropped.
// The stream resumes on another connection, and nothing is lost.
func (s *Sender) Recheck() {
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	if conn != nil {
		conn.recheck()
	}
}

// Stop ends the sender without waiting for it: a callback may still be under way. Unlike Close it may be called by a
// callback.
func (s *Sender) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	s.stopped = true
	s.setState(StateClosed, ErrClosed)
	s.stream.end()
	s.cancel()
}

// Close is Stop, and waits until the last callback has returned and every goroutine has ended.
func (s *Sender) Close() {
	s.Stop()
	s.mu.Lock()
	started := s.started
	s.mu.Unlock()
	if started {
		<-s.done
	}
}

// Status returns the sender's state.
func (s *Sender) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// Stats returns totals, for metrics.
func (s *Sender) Stats() SenderStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// setState is called with the lock held.
func (s *Sender) setState(state State, err error) {
	if (state == StateLinked) != (s.status.State == StateLinked) {
		s.status.Since = time.Now()
	}
	s.status.State, s.status.Err = state, err
}

// call runs a callback unless the sender was stopped. It is only called by the goroutine of run.
func (s *Sender) call(fn func()) {
	s.mu.Lock()
	stopped := s.stopped
	s.mu.Unlock()
	if !stopped {
		fn()
	}
}
