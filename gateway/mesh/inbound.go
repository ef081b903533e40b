package mesh

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/gateway/tracing"
	"github.com/starling-realtime/starling/hub"
)

// errForgotten breaks a connection whose peer was given up meanwhile: it must begin anew.
var errForgotten = errors.New("peer was given up")

// inbound is the mesh as the handler of what peers send.
type inbound Mesh

var _ link.Handler = (*inbound)(nil)

// OnHello implements [link.Handler].
func (in *inbound) OnHello(p *link.Peer) error {
	m := (*Mesh)(in)
	if p.Boot == m.cfg.Boot {
		return errors.New("this is the gateway itself")
	}
	if m.meet(p.Boot, p.Node, p.Advertise) == nil {
		return errors.New("this gateway is closing")
	}
	return nil
}

// OnStream implements [link.Handler].
func (in *inbound) OnStream(lp *link.Peer, s link.Stream) {
	m := (*Mesh)(in)
	p := m.meet(lp.Boot, lp.Node, lp.Advertise)
	if p == nil {
		return
	}
	p.touch(time.Now())
	p.apply.Lock()
	defer p.apply.Unlock()
	r := &p.replica
	if r.forgotten || !s.Fresh && r.state == replicaNone {
		// The entries that this stream continues were dropped meanwhile: OnFrame refuses, and the peer begins anew.
		m.receiver.Forget(p.boot)
		return
	}
	if r.state == replicaOrphan {
		m.logger.Info("peer is back", "peer", p.node, "boot", p.boot, "resumed", !s.Fresh)
	}
	p.connected.Store(true)
	r.state, r.version = replicaLive, lp.AppVersion
	if s.Fresh {
		p.departing.Store(false)
		r.parts, r.inStep = nil, false
		if s.Replaces {
			m.questions.lose(p) // the answers may have been in the stream that ended
		}
		if s.Replaces || lp.Published {
			p.sendGap(0)
		}
	}
	r.gapSent = false
	m.changed()
}

// Knows implements [link.Handler].
func (in *inbound) Knows(k link.Kind) bool {
	return isKnown(k) || (*Mesh)(in).self.Features&featureAsk != 0 && (k == link.KindRequest || k == link.KindAnswer)
}

// OnActivity implements [link.Handler].
func (in *inbound) OnActivity(boot hub.Boot) {
	if p := (*Mesh)(in).peer(boot); p != nil {
		p.touch(time.Now())
	}
}

// OnEOF implements [link.Handler].
func (in *inbound) OnEOF(boot hub.Boot, _ error) {
	m := (*Mesh)(in)
	if p := m.peer(boot); p != nil {
		p.apply.Lock()
		p.connected.Store(false)
		p.apply.Unlock()
		m.changed()
	}
}

// OnFrame implements [link.Handler].
func (in *inbound) OnFrame(lp *link.Peer, f link.Frame) error {
	m := (*Mesh)(in)
	p := m.peer(lp.Boot)
	if p == nil {
		return errForgotten
	}
	if f.Kind == kindPublish {
		m.awaitFanOut()
	}
	p.apply.Lock()
	defer p.apply.Unlock()
	if p.replica.state == replicaNone || p.replica.forgotten {
		return errForgotten
	}
	return p.applyFrame(f)
}

// awaitFanOut lets the peer wait while local connections are behind, but not so long that the link looks dead.
func (m *Mesh) awaitFanOut() {
	if !m.local.Lagging() {
		return
	}
	ctx, cancel := context.WithTimeout(m.ctx, m.cfg.Timing.Silence/4)
	defer cancel()
	// Whether there is room or not, the publish is delivered: connections that are too slow are closed by the gateway.
	_ = m.local.AwaitRoom(ctx)
}

// applyFrame applies one frame. The apply lock is held.
func (p *peer) applyFrame(f link.Frame) error {
	switch f.Kind {
	case kindDelta:
		return p.applyDelta(f.Body)
	case kindBucket:
		return p.applyBucket(f.Body)
	case kindInStep, kindCheckpoint:
		return p.applyCheckpoint(f.Kind, f.Body)
	case kindPublish:
		return p.applyPublish(f.Body)
	case kindGap:
		return p.applyGap(f.Body)
	case kindGoodbye:
		p.departing.Store(true)
		p.mesh.logger.Info("peer leaves", "peer", p.node, "boot", p.boot)
		return nil
	case kindResync:
		p.follower.resync()
		return nil
	case kindKey:
		return p.applyKey(f.Body)
	case kindLoad:
		return p.applyLoad(f.Body)
	case link.KindRequest:
		return p.applyRequest(f.Body)
	case link.KindAnswer:
		return p.applyAnswer(f.Body)
	default:
		return fmt.Errorf("frame of kind %s has no meaning here", f.Kind)
	}
}

func (p *peer) applyDelta(body []byte) error {
	seq, d, err := parseDelta(body)
	if err != nil {
		return err
	}
	p.mesh.hub.ApplyRemote(p.boot, d)
	p.replica.applied = seq
	p.mesh.metrics.deltasIn.Inc()
	return nil
}

func (p *peer) applyBucket(body []byte) error {
	part, err := parseBucketPart(body)
	if err != nil {
		return err
	}
	r := &p.replica
	state, begun := r.parts[part.bucket]
	switch {
	case part.first:
		state = hub.BucketState{}
	case !begun:
		// The bucket was cut by the beginning of a new stream, in which it comes again as a whole.
		return nil
	}
	state.Presence = append(state.Presence, part.state.Presence...)
	state.Interest = append(state.Interest, part.state.Interest...)
	if !part.last {
		if r.parts == nil {
			r.parts = make(map[int]hub.BucketState)
		}
		r.parts[part.bucket] = state
		return nil
	}
	delete(r.parts, part.bucket)
	p.mesh.hub.ReplaceRemote(p.boot, part.bucket, state)
	r.applied = part.seq
	p.mesh.metrics.bucketsIn.Inc()
	return nil
}

// applyCheckpoint compares what this gateway holds of the peer with what the peer says, and asks for everything again when
// they differ.
func (p *peer) applyCheckpoint(kind link.Kind, body []byte) error {
	c, err := parseCheckpoint(body)
	if err != nil {
		return err
	}
	r := &p.replica
	r.applied = c.seq
	if held := p.mesh.hub.RemoteDigest(p.boot); held != c.digest {
		p.mesh.metrics.mismatches.Inc()
		p.mesh.logger.Error("presence differs from the peer's, asking for it again", "peer", p.node, "boot", p.boot,
			"seq", c.seq, "held", held.Count, "want", c.digest.Count)
		p.askAgain(time.Now())
		return nil
	}
	if kind == kindInStep && !r.inStep {
		r.inStep = true
		if !r.known {
			r.known = true
			p.coverUnrouted()
		}
		p.mesh.changed()
	}
	return nil
}

// askAgain asks for all entries of the peer; no more often than checkpoints come, since an answer can be large.
func (p *peer) askAgain(now time.Time) {
	r := &p.replica
	if now.Sub(r.resyncAsked) < p.mesh.cfg.Tuning.Checkpoint/2 {
		return
	}
	r.resyncAsked = now
	if _, err := p.sender.EnqueueForced(link.ClassState, kindResync, nil); err != nil {
		p.mesh.logger.Debug("asking for presence again", "peer", p.node, "boot", p.boot, "error", err)
	}
}

// coverUnrouted tells the peer of a gap if publishes were accepted here before it was known what the peer wants: its
// connections may have joined before the two gateways met.
func (p *peer) coverUnrouted() {
	if p.mesh.published.Load() {
		p.queue.gapAll()
	}
}

func (p *peer) applyPublish(body []byte) error {
	f, err := parsePublish(body)
	if err != nil {
		return err
	}
	p.mesh.metrics.publishesIn.Inc()
	span := p.traceDelivery(f)
	defer span.End()
	if f.opts.Key != "" {
		if _, dup := p.mesh.local.Remember(f.event.From, f.event.Channel, f.opts.Key, f.event.MID); dup {
			p.mesh.metrics.duplicates.Inc()
			span.Refuse("duplicate", false)
			return nil
		}
	}
	delivered := p.mesh.hub.DeliverRemote(f.event, f.opts)
	if span != nil {
		span.Set(tracing.Deliveries(delivered))
	}
	return nil
}

func (p *peer) applyGap(body []byte) error {
	g, err := parseGap(body)
	if err != nil {
		return err
	}
	if len(g.channels) == 0 {
		p.sendGap(0)
		return nil
	}
	p.mesh.metrics.gaps.Inc()
	p.mesh.hub.DeliverGap(p.node, g.channels)
	return nil
}

func (p *peer) applyKey(body []byte) error {
	k, err := parseKey(body)
	if err != nil {
		return err
	}
	p.mesh.local.Remember(k.member, k.channel, k.key, k.mid)
	return nil
}

// sendGap tells local connections that publishes of the peer may have been lost: in the channels that interested boot is
// interested in, or in all with 0.
func (p *peer) sendGap(interested hub.Boot) {
	p.mesh.metrics.gaps.Inc()
	p.mesh.logger.Warn("publishes of a peer may be lost", "peer", p.node, "boot", p.boot)
	p.mesh.hub.DeliverGapAll(p.node, interested)
}
