package mesh

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/hub"
)

// Load is what a gateway has and can take, as it tells the others.
type Load struct {
	// Connections are open.
	Connections int `json:"connections"`
	// Headroom is how many more it can hold.
	Headroom int `json:"headroom"`
	// AcceptPerSecond is how many it can take a second besides those that wait to be let in.
	AcceptPerSecond int `json:"acceptPerSecond"`
	// Shed is how many clients it has asked to connect elsewhere since it started, because it had more than others.
	Shed int `json:"shed"`
}

func (l Load) encode() []byte {
	var b []byte
	for _, n := range []int{l.Connections, l.Headroom, l.AcceptPerSecond, l.Shed} {
		b = binary.AppendUvarint(b, uint64(max(0, n)))
	}
	return b
}

func parseLoad(body []byte) (Load, error) {
	r := reader{b: body}
	count := func() int { return int(min(r.uvarint(), math.MaxInt32)) }
	l := Load{Connections: count(), Headroom: count(), AcceptPerSecond: count()}
	if r.err == nil && len(r.b) > 0 { // older releases never shed, and do not say so
		l.Shed = count()
	}
	if r.err != nil {
		return Load{}, fmt.Errorf("reading a load: %w", r.err)
	}
	return l, nil
}

func (p *peer) applyLoad(body []byte) error {
	l, err := parseLoad(body)
	if err != nil {
		return err
	}
	p.load.Store(&l)
	return nil
}

// repeatLoad is after how many times a load is told again that has not changed: a link that began anew may have lost it.
const repeatLoad = 5

// A toldLoad is what a peer was told last, and how many times ago.
type toldLoad struct {
	load Load
	ago  int
}

// tellLoad tells the linked peers at intervals what this gateway has and can take. A link that has no room for it gets it later.
func (m *Mesh) tellLoad(ctx context.Context) {
	ticker := time.NewTicker(m.cfg.Tuning.Load)
	defer ticker.Stop()
	told := make(map[hub.Boot]toldLoad)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		load := m.local.Load()
		body := load.encode()
		peers := m.allPeers()
		for boot := range told {
			if peers[boot] == nil {
				delete(told, boot)
			}
		}
		for boot, p := range peers {
			if p.sender.Status().State != link.StateLinked {
				delete(told, boot)
				continue
			}
			last, known := told[boot]
			if last.ago++; known && last.load == load && last.ago < repeatLoad {
				told[boot] = last
				continue
			}
			if _, err := p.sender.Enqueue(link.ClassState, kindLoad, body); err == nil {
				told[boot] = toldLoad{load: load}
			}
		}
	}
}
