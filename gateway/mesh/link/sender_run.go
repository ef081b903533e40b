package link

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/starling-realtime/starling/gateway/sleep"
)

// run connects again and again until the sender is stopped.
func (s *Sender) run() {
	outage := outage{logged: make(map[State]bool)}
	pause := s.cfg.Timing.BackoffMin
	for s.ctx.Err() == nil {
		ctx, cancel, restart := s.beginAttempt()
		if restart != "" {
			s.reset(restart)
		}
		linked, progressed, err := s.attempt(ctx)
		if linked {
			outage.begin()
		}
		if progressed {
			pause = s.cfg.Timing.BackoffMin
		}
		s.ended(linked, err, &outage)
		if unknown := (*unknownStreamError)(nil); errors.As(err, &unknown) {
			s.reset(unknown.Error())
		}
		sleep.For(ctx, jitter(pause))
		pause = min(2*pause, s.cfg.Timing.BackoffMax)
		cancel()
	}
}

// beginAttempt returns a context that Restart and Stop end, and why a new stream is wanted, if one is.
func (s *Sender) beginAttempt() (ctx context.Context, cancel context.CancelFunc, restart string) {
	ctx, cancel = context.WithCancel(s.ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.interrupt = cancel
	restart, s.restart = s.restart, ""
	return ctx, cancel, restart
}

// attempt makes one connection and serves it until it breaks. progressed says that it was good for something.
func (s *Sender) attempt(ctx context.Context) (linked, progressed bool, err error) {
	conn, err := s.connect(ctx)
	if err != nil {
		return false, false, err
	}
	progressed, err = conn.serve(ctx)
	return true, progressed, err
}

// reset begins a new stream and lets the owner fill it.
func (s *Sender) reset(reason string) {
	s.mu.Lock()
	lost := Reset{Reason: reason, LostState: s.stream.count[ClassState], LostPublish: s.stream.count[ClassPublish]}
	s.stream.end()
	s.stream = newStream(s.wake)
	s.resetting = true
	s.stats.Resets++
	s.mu.Unlock()
	s.call(func() { s.cfg.Events.OnReset(lost) })
	s.mu.Lock()
	s.resetting = false
	s.mu.Unlock()
}

// An outage is what has been said since the last time that the sender was linked.
type outage struct {
	refused bool
	logged  map[State]bool
}

func (o *outage) begin() {
	o.refused = false
	clear(o.logged)
}

// ended notes how an attempt or a connection ended, and tells the owner.
func (s *Sender) ended(linked bool, err error, o *outage) {
	if s.ctx.Err() != nil {
		return
	}
	state := stateOf(err)
	s.mu.Lock()
	if !s.stopped {
		s.setState(state, err)
	}
	s.mu.Unlock()
	if !o.logged[state] {
		o.logged[state] = true
		s.cfg.Logger.Warn("link is down", "peer", s.cfg.PeerName, "boot", s.cfg.Peer, "state", state.String(), "error", err)
	}
	if linked {
		s.call(func() { s.cfg.Events.OnDown(err) })
	}
	if (state == StateRefused || state == StateWrongBoot) && !o.refused {
		o.refused = true
		s.call(func() { s.cfg.Events.OnRefused(err) })
	}
}

// jitter returns between half of d and d, so that peers of a gateway that failed do not come back in step.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

// An unknownStreamError is why the stream cannot go on with this receiver.
type unknownStreamError struct{ reason string }

func (e *unknownStreamError) Error() string { return e.reason }

// A refusedError is the receiver's refusal of a hello.
type refusedError struct {
	code code
	text string
}

func (e *refusedError) Error() string { return fmt.Sprintf("peer refused the link: %s", e.text) }
