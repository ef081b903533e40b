package mesh

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/gateway/mesh/link"
)

// An unmet is a gateway of the cluster that answers at an address to join and cannot be joined.
type unmet struct {
	address string
	// keysDiffer says that this passes when the key files of both have been brought up to date.
	keysDiffer bool
}

func (u unmet) String() string {
	if u.keysDiffer {
		return fmt.Sprintf("waiting for the gateway at %s, which does not have the same mesh keys yet", u.address)
	}
	return fmt.Sprintf("waiting for the gateway at %s, which answers but cannot be joined", u.address)
}

// probe finds out who is at an address that could not be joined, by shaking hands as a link does. A gateway that starts while
// keys are being replaced must not take clients before it can reach those that have other keys: each side would miss what the
// other one's clients publish. there says that somebody is whom this gateway has yet to meet.
func (m *Mesh) probe(ctx context.Context, address netip.AddrPort, found bool) (u unmet, there bool) {
	state, err := m.shakeHands(ctx, address)
	u.address = address.String()
	if err != nil {
		u.keysDiffer = errors.Is(err, keyring.ErrUntrusted)
		return u, u.keysDiffer
	}
	if boot, err := keyring.PeerBoot(state); err != nil || boot == m.cfg.Boot || m.holds(boot) {
		return u, false
	}
	common := m.keys.KeyID(state)
	u.keysDiffer = common != m.keys.IDs()[0]
	if u.keysDiffer && !found {
		// Nobody reads this gateway's gossip, and the other one may have nothing but this key.
		if _, err := m.keys.Prefer(common); err != nil {
			m.logger.Error("changing the primary mesh key", "error", err)
		}
	}
	return u, true
}

// probeTimeout bounds one probe.
const probeTimeout = 2 * time.Second

// shakeHands proves to each other that both sides have a key in common, and hangs up.
func (m *Mesh) shakeHands(ctx context.Context, address netip.AddrPort) (tls.ConnectionState, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	conn, err := m.cfg.Tuning.Network.Dial(ctx, address.String())
	if err != nil {
		return tls.ConnectionState{}, fmt.Errorf("dialing: %w", err)
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if _, err := conn.Write([]byte{link.FirstByte}); err != nil {
		return tls.ConnectionState{}, fmt.Errorf("writing the first byte: %w", err)
	}
	secure := tls.Client(conn, m.keys.ClientConfig(0))
	if err := secure.HandshakeContext(ctx); err != nil {
		return tls.ConnectionState{}, fmt.Errorf("shaking hands: %w", err)
	}
	return secure.ConnectionState(), nil
}

// hearsAny says that a peer is linked to this gateway: it may have found this one although memberlist cannot read its answers.
func (m *Mesh) hearsAny() bool {
	for boot := range m.allPeers() {
		if m.holds(boot) {
			return true
		}
	}
	return false
}

// KeysDiffer says that this gateway is not ready because another one has other mesh keys, as is so for a minute or two after
// they have been replaced: see [Mesh.ReadyReason].
func (m *Mesh) KeysDiffer() bool {
	if m.ready.isReached() {
		return false
	}
	if u, found := m.ready.firstUnmet(); found && u.keysDiffer {
		return true
	}
	for _, p := range m.allPeers() {
		if p.alive.Load() && errors.Is(p.sender.Status().Err, keyring.ErrUntrusted) {
			return true
		}
	}
	return false
}
