package mesh

import (
	"sync"
	"time"

	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/gateway/tracing"
)

// maxGapChannels bounds the channels that a gap frame names. When publishes to more are dropped, it stands for all.
const maxGapChannels = 1000

// A publishQueue decides what becomes of publishes to one peer: they are queued, publishers pause, or they are dropped and
// the peer is told that there is a gap.
type publishQueue struct {
	sender  frameSender
	metrics *metrics
	// high is where publishers begin to pause, low where they go on; both in bytes.
	high, low int
	// pauses counts the peers that publishers wait for.
	pauses *pauseGate

	mu sync.Mutex
	// gaps are the channels whose publishes were dropped; allGaps stands for all channels.
	gaps    map[string]struct{}
	allGaps bool
	// congested says that the queue went over high and has not come down to low; release ends the pause for it.
	congested bool
	release   func()
	timed     timed
}

// A timed is the one publish of a queue whose way to the peer is measured at present. One at a time costs next to nothing, and shows
// how the link is as well as all would.
type timed struct {
	seq   uint64 // of the link's frame; 0: none
	at    time.Time
	trace string
}

func newPublishQueue(s frameSender, budget int, pauses *pauseGate, m *metrics) publishQueue {
	return publishQueue{sender: s, metrics: m, high: budget / 4 * 3, low: budget / 2, pauses: pauses}
}

// send queues a publish to a channel, or drops it. It does not block. The trace is the publish's, if it is traced.
func (q *publishQueue) send(channel string, body []byte, trace string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	pending := q.sender.Pending(link.ClassPublish)
	if q.hasGaps() && (pending > q.low || !q.sendGaps()) {
		q.drop(channel)
		return
	}
	seq, err := q.sender.Enqueue(link.ClassPublish, kindPublish, body)
	if err != nil {
		q.drop(channel)
		return
	}
	q.metrics.publishesOut.Inc()
	if q.timed.seq == 0 {
		q.timed = timed{seq, time.Now(), trace}
	}
	if pending+len(body) > q.high && !q.congested {
		q.congested = true
		q.release = q.pauses.begin()
	}
}

// lose notes that publishes to every channel may not reach the peer.
func (q *publishQueue) lose() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.allGaps = true
	q.metrics.publishesDropped.Inc()
}

// gapAll tells the peer that publishes to every channel may be lost, as soon as there is room.
func (q *publishQueue) gapAll() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.allGaps = true
	if q.sender.Pending(link.ClassPublish) <= q.low {
		q.sendGaps()
	}
}

func (q *publishQueue) drop(channel string) {
	q.metrics.publishesDropped.Inc()
	if q.gaps == nil {
		q.gaps = make(map[string]struct{})
	}
	if len(q.gaps) < maxGapChannels {
		q.gaps[channel] = struct{}{}
	} else if _, known := q.gaps[channel]; !known {
		q.allGaps = true
	}
}

func (q *publishQueue) hasGaps() bool { return q.allGaps || len(q.gaps) > 0 }

// sendGaps tells the peer what was dropped. It reports whether the link took it.
func (q *publishQueue) sendGaps() bool {
	var g gapFrame
	if !q.allGaps {
		for name := range q.gaps {
			g.channels = append(g.channels, name)
		}
	}
	if _, err := q.sender.EnqueueForced(link.ClassPublish, kindGap, g.encode()); err != nil {
		return false
	}
	q.allGaps, q.gaps = false, nil
	return true
}

// acked notes what the peer has applied.
func (q *publishQueue) acked(acked uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if t := q.timed; t.seq != 0 && acked >= t.seq {
		q.timed = timed{}
		tracing.Observe(q.metrics.publishAck, time.Since(t.at).Seconds(), t.trace)
	}
	q.relieve()
}

// drained looks at the queue after the peer may have applied something.
func (q *publishQueue) drained() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.relieve()
}

// relieve ends the pause and tells of the gaps once there is room. The lock is held.
func (q *publishQueue) relieve() {
	if !q.congested && !q.hasGaps() || q.sender.Pending(link.ClassPublish) > q.low {
		return
	}
	q.endCongestion()
	if q.hasGaps() {
		q.sendGaps()
	}
}

// reset forgets what the new stream says anyhow: that everything may be lost.
func (q *publishQueue) reset() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.allGaps, q.gaps = false, nil
	q.timed = timed{}
	q.endCongestion()
}

// close ends the pause for this peer.
func (q *publishQueue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.endCongestion()
}

func (q *publishQueue) endCongestion() {
	if q.congested {
		q.congested = false
		q.release()
	}
}

// A pauseGate makes publishers wait while a peer's link is over its budget, for limit at most.
type pauseGate struct {
	limit time.Duration

	mu    sync.Mutex
	holds map[*hold]struct{}
}

// A hold is one peer's wish that publishers wait.
type hold struct {
	since    time.Time
	released chan struct{}
}

func newPauseGate(limit time.Duration) *pauseGate {
	return &pauseGate{limit: limit, holds: make(map[*hold]struct{})}
}

// begin makes publishers wait until the returned function is called.
func (g *pauseGate) begin() (release func()) {
	h := &hold{since: time.Now(), released: make(chan struct{})}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.holds[h] = struct{}{}
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.holds, h)
		close(h.released)
	}
}

// current returns a hold whose time is not up, and how long it has left.
func (g *pauseGate) current() (*hold, time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for h := range g.holds {
		if left := g.limit - time.Since(h.since); left > 0 {
			return h, left
		}
	}
	return nil, 0
}
