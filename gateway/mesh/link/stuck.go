package link

import (
	"fmt"
	"time"
)

const (
	// mostFailures is how often one frame may come and not be applied. A handler fails for a moment, or always.
	mostFailures = 5
	// stuckPause is the least time between two streams of one boot that are given up: each new one begins with everything that there is.
	stuckPause = 30 * time.Second
)

// notApplied is why the connection breaks whose frame the handler did not take. The frame comes again; one that never can be applied would
// hold up all that follows for ever, so in the end its stream is given up. The sender then begins a new one, in which presence comes
// as it is now, and connections are told by a gap of the publishes that they may have missed.
func (s *session) notApplied(h header, err error) error {
	s.state.failures++
	err = fmt.Errorf("applying frame %d of kind %s: %w", h.seq, h.kind, err)
	if s.state.failures < mostFailures || !s.r.giveUp(s) {
		return &refusal{reason: ReasonHandler, err: err}
	}
	return &refusal{reason: ReasonStuck, err: fmt.Errorf("%w, for the time number %d: the stream must begin anew", err, s.state.failures)}
}

// giveUp ends the stream of a session that has the turn; false: another one of the boot was given up a moment ago.
func (r *Receiver) giveUp(s *session) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); s.sending.gaveUp.IsZero() || now.Sub(s.sending.gaveUp) >= stuckPause {
		s.sending.gaveUp, s.state.stuck = now, true
	}
	return s.state.stuck
}
