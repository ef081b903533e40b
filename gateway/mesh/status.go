package mesh

import (
	"cmp"
	"slices"
	"time"

	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/hub"
)

// Status is the mesh as this gateway sees it.
type Status struct {
	Boot      hub.Boot
	Advertise string
	// Seq is the position of this boot's own log.
	Seq   uint64
	Peers []PeerStatus
}

// PeerStatus is one peer as this gateway sees it.
type PeerStatus struct {
	Node    string
	Boot    hub.Boot
	Address string
	Version string
	// State is "live", "orphan" while the peer is lost and its grace runs, or "none" when nothing is held of it.
	State string
	// Alive is memberlist's word, Draining and Departing are the peer's own.
	Alive, Draining, Departing bool
	// Entries counts the peer's presence entries and interests that this gateway holds.
	Entries int
	// LinkedIn and LinkedOut say that the peer's link to this gateway, and the other way, is up.
	LinkedIn, LinkedOut bool
	// InStep says that both hold each other's entries.
	InStep bool
	// Error is why the link to the peer is down.
	Error string
	// HeardAgo is how long ago the peer was heard.
	HeardAgo time.Duration
	// Applied is the last change of the peer that this gateway applied.
	Applied uint64
	// Load is what the peer said that it has and can take; nil: nothing, as older releases.
	Load *Load
	// StateBytes and PublishBytes are queued for the peer or not acknowledged by it.
	StateBytes, PublishBytes int
}

// Status returns the mesh as this gateway sees it, with peers by node and boot.
func (m *Mesh) Status() Status {
	s := Status{Boot: m.cfg.Boot, Advertise: m.self.Advertise, Seq: m.log.position().seq}
	now := time.Now()
	for _, p := range m.allPeers() {
		s.Peers = append(s.Peers, p.status(now))
	}
	slices.SortFunc(s.Peers, func(a, b PeerStatus) int { return comparePeers(a.Node, b.Node, a.Boot, b.Boot) })
	return s
}

// comparePeers orders by node and boot.
func comparePeers(nodeA, nodeB string, bootA, bootB hub.Boot) int {
	return cmp.Or(cmp.Compare(nodeA, nodeB), cmp.Compare(bootA, bootB))
}

func (p *peer) status(now time.Time) PeerStatus {
	out := p.sender.Status()
	s := PeerStatus{
		Node: p.node, Boot: p.boot, Address: p.addr(), Alive: p.alive.Load(), Draining: p.draining.Load(),
		LinkedOut: out.State == link.StateLinked,
		InStep:    p.isInStep(), HeardAgo: max(0, now.Sub(p.heardAt())),
		Load:       p.load.Load(),
		StateBytes: p.sender.Pending(link.ClassState), PublishBytes: p.sender.Pending(link.ClassPublish),
	}
	if out.Err != nil {
		s.Error = out.Err.Error()
	}
	p.apply.Lock()
	defer p.apply.Unlock()
	r := &p.replica
	s.State, s.LinkedIn, s.Applied, s.Version = r.state.String(), p.connected.Load(), r.applied, r.version
	s.Departing, s.Entries = p.departing.Load(), int(p.mesh.hub.RemoteDigest(p.boot).Count)
	return s
}
