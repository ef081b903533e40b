package mesh

import (
	"encoding/binary"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/starling-realtime/starling/hub"
)

// maxVersionBytes bounds the release in a node's metadata, which memberlist limits to 512 bytes.
const maxVersionBytes = 64

// memberlistConfig tunes memberlist so that a death is suspected and confirmed in 2.5 to 3.5 s: with its default of 6 for
// the multiplier of the longest suspicion, two dead of three took 10 to 11 s.
func (m *Mesh) memberlistConfig() *memberlist.Config {
	bound, advertise := m.transport.Addr(), m.advertise
	c := memberlist.DefaultLANConfig()
	c.Name = fmt.Sprintf("%s-%s", m.cfg.Node, m.cfg.Boot)
	c.Transport = m.cfg.Tuning.Network.Wrap(m.transport)
	c.BindAddr, c.BindPort = bound.Addr().String(), int(bound.Port())
	c.AdvertiseAddr, c.AdvertisePort = advertise.Addr().String(), int(advertise.Port())
	c.Label = m.cfg.Cluster
	c.Keyring, c.SecretKey = m.gossipKeys, m.gossipKeys.GetPrimaryKey()
	c.GossipVerifyIncoming, c.GossipVerifyOutgoing = true, true
	c.EnableCompression = false
	c.ProbeInterval, c.ProbeTimeout = 500*time.Millisecond, 200*time.Millisecond
	c.SuspicionMult, c.SuspicionMaxTimeoutMult = 3, 1
	c.GossipInterval = 100 * time.Millisecond
	c.PushPullInterval = m.cfg.Tuning.PushPull
	c.TCPTimeout = 2 * time.Second
	c.Delegate, c.Events = (*delegate)(m), (*delegate)(m)
	c.Logger = log.New(m.refusals.writer(m.metrics), "", 0)
	return c
}

// delegate is the mesh as memberlist calls it. Memberlist holds locks meanwhile, so nothing here calls memberlist.
type delegate Mesh

var (
	_ memberlist.Delegate      = (*delegate)(nil)
	_ memberlist.EventDelegate = (*delegate)(nil)
)

// Bits of the flags in a node's metadata.
const metaDraining = 1 << 0

// NodeMeta implements [memberlist.Delegate]: the boot, flags and the release.
func (d *delegate) NodeMeta(int) []byte {
	version := d.cfg.AppVersion
	if len(version) > maxVersionBytes {
		version = version[:maxVersionBytes]
	}
	var flags byte
	if d.draining.Load() {
		flags |= metaDraining
	}
	return appendString(append(binary.BigEndian.AppendUint64(nil, uint64(d.cfg.Boot)), flags), version)
}

func parseMeta(meta []byte) (boot hub.Boot, draining bool, err error) {
	r := reader{b: meta}
	boot = hub.Boot(r.uint64())
	flags := r.byte()
	if r.err != nil || boot == 0 {
		return 0, false, fmt.Errorf("reading a node's metadata of %d bytes: no boot and flags", len(meta))
	}
	return boot, flags&metaDraining != 0, nil
}

// Announce tells the peers whether this gateway drains: clients should then not be sent to it. It waits until the news is
// on its way, or a second.
func (m *Mesh) Announce(draining bool) error {
	m.draining.Store(draining)
	if err := m.members.UpdateNode(time.Second); err != nil {
		return fmt.Errorf("announcing to the mesh: %w", err)
	}
	return nil
}

// NotifyJoin implements [memberlist.EventDelegate].
func (d *delegate) NotifyJoin(n *memberlist.Node) {
	m := (*Mesh)(d)
	boot, draining, err := parseMeta(n.Meta)
	if err != nil {
		m.logger.Error("ignoring a node", "name", n.Name, "address", n.Address(), "error", err)
		return
	}
	if boot == m.cfg.Boot {
		return
	}
	m.sawAlive(boot, sighting{node: strings.TrimSuffix(n.Name, "-"+boot.String()), address: n.Address(), draining: draining})
}

// NotifyUpdate implements [memberlist.EventDelegate].
func (d *delegate) NotifyUpdate(n *memberlist.Node) { d.NotifyJoin(n) }

// NotifyLeave implements [memberlist.EventDelegate]: the node is dead or has left.
func (d *delegate) NotifyLeave(n *memberlist.Node) {
	m := (*Mesh)(d)
	boot, _, err := parseMeta(n.Meta)
	if err != nil {
		return
	}
	m.sawDead(boot)
}

// NotifyMsg implements [memberlist.Delegate]: no data travels over gossip.
func (d *delegate) NotifyMsg([]byte) {}

// GetBroadcasts implements [memberlist.Delegate]: no data travels over gossip.
func (d *delegate) GetBroadcasts(_, _ int) [][]byte { return nil }
