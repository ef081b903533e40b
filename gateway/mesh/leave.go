package mesh

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/starling-realtime/starling/gateway/mesh/link"
)

// errGone is why nobody waits for a peer any more.
var errGone = errors.New("peer is gone")

// Leave says goodbye: what is queued for the peers is applied by them, or ctx is done, and they are told that this boot
// leaves in good order. A peer that is gone itself, as when all gateways stop at once, is not waited for and is no error. Call
// [Mesh.Close] after it.
func (m *Mesh) Leave(ctx context.Context) error {
	err := m.eachLinked(func(p *peer) error { return p.sayGoodbye(ctx) })
	if m.members != nil && m.somebodyStays() {
		if leaveErr := m.members.Leave(time.Second); leaveErr != nil {
			// Memberlist could not tell enough of the others in time; the links have said goodbye already.
			m.logger.Debug("leaving memberlist", "error", leaveErr)
		}
	}
	return err
}

// somebodyStays says that a peer is there that has not said goodbye itself.
func (m *Mesh) somebodyStays() bool {
	for _, p := range m.allPeers() {
		if !p.departing.Load() && !p.isGone() {
			return true
		}
	}
	return false
}

// sayGoodbye waits until the peer has applied what was queued for it and the goodbye, or is gone.
func (p *peer) sayGoodbye(ctx context.Context) error {
	if _, err := p.sender.EnqueueForced(link.ClassState, kindGoodbye, nil); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		if p.awaitGone(ctx) {
			cancel(errGone)
		}
	})
	err := p.sender.Flush(ctx)
	if errors.Is(context.Cause(ctx), errGone) {
		p.mesh.logger.Debug("nobody is left to say goodbye to", "peer", p.node, "boot", p.boot)
		err = nil
	}
	cancel(nil)
	watching.Wait()
	return err
}

// awaitGone waits until the peer is gone, and reports false when ctx is done before.
func (p *peer) awaitGone(ctx context.Context) bool {
	for {
		changed := p.mesh.ready.wait()
		if p.isGone() {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}
