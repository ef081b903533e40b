package gateway

import (
	"context"
	"time"

	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/gateway/sleep"
)

// runDrain is the order of a drain: announce, deregister, refuse, move, close, flush. Leaving the mesh is [Gateway.Close]'s.
func (g *Gateway) runDrain(ctx context.Context) {
	g.tellDraining()
	g.logger.Info("draining", "connections", g.roster.len(), "reason", g.DrainStatus().Reason)
	code, spread := protocol.CloseRestart, g.cfg.DrainClose
	if !g.moveAway(ctx) {
		g.logger.Info("there is no gateway to move clients to")
		code, spread = protocol.CloseGoingAway, 0
	}
	ends := time.Now().Add(g.cfg.DrainClose)
	if !g.enterPhase(ctx, PhaseClosing) {
		return
	}
	g.closeRest(ctx, code, spread)
	g.awaitEmpty(ctx, time.Until(ends))
	if g.cluster != nil {
		flushCtx, cancel := context.WithTimeout(ctx, closeTimeout)
		defer cancel()
		if err := g.cluster.Flush(flushCtx); err != nil {
			g.logger.Warn("peers may not have got everything before this gateway leaves", "error", err)
		}
	}
	g.enterPhase(ctx, PhaseDrained)
	status := g.DrainStatus()
	g.logger.Info("drained", "moved", status.Moved, "forced", status.Forced)
}

// moveAway goes through the phases in which clients are taken and moved. It returns when all have moved, the window is over or ctx
// has ended; false: as soon as there is no gateway to move to.
func (g *Gateway) moveAway(ctx context.Context) bool {
	w := g.newWatch()
	if w.alone(time.Now()) {
		return false
	}
	for ends := time.Now().Add(g.cfg.Deregister); time.Now().Before(ends); {
		if w.alone(time.Now()) {
			return false
		}
		if !sleep.For(ctx, min(drainStep, time.Until(ends))) {
			return true
		}
	}
	if !g.enterPhase(ctx, PhaseMoving) {
		return true
	}
	return g.move(ctx, w)
}

// enterPhase goes on, unless the drain was canceled meanwhile.
func (g *Gateway) enterPhase(ctx context.Context, phase string) bool {
	d := &g.drain
	d.mu.Lock()
	defer d.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	d.status.Phase = phase
	if phase == PhaseMoving {
		d.windowEnds = time.Now().Add(d.window)
	}
	g.refusing.Store(true)
	return true
}

// aloneAfter is how long no peer must have been live before a drain gives up to move anybody: links may break for a moment.
const aloneAfter = time.Second

// A watch is a drain's look at the other gateways.
type watch struct {
	g *Gateway
	// seen is when a gateway was there to move to.
	seen time.Time
}

func (g *Gateway) newWatch() *watch { return &watch{g: g, seen: time.Now()} }

// alone says whether there is no gateway to move to: at once when none is known that does not drain too, as when a whole cluster
// stops, or when none was in reach for a while.
func (w *watch) alone(now time.Time) bool {
	if w.g.cluster == nil {
		return true
	}
	hope := false
	for _, p := range w.g.cluster.Status().Peers {
		if p.takes() {
			w.seen = now
			return false
		}
		hope = hope || p.mayTake()
	}
	return !hope || now.Sub(w.seen) > aloneAfter
}

// awaitEmpty waits until the last connection has ended, for most so long, or until ctx ends.
func (g *Gateway) awaitEmpty(ctx context.Context, most time.Duration) {
	const step = 10 * time.Millisecond
	for deadline := time.Now().Add(most); g.admission.count.Load() > 0 && time.Now().Before(deadline); {
		if !sleep.For(ctx, step) {
			return
		}
	}
}
