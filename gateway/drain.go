package gateway

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Phases of a drain, in order. PhaseServing is none.
const (
	PhaseServing = "serving"
	// PhaseAnnounced is while load balancers let go: the gateway is not ready, and takes who comes all the same.
	PhaseAnnounced = "announced"
	// PhaseMoving is while clients move, and new ones are refused.
	PhaseMoving = "moving"
	// PhaseClosing is while those are closed that have not moved.
	PhaseClosing = "closing"
	PhaseDrained = "drained"
)

var (
	// ErrDrainTooLate says that a drain cannot be canceled now: its connections are being closed.
	ErrDrainTooLate = errors.New("it is too late to cancel: the drain closes connections already")
	// ErrStopping says that a drain cannot be canceled: the gateway ends after it.
	ErrStopping = errors.New("it is too late to cancel: this gateway stops")
)

// A DrainRequest says how to drain.
type DrainRequest struct {
	// Reason is for people.
	Reason string
	// Window is how long clients have to move; 0: what the config says.
	Window time.Duration
	// Lease cancels the drain after so long, unless it is renewed; 0: the drain stays.
	Lease time.Duration
}

// DrainStatus says how far a drain is.
type DrainStatus struct {
	Phase  string `json:"phase"`
	Reason string `json:"reason,omitempty"`
	// StartedAt is when it began.
	StartedAt *time.Time `json:"startedAt,omitempty"`
	// Connections are still open; AtStart were when it began.
	Connections int `json:"connections"`
	AtStart     int `json:"atStart"`
	// Moved were asked to connect elsewhere, and have ended since.
	Moved int `json:"moved"`
	// Forced had to be closed, because their clients had not moved in time.
	Forced int `json:"forced"`
	// WindowSeconds is how long clients have to move.
	WindowSeconds float64 `json:"windowSeconds,omitempty"`
	// LeaseUntil is when the drain cancels itself unless it is renewed.
	LeaseUntil *time.Time `json:"leaseUntil,omitempty"`
}

// A drain is the state of at most one drain at a time.
type drain struct {
	mu     sync.Mutex
	status DrainStatus
	// stop is nil while there is no drain. done is closed when the drain has nothing left to do.
	stop context.CancelFunc
	done chan struct{}
	// round counts drains, so that one asks each client once.
	round uint32
	// window is how long clients have to move, windowEnds until when once they move.
	window     time.Duration
	windowEnds time.Time
	// stopping says that the gateway ends after this drain.
	stopping bool

	// telling is held while the mesh is told whether this gateway drains.
	telling sync.Mutex
}

// StartDrain begins to move all clients to other gateways and returns at once. It reports whether it began now: while a drain
// goes on, another one only renews its lease, if it has one.
func (g *Gateway) StartDrain(req DrainRequest) bool {
	d := &g.drain
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stop != nil {
		d.renew(req.Lease)
		return false
	}
	// At once, and not when the goroutine gets to it: whoever began the drain sees it in /readyz.
	g.ready.draining.Store(true)
	ctx, stop := context.WithCancel(g.ctx)
	done := make(chan struct{})
	started := g.tasks.start(func() {
		defer close(done)
		g.runDrain(ctx)
	})
	if !started {
		stop()
		return false
	}
	now := time.Now()
	d.stop, d.done = stop, done
	d.round++
	if d.window = req.Window; d.window == 0 {
		d.window = g.cfg.DrainWindow
	}
	d.status = DrainStatus{
		Phase: PhaseAnnounced, Reason: req.Reason, StartedAt: &now, AtStart: g.roster.len(), WindowSeconds: d.window.Seconds(),
	}
	g.metrics.drains.Inc()
	if req.Lease > 0 {
		until := now.Add(req.Lease)
		d.status.LeaseUntil = &until
		g.tasks.start(func() { g.holdLease(ctx, done) })
	}
	return true
}

// CancelDrain takes clients again, and returns when the other gateways are told. It fails with [ErrDrainTooLate] while connections
// are being closed, and with [ErrStopping] in a gateway that ends; without a drain it does nothing.
func (g *Gateway) CancelDrain() error { return g.cancelDrain("request") }

func (g *Gateway) cancelDrain(by string) error {
	canceled, err := g.undoDrain()
	if err != nil || !canceled {
		return err
	}
	g.tellDraining()
	g.metrics.drainsCanceled.WithLabelValues(by).Inc()
	g.logger.Info("drain canceled", "by", by)
	return nil
}

func (g *Gateway) undoDrain() (canceled bool, err error) {
	d := &g.drain
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.stop == nil:
		return false, nil
	case d.stopping:
		return false, ErrStopping
	case d.status.Phase == PhaseClosing:
		return false, ErrDrainTooLate
	}
	d.stop()
	d.stop = nil
	d.status = DrainStatus{}
	g.refusing.Store(false)
	g.ready.draining.Store(false)
	return true, nil
}

// Drain moves all clients away for good, and waits until that is done or ctx has ended. A drain that goes on is gone on with, in no
// more time than one that begins now would take; it cannot be canceled any more.
func (g *Gateway) Drain(ctx context.Context, reason string) error {
	g.StartDrain(DrainRequest{Reason: reason}) //nolint:contextcheck // the drain outlives whoever waits for it
	done := g.drain.finish(g.cfg.DrainWindow)
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

// finish makes the drain the gateway's last, with this much time at most for clients that have not moved yet.
func (d *drain) finish(window time.Duration) (done <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stop == nil {
		return nil
	}
	d.stopping = true
	d.status.LeaseUntil = nil
	if d.window > window {
		d.window = window
		d.status.WindowSeconds = window.Seconds()
	}
	if latest := time.Now().Add(window); d.windowEnds.After(latest) {
		d.windowEnds = latest
	}
	return d.done
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

// tellDraining tells the mesh whether this gateway drains. Calls that overlap end with the last state told.
func (g *Gateway) tellDraining() {
	if g.cluster == nil {
		return
	}
	g.drain.telling.Lock()
	defer g.drain.telling.Unlock()
	g.cluster.Announce(g.ready.draining.Load())
}
