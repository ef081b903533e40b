package localcluster

import (
	"context"
	"time"
)

// slowStart is how long after its start a gateway's reason for not being ready is worth an event.
const slowStart = 8 * time.Second

// poll watches a gateway until ctx ends, tells the front whether it may have clients, and reports whether it was ever ready.
func (s *slot) poll(ctx context.Context, at addresses) (wasReady bool) {
	w := watch{slot: s, at: at, since: time.Now()}
	ticker := time.NewTicker(readyInterval)
	defer ticker.Stop()
	for n := 0; ; n++ {
		if w.readiness(ctx) || n%statusEvery == 0 {
			w.status(ctx)
		}
		select {
		case <-ctx.Done():
			return w.wasReady
		case <-ticker.C:
		}
	}
}

// A watch is what is known of one life of a gateway.
type watch struct {
	slot     *slot
	at       addresses
	ready    bool
	wasReady bool
	misses   int

	since      time.Time
	complained bool
}

// readiness asks whether the gateway takes clients and reports whether that has changed.
func (w *watch) readiness(ctx context.Context) (changed bool) {
	ready, err := w.slot.cluster.admin.ready(ctx, w.at.admin)
	if ctx.Err() != nil {
		return false
	}
	if w.misses++; err == nil {
		w.misses = 0
	}
	if err != nil && w.misses < maxMisses || ready == w.ready {
		return false
	}
	w.ready = ready
	w.slot.cluster.front.Set(w.at.client, ready)
	name := w.slot.name
	switch {
	case ready:
		w.wasReady = true
		w.slot.cluster.event("%s is ready", name)
	case err != nil:
		w.slot.cluster.event("%s does not answer: %v", name, err)
	default:
		w.slot.cluster.event("%s is no longer ready", name)
	}
	w.slot.update(func(g *Gateway) { g.State = w.state() })
	return true
}

func (w *watch) state() State {
	switch {
	case w.ready:
		return StateReady
	case w.wasReady:
		return StateNotReady
	default:
		return StateStarting
	}
}

// status asks for the figures. A gateway that does not answer keeps its last ones: readiness says what is the matter.
func (w *watch) status(ctx context.Context) {
	s, err := w.slot.cluster.admin.status(ctx, w.at.admin)
	if err != nil || ctx.Err() != nil {
		return
	}
	if s.Reason != "" && !w.wasReady && !w.complained && time.Since(w.since) > slowStart {
		w.complained = true
		w.slot.cluster.event("%s is not ready yet: %s", w.slot.name, s.Reason)
	}
	w.slot.update(func(g *Gateway) {
		g.Connections, g.Members, g.Peers = s.Connections, s.Members, s.linkedPeers()
		if g.State = w.state(); s.Draining {
			g.State = StateDraining
		}
	})
}
