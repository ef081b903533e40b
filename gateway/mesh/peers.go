package mesh

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/hub"
)

// A sighting is what memberlist says of a gateway that it counts as alive.
type sighting struct {
	node, address string
	draining      bool
}

// sawAlive notes memberlist's word that a gateway is there, or that something about it has changed.
func (m *Mesh) sawAlive(boot hub.Boot, s sighting) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.alive[boot] = s
	if p := m.meetLocked(boot, s.node, s.address); p != nil {
		p.alive.Store(true)
		p.draining.Store(s.draining)
		m.changed()
	}
}

// sawDead notes memberlist's word that a gateway is dead or has left.
func (m *Mesh) sawDead(boot hub.Boot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.alive, boot)
	if p := m.peer(boot); p != nil {
		p.alive.Store(false)
		m.changed()
	}
}

// aliveAddresses returns where the gateways are that memberlist counts as alive. What [memberlist.Memberlist.Members] returns
// changes while it is read.
func (m *Mesh) aliveAddresses() map[string]bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	addresses := make(map[string]bool, len(m.alive))
	for _, s := range m.alive {
		addresses[s.address] = true
	}
	return addresses
}

// meet returns the peer of a boot, made and linked if need be; nil when the mesh is closing.
func (m *Mesh) meet(boot hub.Boot, node, address string) *peer {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.meetLocked(boot, node, address)
}

func (m *Mesh) meetLocked(boot hub.Boot, node, address string) *peer {
	if p := m.peer(boot); p != nil {
		p.moveTo(address)
		return p
	}
	if m.closing {
		return nil
	}
	p, err := m.newPeer(boot, node, address)
	if err != nil {
		// The configuration was checked by New, so this is a fault of ours.
		m.logger.Error("making a link", "peer", node, "boot", boot, "error", err)
		return nil
	}
	m.setPeers(func(peers map[hub.Boot]*peer) { peers[boot] = p })
	m.logger.Info("peer found", "peer", node, "boot", boot, "address", address)
	return p
}

func (m *Mesh) newPeer(boot hub.Boot, node, address string) (*peer, error) {
	p := &peer{mesh: m, boot: boot, node: node, since: time.Now(), follower: newFollower(m.log)}
	p.address.Store(&address)
	p.touch(p.since)
	p.publishedBefore.Store(m.published.Load())
	if s, ok := m.alive[boot]; ok {
		p.alive.Store(true)
		p.draining.Store(s.draining)
	}
	sender, err := link.NewSender(link.SenderConfig{
		Self: m.self, Peer: boot, PeerName: node, Dial: p.dial, TLS: func() *tls.Config { return m.keys.ClientConfig(boot) },
		Published: p.publishedBefore.Load, StateBudget: m.cfg.StateBudget, PublishBudget: m.cfg.PublishBudget,
		Timing: m.cfg.Timing, Logger: m.logger,
		Events: link.SenderEvents{OnLinked: p.onLinked, OnAck: p.onAck, OnReset: p.onReset, OnRefused: p.onRefused},
	})
	if err != nil {
		return nil, fmt.Errorf("making a sender: %w", err)
	}
	p.sender, p.follower.sender = sender, sender
	p.queue = newPublishQueue(sender, m.cfg.PublishBudget, m.pauses, m.metrics)
	m.log.follow(p.follower)
	ctx, stop := context.WithCancel(m.ctx)
	p.stop = stop
	p.feeding.Add(1)
	sender.Start()
	go p.feed(ctx)
	return p, nil
}

// moveTo changes where the peer is dialed.
func (p *peer) moveTo(address string) {
	if address != "" && address != p.addr() {
		p.address.Store(&address)
	}
}

func (p *peer) dial(ctx context.Context) (net.Conn, error) {
	return p.mesh.cfg.Tuning.Network.Dial(ctx, p.addr())
}

// remove ends everything that goes on with a peer. Its entries are dropped before, or the process ends.
func (m *Mesh) remove(p *peer) {
	m.mu.Lock()
	m.setPeers(func(peers map[hub.Boot]*peer) { delete(peers, p.boot) })
	m.mu.Unlock()
	p.stop()
	p.queue.close()
	p.sender.Close()
	p.feeding.Wait()
	m.questions.lose(p)
	m.log.unfollow(p.follower)
	m.meetAgain(p.boot)
}

// meetAgain makes the peer of a boot that memberlist has found again while it was being removed.
func (m *Mesh) meetAgain(boot hub.Boot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.alive[boot]; ok {
		m.meetLocked(boot, s.node, s.address)
	}
}
