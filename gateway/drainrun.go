package gateway

import (
	"context"
	"time"

	"github.com/starling-realtime/starling/gateway/protocol"
)

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
	g.drain.mu.Lock()
	g.drain.round++
	g.drain.window = plan.window
	g.drain.mu.Unlock()
	g.logger.Info("draining", "connections", g.roster.len(), "window", plan.window)
	if !sleep(ctx, plan.deregister) || !g.enterPhase(ctx, PhaseMoving) {
		return
	}
	if plan.window > 0 {
		g.move(ctx)
	}
	if !g.awaitMoved(ctx, plan.window) || !g.enterPhase(ctx, PhaseClosing) {
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

// endAll closes all sessions and returns how many there were.
func (g *Gateway) endAll(code protocol.CloseCode, reason string) int {
	all := g.roster.all()
	for _, s := range all {
		s.end(code, reason)
	}
	return len(all)
}

// aloneAfter is how long no peer must have been live before a drain gives up to move anybody: links may break for a moment.
const aloneAfter = time.Second

// awaitMoved waits until all clients have moved, at most for the window, and no longer than there is a gateway to move to: when a
// whole cluster stops, each gateway sees the others go.
func (g *Gateway) awaitMoved(ctx context.Context, window time.Duration) bool {
	const step = 50 * time.Millisecond
	seen := time.Now()
	for deadline := seen.Add(window); g.admission.count.Load() > 0 && time.Now().Before(deadline); {
		if g.hasLivePeer() {
			seen = time.Now()
		}
		if time.Since(seen) > aloneAfter {
			g.logger.Info("no gateway is left to move clients to")
			break
		}
		if !sleep(ctx, step) {
			return false
		}
	}
	return ctx.Err() == nil
}

// awaitEmpty waits until the last connection has ended, for most so long, or until ctx ends.
func (g *Gateway) awaitEmpty(ctx context.Context, most time.Duration) {
	const step = 10 * time.Millisecond
	for deadline := time.Now().Add(most); g.admission.count.Load() > 0 && time.Now().Before(deadline); {
		if !sleep(ctx, step) {
			return
		}
	}
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
