package mesh

import (
	"encoding/binary"
	"fmt"

	"github.com/starling-realtime/starling/hub"
)

// A bootSeq is how far a gateway's copy of a boot's log goes.
type bootSeq struct {
	boot hub.Boot
	seq  uint64
}

// LocalState implements [memberlist.Delegate]: how far this gateway is with its own log and with those of the peers that it
// hears, 16 bytes each. Presence itself never travels this way.
func (d *delegate) LocalState(bool) []byte {
	m := (*Mesh)(d)
	b := appendBootSeq(nil, bootSeq{m.cfg.Boot, m.log.position().seq})
	for _, p := range m.allPeers() {
		p.apply.Lock()
		if p.replica.state == replicaLive {
			b = appendBootSeq(b, bootSeq{p.boot, p.replica.applied})
		}
		p.apply.Unlock()
	}
	return b
}

func appendBootSeq(b []byte, s bootSeq) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(s.boot))
	return binary.BigEndian.AppendUint64(b, s.seq)
}

func parseDigest(b []byte) ([]bootSeq, error) {
	if len(b) == 0 || len(b)%16 != 0 {
		return nil, fmt.Errorf("reading a digest: %d bytes are not a multiple of 16", len(b))
	}
	var seqs []bootSeq
	for r := (reader{b: b}); len(r.b) > 0; {
		seqs = append(seqs, bootSeq{hub.Boot(r.uint64()), r.uint64()})
	}
	return seqs, nil
}

// MergeRemoteState implements [memberlist.Delegate]: it tells of boots that a peer holds and this gateway does not, which is
// what a cut between two gateways looks like to a third.
func (d *delegate) MergeRemoteState(b []byte, _ bool) {
	m := (*Mesh)(d)
	seqs, err := parseDigest(b)
	if err != nil {
		m.logger.Warn("ignoring a peer's digest", "error", err)
		return
	}
	from := seqs[0].boot
	var unseen []hub.Boot
	for _, s := range seqs[1:] {
		if s.boot != m.cfg.Boot && !m.holds(s.boot) {
			unseen = append(unseen, s.boot)
		}
	}
	m.metrics.setUnseen(from, len(unseen))
	if len(unseen) > 0 {
		m.logger.Info("a peer holds gateways that are not linked here", "peer", from, "boots", unseen)
	}
}

// holds says that the mesh hears a boot.
func (m *Mesh) holds(b hub.Boot) bool {
	p := m.peer(b)
	if p == nil {
		return false
	}
	p.apply.Lock()
	defer p.apply.Unlock()
	return p.replica.state == replicaLive
}
