package mesh

import (
	"sync"

	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/hub"
)

// A presenceLog is the single-writer log of this boot's entries. It keeps no history: a change goes to the followers that
// are in step in its bucket, and the others get the bucket as a whole later. Lock order: a hub's channel, then the log,
// then a link.
type presenceLog struct {
	mu        sync.Mutex
	seq       uint64
	digest    hub.Digest
	followers map[*follower]struct{}
	// pastResyncs counts those of followers that are gone.
	pastResyncs uint64
	// applied is closed and replaced when a follower has applied something, if somebody waits for that.
	applied chan struct{}
}

func newPresenceLog() *presenceLog {
	return &presenceLog{followers: make(map[*follower]struct{})}
}

// append records a change and sends it to the followers. The channel's lock is held.
func (l *presenceLog) append(d hub.Delta) uint64 {
	bucket := hub.Bucket(d.Channel)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	l.digest = l.digest.Toggle(d)
	var body []byte
	for f := range l.followers {
		if !f.buckets[bucket].inStep {
			continue
		}
		if body == nil {
			body = encodeDelta(l.seq, d)
		}
		f.sendDelta(bucket, l.seq, body)
	}
	return l.seq
}

// position returns the log's length and digest.
func (l *presenceLog) position() checkpoint {
	l.mu.Lock()
	defer l.mu.Unlock()
	return checkpoint{l.seq, l.digest}
}

func (l *presenceLog) follow(f *follower) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.followers[f] = struct{}{}
}

func (l *presenceLog) unfollow(f *follower) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.followers[f]; ok {
		delete(l.followers, f)
		l.pastResyncs += f.resyncs
	}
	l.wakeWaiters()
}

// sendBucket sends the entries of a bucket as they are now; from here on its changes follow. A channel's lock of the bucket
// is held, so no change comes in between.
func (l *presenceLog) sendBucket(f *follower, bucket int, state hub.BucketState) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.stale {
		return nil
	}
	var linkSeq uint64
	for _, part := range bucketParts(bucket, l.seq, state) {
		var err error
		if linkSeq, err = f.sender.EnqueueForced(link.ClassState, kindBucket, part.encode()); err != nil {
			return err
		}
		if !f.noteSent(linkSeq) {
			return nil
		}
	}
	b := &f.buckets[bucket]
	if !b.inStep {
		b.inStep = true
		f.outOfStep--
	}
	b.linkSeq, b.logSeq = linkSeq, l.seq
	return nil
}

// sendInStep tells the receiver that it holds everything, if that is so. It reports whether there is nothing left to do.
func (l *presenceLog) sendInStep(f *follower) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.stale {
		return true
	}
	if f.outOfStep > 0 {
		return false
	}
	// Not forced: between two streams it would be the first frame of the new one, before any bucket. If there is no room the
	// feeder comes again when there is.
	f.inStepAt = 0
	if seq, err := f.sender.Enqueue(link.ClassState, kindInStep, checkpoint{l.seq, l.digest}.encode()); err == nil {
		f.inStepAt, f.lastLink = seq, seq
	}
	return true
}

// sendCheckpoint lets the receiver compare, if it should hold everything.
func (l *presenceLog) sendCheckpoint(f *follower) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f.outOfStep > 0 || f.inStepAt == 0 {
		return
	}
	// A checkpoint that finds no room is not needed: the link is busy with what it would prove.
	if seq, err := f.sender.Enqueue(link.ClassState, kindCheckpoint, checkpoint{l.seq, l.digest}.encode()); err == nil {
		f.lastLink = seq
	}
}

// wakeWaiters lets everybody look again who waits for followers to apply something. The lock is held.
func (l *presenceLog) wakeWaiters() {
	if l.applied != nil {
		close(l.applied)
		l.applied = nil
	}
}

// waitChannel returns a channel that is closed when a follower has applied something. The lock is held.
func (l *presenceLog) waitChannel() <-chan struct{} {
	if l.applied == nil {
		l.applied = make(chan struct{})
	}
	return l.applied
}

// resyncs counts the buckets that fell out of step because a change found no room.
func (l *presenceLog) resyncs() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.pastResyncs
	for f := range l.followers {
		n += f.resyncs
	}
	return n
}
