package mesh

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/starling-realtime/starling/hub"
)

// A readiness is how far the mesh has come since it was started. It latches.
type readiness struct {
	// started is closed by Start, joined when another gateway was found, alone when it is known that there is none, and
	// ready when the gateway can serve.
	started, joined, alone, ready chan struct{}

	mu     sync.Mutex
	reason string
	// unmet are gateways that are there and that this one cannot join.
	unmet []unmet
	// poked is closed and replaced when a peer's state changes, if somebody waits for that.
	poked chan struct{}
}

func newReadiness() *readiness {
	return &readiness{
		started: make(chan struct{}), joined: make(chan struct{}), alone: make(chan struct{}), ready: make(chan struct{}),
		reason: "starting",
	}
}

func (r *readiness) poke() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.poked != nil {
		close(r.poked)
		r.poked = nil
	}
}

func (r *readiness) wait() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.poked == nil {
		r.poked = make(chan struct{})
	}
	return r.poked
}

// isReached says that the gateway is in step.
func (r *readiness) isReached() bool {
	select {
	case <-r.ready:
		return true
	default:
		return false
	}
}

func (r *readiness) setUnmet(list []unmet) {
	r.mu.Lock()
	same := slices.Equal(list, r.unmet)
	r.unmet = list
	r.mu.Unlock()
	if !same {
		r.poke()
	}
}

// firstUnmet returns one of the unmet, those whose keys differ first.
func (r *readiness) firstUnmet() (first unmet, found bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, u := range r.unmet {
		if !found || u.keysDiffer {
			first, found = u, true
		}
	}
	return first, found
}

// lacksAny says that the gateway is not in step and that somebody is unmet.
func (r *readiness) lacksAny() bool {
	_, found := r.firstUnmet()
	return found && !r.isReached()
}

func (r *readiness) explain(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reason = reason
}

// Ready is closed when the gateway can serve: it has joined the others, or knows that it is alone, and is in step with the
// peers that it saw then. It never opens again. A caller that does not want to wait for a sick peer for ever needs a
// timeout of its own.
func (m *Mesh) Ready() <-chan struct{} { return m.ready.ready }

// ReadyReason says in words what readiness waits for, or how it was reached.
func (m *Mesh) ReadyReason() string {
	m.ready.mu.Lock()
	defer m.ready.mu.Unlock()
	return m.ready.reason
}

// becomeReady makes the gateway ready once it is.
func (m *Mesh) becomeReady(ctx context.Context) {
	reason := m.awaitReady(ctx)
	if ctx.Err() != nil {
		return
	}
	m.logger.Info("in step", "reason", reason)
	m.ready.explain(reason)
	close(m.ready.ready)
}

// awaitReady waits until the gateway is in step or ctx is done, and says why it is.
func (m *Mesh) awaitReady(ctx context.Context) (reason string) {
	if len(m.cfg.Join) == 0 {
		return "alone: nobody to join is configured"
	}
	m.ready.explain("looking for other gateways")
	select {
	case <-m.ready.joined:
		return m.awaitInStep(ctx)
	case <-m.ready.alone:
		return "alone: the addresses to join name nobody else"
	case <-ctx.Done():
		return ""
	}
}

// awaitInStep waits until nobody is unmet, and this gateway and each peer that is known then hold each other's entries.
func (m *Mesh) awaitInStep(ctx context.Context) (reason string) {
	seen := m.allPeers()
	for {
		wait := m.ready.wait()
		if u, found := m.ready.firstUnmet(); found {
			seen = m.allPeers()
			m.ready.explain(u.String())
		} else if behind := firstBehind(seen); behind != nil {
			m.ready.explain(fmt.Sprintf("waiting to be in step with %s at %s", behind.node, behind.addr()))
		} else {
			return fmt.Sprintf("in step with %d peers", len(seen))
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return ""
		}
	}
}

// firstBehind returns a peer that is there and not in step, or nil.
func firstBehind(peers map[hub.Boot]*peer) *peer {
	for _, p := range peers {
		if !p.isLeaving() && !p.isInStep() {
			return p
		}
	}
	return nil
}

// isInStep says that both sides hear each other and hold each other's entries.
func (p *peer) isInStep() bool {
	p.apply.Lock()
	in := p.replica.inStep && p.replica.state == replicaLive
	p.apply.Unlock()
	return in && p.follower.inStep()
}

// isLeaving says that nobody waits for the peer any more.
func (p *peer) isLeaving() bool {
	return !p.connected.Load() && (p.isGone() || !p.alive.Load())
}
