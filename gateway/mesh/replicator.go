package mesh

import (
	"context"
	"slices"
	"time"

	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/hub"
)

var _ hub.Replicator = (*Mesh)(nil)

// Append implements [hub.Replicator].
func (m *Mesh) Append(d hub.Delta) uint64 { return m.log.append(d) }

// Forward implements [hub.Replicator]: the publish is encoded once and queued for every interested peer. A publish with a
// key is made known to the others too, so that a retry on any gateway finds it.
func (m *Mesh) Forward(e *hub.Event, opts hub.PublishOptions, to []hub.Boot) {
	m.notePublish()
	peers := m.allPeers()
	if len(peers) == 0 {
		return
	}
	span := m.traceForward(e, &opts, to)
	var body []byte
	for _, boot := range to {
		p := peers[boot]
		if p == nil {
			continue
		}
		if p.isGone() {
			p.queue.lose()
			continue
		}
		if body == nil {
			body = publishFrame{e, opts}.encode()
		}
		p.queue.send(e.Channel, body, span.TraceID())
	}
	span.End()
	if opts.Key != "" {
		m.spreadKey(e, opts, to, peers)
	}
}

// spreadKey tells the peers that did not get the publish about its key. A key that finds no room is not told: the worst is
// that a retry on that gateway counts as a new publish.
func (m *Mesh) spreadKey(e *hub.Event, opts hub.PublishOptions, told []hub.Boot, peers map[hub.Boot]*peer) {
	body := keyFrame{member: opts.From, channel: e.Channel, key: opts.Key, mid: opts.MID}.encode()
	for boot, p := range peers {
		if slices.Contains(told, boot) {
			continue
		}
		if _, err := p.sender.Enqueue(link.ClassPublish, kindKey, body); err != nil {
			m.metrics.keysDropped.Inc()
		}
	}
}

// AwaitInterest waits until every linked peer has applied this gateway's interest in the channel, recorded at seq: from then
// on every publish that is accepted anywhere reaches the channel's connections, or they get a gap. It returns false when
// that is not so within [Tuning.InterestTimeout] or before ctx is done, and at once when a peer has been out of reach for
// longer than that. Peers that are known to be gone do not count; should one come back nevertheless, local connections get
// a gap once it has caught up.
func (m *Mesh) AwaitInterest(ctx context.Context, channel string, seq uint64) bool {
	complete := m.awaitInterest(ctx, hub.Bucket(channel), seq)
	if !complete {
		m.metrics.partialJoins.Inc()
	}
	return complete
}

func (m *Mesh) awaitInterest(ctx context.Context, bucket int, seq uint64) bool {
	complete, reachable, wait := m.interestApplied(bucket, seq)
	if complete || !reachable {
		return complete
	}
	timer := time.NewTimer(m.cfg.Tuning.InterestTimeout)
	defer timer.Stop()
	for !complete && reachable {
		select {
		case <-wait:
		case <-timer.C:
			return false
		case <-ctx.Done():
			return false
		case <-m.ctx.Done():
			return false
		}
		complete, reachable, wait = m.interestApplied(bucket, seq)
	}
	return complete
}

// interestApplied looks whether all peers have applied an interest. If not, it says whether it is worth waiting, and for
// what.
func (m *Mesh) interestApplied(bucket int, seq uint64) (complete, reachable bool, wait <-chan struct{}) {
	m.log.mu.Lock()
	defer m.log.mu.Unlock()
	complete = true
	for _, p := range m.allPeers() {
		if p.follower.hasApplied(bucket, seq) {
			continue
		}
		if p.isGone() {
			p.follower.skip()
			continue
		}
		complete = false
		if s := p.sender.Status(); s.State != link.StateLinked && time.Since(s.Since) > m.cfg.Tuning.InterestTimeout {
			return false, false, nil
		}
	}
	if complete {
		return true, true, nil
	}
	return false, true, m.log.waitChannel()
}

// AwaitRoom pauses a publisher while a link is over its publish budget, for [Tuning.Pause] at the most, or until ctx is done.
// Call it before every publish.
func (m *Mesh) AwaitRoom(ctx context.Context) {
	m.notePublish()
	h, left := m.pauses.current()
	if h == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, m.pauses.limit)
	defer cancel()
	for h != nil && ctx.Err() == nil {
		timer := time.NewTimer(left)
		select {
		case <-h.released:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		h, left = m.pauses.current()
	}
}

// notePublish notes that this boot has accepted a publish, also when nobody elsewhere wanted it: somebody may have wanted it
// whose interest was not known here yet.
func (m *Mesh) notePublish() {
	if !m.published.Load() {
		m.published.Store(true)
	}
}
