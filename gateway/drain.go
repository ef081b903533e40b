package gateway

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Phases of a drain, in order. PhaseServing is none.
const (
	PhaseServing   = "serving"
	PhaseAnnounced = "announced"
	PhaseMoving    = "moving"
	PhaseClosing   = "closing"
	PhaseDrained   = "drained"
)

// ErrDrainTooLate says that a drain cannot be canceled any more: its connections are being closed or are gone.
var ErrDrainTooLate = errors.New("the drain has closed connections already")

// DrainStatus says how far a drain is.
type DrainStatus struct {
	Phase  string `json:"phase"`
	Reason string `json:"reason,omitempty"`
	// StartedAt is when it began.
	StartedAt *time.Time `json:"startedAt,omitempty"`
	// Connections are still open; AtStart were when it began.
	Connections int `json:"connections"`
	AtStart     int `json:"atStart"`
	// Forced had to be closed, because their clients had not moved in time.
	Forced int `json:"forced"`
}

// A drain is the state of at most one drain at a time.
type drain struct {
	mu     sync.Mutex
	status DrainStatus
	stop   context.CancelFunc
	done   chan struct{}
	// round counts drains, so that one asks each client once. window is how long clients have to move.
	round  uint32
	window time.Duration
}

// StartDrain begins to move all clients to other gateways, within the shutdown timeout, and returns at once. It reports
// whether it began now: while a drain goes on, another one changes nothing. reason is for people.
func (g *Gateway) StartDrain(reason string) bool {
	g.drain.mu.Lock()
	defer g.drain.mu.Unlock()
	if g.drain.stop != nil {
		return false
	}
	ctx, stop := context.WithCancel(g.ctx)
	done := make(chan struct{})
	now := time.Now()
	started := g.tasks.start(func() {
		defer close(done)
		defer stop()
		g.runDrain(ctx)
	})
	if !started {
		stop()
		return false
	}
	g.drain.stop, g.drain.done = stop, done
	g.drain.status = DrainStatus{Phase: PhaseAnnounced, Reason: reason, StartedAt: &now, AtStart: g.roster.len()}
	// At once, and not when the goroutine gets to it: whoever began the drain sees it in /readyz.
	g.ready.draining.Store(true)
	if g.cluster != nil {
		g.cluster.Announce(true)
	}
	return true
}

// CancelDrain takes clients again. It fails with [ErrDrainTooLate] once connections are being closed; without a drain it does
// nothing.
func (g *Gateway) CancelDrain() error {
	g.drain.mu.Lock()
	defer g.drain.mu.Unlock()
	switch g.drain.status.Phase {
	case PhaseAnnounced, PhaseMoving:
	case PhaseClosing:
		return ErrDrainTooLate
	case PhaseDrained: // nobody is left, and clients may come again
	default:
		return nil
	}
	g.drain.stop()
	g.drain.stop = nil
	g.drain.status = DrainStatus{}
	g.refusing.Store(false)
	g.ready.draining.Store(false)
	if g.cluster != nil {
		g.cluster.Announce(false)
	}
	g.logger.Info("drain canceled")
	return nil
}

// Drain starts a drain, if none goes on, and waits until it has ended or ctx has.
func (g *Gateway) Drain(ctx context.Context, reason string) error {
	g.StartDrain(reason) //nolint:contextcheck // the drain outlives whoever waits for it
	g.drain.mu.Lock()
	done := g.drain.done
	g.drain.mu.Unlock()
	if done == nil {
		return nil // the gateway is closed
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// DrainStatus says how far the drain is.
func (g *Gateway) DrainStatus() DrainStatus {
	g.drain.mu.Lock()
	defer g.drain.mu.Unlock()
	status := g.drain.status
	if status.Phase == "" {
		status.Phase = PhaseServing
	}
	status.Connections = g.roster.len()
	return status
}
