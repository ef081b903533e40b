package mesh

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/memberlist"

	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/gateway/mesh/transport"
	"github.com/starling-realtime/starling/hub"
)

// A Mesh connects a hub with those of the other gateways. It is the hub's [hub.Replicator]. All methods are safe for
// concurrent use.
type Mesh struct {
	cfg       Config
	logger    *slog.Logger
	self      link.Self
	advertise netip.AddrPort
	keys      *keyring.Keyring
	// gossipKeys are memberlist's, kept in step with keys.
	gossipKeys *memberlist.Keyring
	transport  *transport.Transport
	receiver   *link.Receiver
	log        *presenceLog
	pauses     *pauseGate
	metrics    *metrics
	refusals   *refusalLog
	questions  *questions

	// hub and local are set by Start, before anything uses them.
	hub   *hub.Hub
	local Local
	// members is set by Start.
	members *memberlist.Memberlist

	ctx    context.Context
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	// published says that this boot has accepted a publish.
	published atomic.Bool
	// draining is what Announce told.
	draining atomic.Bool

	mu sync.Mutex
	// peers is replaced, never changed, so that it can be read without the lock.
	peers atomic.Pointer[map[hub.Boot]*peer]
	// alive are the other gateways that memberlist counts as alive.
	alive map[hub.Boot]sighting
	// closing refuses new peers.
	closing bool

	ready *readiness
}

// New binds the mesh's port. The mesh does nothing before [Mesh.Start], but can be given to a hub as its replicator.
func New(cfg Config) (*Mesh, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("configuring the mesh: %w", err)
	}
	m := &Mesh{
		cfg: cfg, logger: cfg.Logger, keys: cfg.Keys, log: newPresenceLog(), pauses: newPauseGate(cfg.Tuning.Pause),
		refusals: newRefusalLog(cfg.Logger), questions: newQuestions(), ready: newReadiness(), alive: make(map[hub.Boot]sighting),
	}
	m.metrics = newMetrics(m, cfg.Registerer)
	if err := m.initGossipKeys(); err != nil {
		return nil, err
	}
	m.peers.Store(&map[hub.Boot]*peer{})
	m.ctx, m.cancel = context.WithCancel(context.Background())
	if err := m.listen(); err != nil {
		m.cancel()
		return nil, err
	}
	return m, nil
}

// listen binds the port and makes what accepts links.
func (m *Mesh) listen() error {
	t, err := transport.New(transport.Config{
		Bind:   m.cfg.Bind,
		OnLink: m.receiveLink,
		OnDrop: m.metrics.countDrop,
		Logger: m.logger,
	})
	if err != nil {
		return fmt.Errorf("binding the mesh to %s: %w", m.cfg.Bind, err)
	}
	m.transport = t
	advertise, err := m.advertised()
	if err != nil {
		_ = t.Shutdown()
		return err
	}
	m.advertise = advertise
	m.self = link.Self{
		Cluster: m.cfg.Cluster, Boot: m.cfg.Boot, Node: m.cfg.Node, Advertise: advertise.String(),
		AppVersion: m.cfg.AppVersion, Features: featureAsk,
	}
	if err := m.newReceiver(); err != nil {
		_ = t.Shutdown()
		return err
	}
	return nil
}

func (m *Mesh) newReceiver() error {
	r, err := link.NewReceiver(link.ReceiverConfig{
		Self: m.self, TLS: m.keys.ServerConfig(), Handler: (*inbound)(m), OnRefused: m.metrics.countRefusal,
		Timing: m.cfg.Timing, Logger: m.logger,
	})
	if err != nil {
		return fmt.Errorf("making the link receiver: %w", err)
	}
	m.receiver = r
	return nil
}

// advertised returns the address that peers use.
func (m *Mesh) advertised() (netip.AddrPort, error) {
	if m.cfg.Advertise.IsValid() {
		return m.cfg.Advertise, nil
	}
	bound := m.transport.Addr()
	if !bound.Addr().IsUnspecified() {
		return bound, nil
	}
	ip, port, err := m.transport.FinalAdvertiseAddr("", int(bound.Port()))
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("finding the address to advertise: %w", err)
	}
	addr, ok := netip.AddrFromSlice(ip)
	if !ok {
		return netip.AddrPort{}, fmt.Errorf("finding the address to advertise: %v is not an address", ip)
	}
	return netip.AddrPortFrom(addr.Unmap(), uint16(port)), nil
}

// receiveLink serves a peer's connection. Before Start there is no hub to apply anything to, so it waits.
func (m *Mesh) receiveLink(ctx context.Context, conn net.Conn) {
	select {
	case <-m.ready.started:
		m.receiver.Serve(ctx, conn)
	case <-ctx.Done():
		_ = conn.Close()
	}
}

// Start joins the mesh: h is the hub that has this mesh as its replicator. It returns once memberlist runs; joining others
// goes on in the background, see [Mesh.Ready].
func (m *Mesh) Start(h *hub.Hub, local Local) error {
	m.hub, m.local = h, local
	members, err := memberlist.Create(m.memberlistConfig())
	if err != nil {
		return fmt.Errorf("starting memberlist: %w", err)
	}
	m.members = members
	close(m.ready.started)
	m.run(m.followKeys)
	m.run(m.watch)
	m.run(m.rejoin)
	m.run(m.becomeReady)
	m.run(m.tellLoad)
	return nil
}

// run starts a task that ends when the mesh's context is done.
func (m *Mesh) run(task func(context.Context)) {
	m.tasks.Go(func() { task(m.ctx) })
}

// Addr returns the bound address and port.
func (m *Mesh) Addr() netip.AddrPort { return m.transport.Addr() }

// Advertised returns the address that peers use.
func (m *Mesh) Advertised() string { return m.self.Advertise }

// Flush waits until every linked peer has applied what was sent to it before, or ctx is done.
func (m *Mesh) Flush(ctx context.Context) error {
	return m.eachLinked(func(p *peer) error { return p.sender.Flush(ctx) })
}

// eachLinked calls fn for all linked peers at once, waits, and returns one of the errors.
func (m *Mesh) eachLinked(fn func(*peer) error) error {
	var calls sync.WaitGroup
	peers := m.allPeers()
	failed := make(chan error, len(peers))
	for _, p := range peers {
		if p.sender.Status().State != link.StateLinked {
			continue
		}
		calls.Go(func() {
			if err := fn(p); err != nil {
				failed <- fmt.Errorf("sending to %s: %w", p.node, err)
			}
		})
	}
	calls.Wait()
	close(failed)
	return <-failed
}

// Close ends all links and waits for everything that the mesh has started. Peers that got no goodbye see a crash.
func (m *Mesh) Close() error {
	m.mu.Lock()
	m.closing = true
	m.mu.Unlock()
	m.cancel()
	var err error
	if m.members != nil {
		// Memberlist shuts its transport down, and with it the acceptance of links.
		err = m.members.Shutdown()
	}
	if shutErr := m.transport.Shutdown(); err == nil {
		err = shutErr
	}
	// All links end at the same time, before any of them is waited for.
	for _, p := range m.allPeers() {
		p.stop()
		p.sender.Stop()
	}
	m.receiver.Close()
	m.tasks.Wait()
	for _, p := range m.allPeers() {
		m.remove(p)
	}
	if err != nil {
		return fmt.Errorf("closing the mesh: %w", err)
	}
	return nil
}

func (m *Mesh) peer(b hub.Boot) *peer { return (*m.peers.Load())[b] }

func (m *Mesh) allPeers() map[hub.Boot]*peer { return *m.peers.Load() }

// setPeers changes a copy of the peers. The lock is held.
func (m *Mesh) setPeers(change func(map[hub.Boot]*peer)) {
	peers := maps.Clone(*m.peers.Load())
	change(peers)
	m.peers.Store(&peers)
}

// changed lets the tasks that wait for a peer's state look again.
func (m *Mesh) changed() { m.ready.poke() }
