package mesh

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// A readiness is how far the mesh has come since it was started. It latches.
type readiness struct {
	// started is closed by Start, joined when another gateway was found, alone when it is known that there is none, and
	// ready when the gateway can serve.
	started, joined, alone, ready chan struct{}

	mu     sync.Mutex
	reason string
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

func (r *readiness) explain(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reason = reason
}

// Ready is closed when the gateway can serve: it has joined the others, or knows that it is alone, and is in step with the
// peers that it saw then; or [Tuning.ReadyTimeout] has passed. It never becomes unready again: a sick peer must not take
// this gateway out of service.
func (m *Mesh) Ready() <-chan struct{} { return m.ready.ready }

// ReadyReason says in words what readiness waits for, or how it was reached.
func (m *Mesh) ReadyReason() string {
	m.ready.mu.Lock()
	defer m.ready.mu.Unlock()
	return m.ready.reason
}

// becomeReady makes the gateway ready once it is.
func (m *Mesh) becomeReady(ctx context.Context) {
	deadline := time.NewTimer(m.cfg.Tuning.ReadyTimeout)
	defer deadline.Stop()
	reason, ok := m.awaitReady(ctx, deadline.C)
	if ctx.Err() != nil {
		return
	}
	if ok {
		m.logger.Info("ready", "reason", reason)
	} else {
		m.metrics.readyTimeouts.Inc()
		reason = fmt.Sprintf("not in step after %s: %s", m.cfg.Tuning.ReadyTimeout, reason)
		m.logger.Warn("ready although not in step: joins and publishes may be incomplete", "reason", reason)
	}
	m.ready.explain(reason)
	close(m.ready.ready)
}

// awaitReady waits until the gateway is in step, and says why it is, or what is missing.
func (m *Mesh) awaitReady(ctx context.Context, deadline <-chan time.Time) (reason string, ok bool) {
	if len(m.cfg.Join) == 0 {
		return "alone: nobody to join is configured", true
	}
	m.ready.explain("looking for other gateways")
	select {
	case <-m.ready.joined:
	case <-m.ready.alone:
		return "alone: the addresses to join name nobody else", true
	case <-deadline:
		return "no other gateway was found", false
	case <-ctx.Done():
		return "", false
	}
	return m.awaitInStep(ctx, deadline)
}

// awaitInStep waits until this gateway and each peer that is known now hold each other's entries.
func (m *Mesh) awaitInStep(ctx context.Context, deadline <-chan time.Time) (reason string, ok bool) {
	seen := m.allPeers()
	for {
		wait := m.ready.wait()
		behind := ""
		for _, p := range seen {
			if !p.isGone() && !p.isInStep() {
				behind = fmt.Sprintf("waiting to be in step with %s at %s", p.node, p.addr())
				break
			}
		}
		if behind == "" {
			return fmt.Sprintf("in step with %d peers", len(seen)), true
		}
		m.ready.explain(behind)
		select {
		case <-wait:
		case <-deadline:
			return behind, false
		case <-ctx.Done():
			return "", false
		}
	}
}

// isInStep says that both sides hold each other's entries.
func (p *peer) isInStep() bool {
	p.apply.Lock()
	in := p.replica.inStep
	p.apply.Unlock()
	return in && p.follower.inStep()
}

// isGone says that nobody waits for the peer any more.
func (p *peer) isGone() bool {
	p.apply.Lock()
	defer p.apply.Unlock()
	return p.replica.forgotten || !p.replica.connected && (p.refused.Load() || !p.alive.Load())
}
