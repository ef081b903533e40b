package mesh

import (
	"context"
	"time"
)

// watch looks at the peers' states at short intervals: who is not heard becomes an orphan, and whose grace is over is
// dropped.
func (m *Mesh) watch(ctx context.Context) {
	ticker := time.NewTicker(m.cfg.Tuning.Watch)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := time.Now()
		// A process that stood still has heard nobody, which says nothing about the peers: they get the time to be heard.
		if stall := now.Sub(last); stall > m.cfg.Timing.Silence/2 {
			m.forgive(now)
		}
		last = now
		for _, p := range m.allPeers() {
			p.look(now)
		}
	}
}

// forgive counts all connected peers as just heard.
func (m *Mesh) forgive(now time.Time) {
	for _, p := range m.allPeers() {
		p.apply.Lock()
		if p.connected.Load() {
			p.touch(now)
		}
		p.apply.Unlock()
	}
}

// look brings the peer's state up to date.
func (p *peer) look(now time.Time) {
	p.apply.Lock()
	defer p.apply.Unlock()
	quiet := now.Sub(p.heardAt())
	switch p.replica.state {
	case replicaLive:
		if p.isLost(quiet) {
			p.orphan(quiet)
		}
	case replicaOrphan:
		if p.connected.Load() && quiet <= p.mesh.cfg.Timing.Silence {
			p.comeBack()
			return
		}
		p.orphanGap()
		if quiet >= p.grace() {
			p.drop()
		}
	case replicaNone:
		// Nothing is held of a peer that never sent anything. Once memberlist gives it up there is nobody to link with.
		if !p.alive.Load() && !p.connected.Load() && quiet > p.mesh.cfg.Timing.Silence {
			p.forget()
		}
	}
}

// isLost says that the peer is not there any more: nothing came for long enough, or its connection ended and either its
// port refuses, or memberlist has given it up, or it had said goodbye. A link that works vetoes memberlist.
func (p *peer) isLost(quiet time.Duration) bool {
	if quiet > p.mesh.cfg.Timing.Silence {
		return true
	}
	return !p.connected.Load() && (p.refused.Load() || p.departing.Load() || !p.alive.Load())
}

func (p *peer) grace() time.Duration {
	if p.departing.Load() {
		return p.mesh.cfg.DisconnectGrace
	}
	return p.mesh.cfg.NodeGrace
}

// orphan keeps the entries of a peer that is lost, but for its typing, until the grace is over.
func (p *peer) orphan(quiet time.Duration) {
	p.replica.state, p.replica.silent = replicaOrphan, quiet > p.mesh.cfg.Timing.Silence
	p.mesh.metrics.orphans.Inc()
	p.mesh.logger.Warn("peer is lost", "peer", p.node, "boot", p.boot, "quiet", quiet.Round(time.Millisecond),
		"goodbye", p.departing.Load(), "grace", p.grace())
	p.mesh.hub.ClearRemoteTyping(p.boot)
	p.mesh.questions.lose(p)
	p.orphanGap()
	p.mesh.changed()
}

// comeBack counts a peer as live that was only silent: its connection has outlasted the silence.
func (p *peer) comeBack() {
	p.replica.state, p.replica.gapSent = replicaLive, false
	p.mesh.logger.Info("peer is heard again", "peer", p.node, "boot", p.boot)
	p.mesh.changed()
}

// orphanGap tells the connections of lost publishes as soon as it is sure that the peer cannot send them any more.
func (p *peer) orphanGap() {
	if p.refused.Load() {
		p.lostGap()
	}
}

// lostGap tells the connections, once for each absence, that publishes of the peer may be lost. Those of a peer that was cut
// off may be in channels of which it could not say any more that it is in them.
func (p *peer) lostGap() {
	if p.departing.Load() || p.replica.gapSent {
		return
	}
	p.replica.gapSent = true
	if p.replica.silent {
		p.sendGap(0)
	} else {
		p.sendGap(p.boot)
	}
}

// drop removes the entries of a peer whose grace is over. What comes of it later begins anew.
func (p *peer) drop() {
	m := p.mesh
	p.lostGap()
	m.logger.Info("peer is given up", "peer", p.node, "boot", p.boot)
	m.hub.DropRemote(p.boot)
	p.replica = replica{}
	p.connected.Store(false)
	p.departing.Store(false)
	m.receiver.Forget(p.boot)
	m.questions.lose(p)
	if !p.alive.Load() {
		p.forget()
	}
	m.changed()
}

// forget ends the links with the peer, without holding up the caller. The apply lock is held.
func (p *peer) forget() {
	if p.replica.forgotten {
		return
	}
	p.replica.forgotten = true
	p.mesh.tasks.Go(func() { p.mesh.remove(p) })
}
