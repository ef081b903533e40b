package mesh

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/hub"
)

// replicaState is what this gateway holds of a peer.
type replicaState uint8

const (
	// replicaNone is before the peer's first stream, and after its entries were dropped.
	replicaNone replicaState = iota
	// replicaLive is while the peer is heard.
	replicaLive
	// replicaOrphan is while it is not: its entries are kept until the grace is over.
	replicaOrphan
)

func (s replicaState) String() string {
	switch s {
	case replicaLive:
		return "live"
	case replicaOrphan:
		return "orphan"
	default:
		return "none"
	}
}

// A peer is one boot of another gateway.
type peer struct {
	mesh     *Mesh
	boot     hub.Boot
	node     string
	since    time.Time
	sender   *link.Sender
	follower *follower
	queue    publishQueue

	// stop ends the feeder; feeding waits for it.
	stop    context.CancelFunc
	feeding sync.WaitGroup

	// address is where the peer is dialed; it changes when memberlist or the peer says so.
	address atomic.Pointer[string]
	// lastActivity is when bytes came from the peer last, in nanoseconds since 1970.
	lastActivity atomic.Int64
	// publishedBefore says that publishes were accepted before the link's present stream began.
	publishedBefore atomic.Bool
	// alive is memberlist's word on the peer.
	alive atomic.Bool
	// draining is the peer's own word.
	draining atomic.Bool
	// load is what the peer said that it has and can take; nil: nothing.
	load atomic.Pointer[Load]
	// met says that a link to the peer has worked, and features what the peer then said that it can.
	met      atomic.Bool
	features atomic.Uint64
	// answering counts the peer's questions that are being answered.
	answering atomic.Int32
	// refused says that the peer's port refused the last dial.
	refused atomic.Bool
	// connected is between the acceptance and the end of the peer's connection to this gateway, departing after the peer
	// said goodbye. They change with the apply lock held.
	connected, departing atomic.Bool

	// apply is held while entries of the peer in the hub change. The fields below belong to it.
	apply   sync.Mutex
	replica replica
}

// A replica is this gateway's copy of a peer's entries, and how it stands.
type replica struct {
	state replicaState
	// forgotten says that the links with the peer are being ended.
	forgotten bool
	// gapSent says that the connections were told of this absence.
	gapSent bool
	// silent says that the peer became an orphan without a sign, so that it may have gone on for a while.
	silent bool
	// inStep says that the peer has sent everything once in this stream; known, since there is a replica.
	inStep, known bool
	// resyncAsked is when the peer was asked for everything again.
	resyncAsked time.Time
	// applied is the peer's last change that was applied.
	applied uint64
	// parts are the buckets whose last part has not come.
	parts map[int]hub.BucketState
	// version is the peer's release.
	version string
}

func (p *peer) touch(now time.Time) { p.lastActivity.Store(now.UnixNano()) }

func (p *peer) heardAt() time.Time { return time.Unix(0, p.lastActivity.Load()) }

func (p *peer) addr() string {
	if a := p.address.Load(); a != nil {
		return *a
	}
	return ""
}

// feed keeps the peer's copy of the log in step until ctx is done: buckets that are not are sent, no more at a time than
// half the state budget, and checkpoints at intervals.
func (p *peer) feed(ctx context.Context) {
	defer p.feeding.Done()
	checkpoints := time.NewTicker(p.mesh.cfg.Tuning.Checkpoint)
	defer checkpoints.Stop()
	told := false
	bucket := -1
	for {
		next := p.follower.nextOutOfStep(bucket)
		switch {
		case next < 0 && told:
			bucket = -1
		case next < 0:
			told = p.mesh.log.sendInStep(p.follower)
			continue
		case p.sender.Pending(link.ClassState) < p.mesh.cfg.StateBudget/2:
			told = false
			bucket = next
			p.sendBucket(bucket)
			if ctx.Err() == nil {
				continue
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-p.follower.work:
			told = told && p.follower.told()
		case <-checkpoints.C:
			p.mesh.log.sendCheckpoint(p.follower)
		}
	}
}

func (p *peer) sendBucket(bucket int) {
	p.mesh.hub.LocalBucket(bucket, func(state hub.BucketState) {
		if err := p.mesh.log.sendBucket(p.follower, bucket, state); err != nil {
			// Only a closed link refuses, and then the feeder is about to end.
			p.mesh.logger.Debug("sending a bucket", "peer", p.node, "boot", p.boot, "bucket", bucket, "error", err)
			p.stop()
		}
	})
}

// onLinked notes that the link works.
func (p *peer) onLinked(l link.Linked) {
	p.refused.Store(false)
	p.features.Store(l.Peer.Features)
	p.met.Store(true)
	p.queue.drained()
	p.mesh.changed()
}

// onAck notes what the peer has applied.
func (p *peer) onAck(acked uint64) {
	if p.follower.acked(acked) {
		p.sendGap(0)
	}
	p.queue.acked(acked)
	p.mesh.changed()
}

// onReset notes that the peer holds nothing of this boot any more.
func (p *peer) onReset(r link.Reset) {
	p.mesh.metrics.linkResets.Inc()
	p.mesh.logger.Warn("link begins anew", "peer", p.node, "boot", p.boot, "reason", r.Reason,
		"lost_state", r.LostState, "lost_publishes", r.LostPublish)
	p.queue.reset()
	// After the queue has forgotten its gaps, so that a publish that is dropped now is in a gap or in this flag.
	p.publishedBefore.Store(p.mesh.published.Load())
	p.follower.reset()
	p.mesh.questions.lose(p)
}

// isGone says that the peer is known not to be there: it does not talk to this gateway, and its port refuses or it had said
// goodbye.
func (p *peer) isGone() bool { return !p.connected.Load() && (p.refused.Load() || p.departing.Load()) }

// isOrphan says that the peer has not been heard for too long.
func (p *peer) isOrphan() bool {
	p.apply.Lock()
	defer p.apply.Unlock()
	return p.replica.state == replicaOrphan
}

// onRefused notes that the peer's port refuses.
func (p *peer) onRefused(error) {
	p.refused.Store(true)
	p.mesh.changed()
}
