package gateway

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/starling-realtime/starling/gateway/protocol"
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
	g.StartDrain(reason)
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

// A drainPlan is the times of a drain.
type drainPlan struct {
	// deregister is how long upgrades are still accepted, so that load balancers have let go before anybody is refused.
	deregister time.Duration
	// window is how long clients have to move.
	window time.Duration
	// closing is how long connections have to take their close frame.
	closing time.Duration
	code    protocol.CloseCode
}

// planDrain divides the shutdown timeout. With nobody to move to, waiting would help nobody.
func (g *Gateway) planDrain() drainPlan {
	total := g.cfg.ShutdownTimeout
	if !g.hasLivePeer() {
		return drainPlan{closing: total, code: protocol.CloseGoingAway}
	}
	window := total * 6 / 10
	return drainPlan{window: window, closing: total - window, code: protocol.CloseRestart}
}

func (g *Gateway) hasLivePeer() bool {
	if g.cluster == nil {
		return false
	}
	for _, p := range g.cluster.Status().Peers {
		if p.live() {
			return true
		}
	}
	return false
}

// runDrain is the order of a drain: announce, deregister, refuse, move, close, flush. Leaving the mesh is [Gateway.Close]'s.
func (g *Gateway) runDrain(ctx context.Context) {
	plan := g.planDrain()
	g.logger.Info("draining", "connections", g.roster.len(), "window", plan.window)
	if !sleep(ctx, plan.deregister) || !g.enterPhase(ctx, PhaseMoving) {
		return
	}
	if plan.window > 0 {
		g.move(ctx, plan.window)
	}
	if !g.awaitEmpty(ctx, plan.window) || !g.enterPhase(ctx, PhaseClosing) {
		return
	}
	forced := g.endAll(plan.code, "draining")
	g.noteForced(forced)
	g.awaitEmpty(ctx, plan.closing)
	if g.cluster != nil {
		flushCtx, cancel := context.WithTimeout(ctx, closeTimeout)
		defer cancel()
		if err := g.cluster.Flush(flushCtx); err != nil {
			g.logger.Warn("peers may not have got everything before this gateway leaves", "error", err)
		}
	}
	g.enterPhase(ctx, PhaseDrained)
	g.logger.Info("drained", "forced", forced)
}

// enterPhase goes on, unless the drain was canceled meanwhile.
func (g *Gateway) enterPhase(ctx context.Context, phase string) bool {
	g.drain.mu.Lock()
	defer g.drain.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	g.drain.status.Phase = phase
	g.refusing.Store(true)
	return true
}

func (g *Gateway) noteForced(n int) {
	g.metrics.forced.Add(float64(n))
	g.drain.mu.Lock()
	defer g.drain.mu.Unlock()
	g.drain.status.Forced = n
}

// mostOverlap is how long a client that moves is asked to read both connections: longer than any wait for a join's reply.
const mostOverlap = 2 * time.Second

// move asks every client to connect again at a random time in the first half of the window, so that they do not come all at once.
func (g *Gateway) move(ctx context.Context, window time.Duration) {
	overlap := min(window/3, mostOverlap)
	for _, s := range g.roster.all() {
		if ctx.Err() != nil {
			return
		}
		after := time.Duration(rand.Int64N(int64(window/2) + 1))
		s.send(protocol.Reconnect{Reason: "drain", AfterMs: after.Milliseconds(), OverlapMs: overlap.Milliseconds()}.Frame(nowMs()))
	}
}

// endAll closes all sessions and returns how many there were.
func (g *Gateway) endAll(code protocol.CloseCode, reason string) int {
	all := g.roster.all()
	for _, s := range all {
		s.end(code, reason)
	}
	return len(all)
}

// awaitEmpty waits until the last connection has ended, for most so long; it reports whether ctx still stands.
func (g *Gateway) awaitEmpty(ctx context.Context, most time.Duration) bool {
	const step = 10 * time.Millisecond
	for deadline := time.Now().Add(most); g.admission.count.Load() > 0 && time.Now().Before(deadline); {
		if !sleep(ctx, step) {
			return false
		}
	}
	return ctx.Err() == nil
}

// sleep waits for d; it reports whether ctx still stands.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
