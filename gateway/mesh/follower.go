package mesh

import (
	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/hub"
)

// frameSender is the part of [link.Sender] that the log needs.
type frameSender interface {
	Enqueue(class link.Class, kind link.Kind, body []byte) (uint64, error)
	EnqueueForced(class link.Class, kind link.Kind, body []byte) (uint64, error)
	Pending(class link.Class) int
}

// A follower is what the log knows of one peer's copy of it. Its fields belong to the log's lock.
type follower struct {
	log     *presenceLog
	sender  frameSender
	buckets [hub.Buckets]followedBucket
	// outOfStep counts the buckets that are not in step.
	outOfStep int
	// inStepAt is the link's sequence number of the last in-step frame; 0 is none in this stream. lastLink is that of the
	// last frame of any kind that the log sent.
	inStepAt, lastLink uint64
	// stale says that the link has thrown its stream away and is about to say so: until then nothing counts.
	stale bool
	// sent are the log positions of changes that were sent and not acknowledged, with their places in the stream.
	sent []sentDelta
	// ackedLink and ackedLog are the last frame and the last change that the peer has applied.
	ackedLink, ackedLog uint64
	// skipped says that joins were answered without the peer, which was gone; skippedAt is the last change that it missed.
	skipped   bool
	skippedAt uint64
	// resyncs counts the buckets that had to be sent because a change found no room.
	resyncs uint64
	// work holds a token while there is something to do for the peer's feeder.
	work chan struct{}
}

// A followedBucket is what a peer holds of one bucket.
type followedBucket struct {
	// inStep says that the bucket was sent and that every change since was sent too.
	inStep bool
	// linkSeq and logSeq are where the bucket was sent, and up to which change it is good.
	linkSeq, logSeq uint64
}

type sentDelta struct{ linkSeq, logSeq uint64 }

func newFollower(l *presenceLog) *follower {
	return &follower{log: l, outOfStep: hub.Buckets, work: make(chan struct{}, 1)}
}

// sendDelta sends a change. If it finds no room the whole bucket is sent again later. The lock is held.
func (f *follower) sendDelta(bucket int, seq uint64, body []byte) {
	linkSeq, err := f.sender.Enqueue(link.ClassState, kindDelta, body)
	if err != nil {
		f.buckets[bucket].inStep = false
		f.outOfStep++
		f.resyncs++
		f.wake()
		return
	}
	f.lastLink = linkSeq
	f.sent = append(f.sent, sentDelta{linkSeq, seq})
}

// noteSent keeps the number of a frame that was sent whatever the link's state, and reports whether it is in the stream that
// the follower knows of: numbers that begin anew are of one whose beginning has not been told yet. The lock is held.
func (f *follower) noteSent(linkSeq uint64) bool {
	if linkSeq <= max(f.lastLink, f.ackedLink) {
		f.forget()
		f.stale = true
		return false
	}
	f.lastLink = linkSeq
	return true
}

// reset notes that the peer holds nothing of this stream yet.
func (f *follower) reset() {
	f.log.mu.Lock()
	defer f.log.mu.Unlock()
	f.forget()
	f.stale = false
	f.wake()
}

// forget counts nothing as sent. The lock is held.
func (f *follower) forget() {
	for i := range f.buckets {
		f.buckets[i] = followedBucket{}
	}
	f.outOfStep = hub.Buckets
	f.sent = nil
	f.inStepAt, f.lastLink, f.ackedLink, f.ackedLog = 0, 0, 0, 0
}

// resync makes every bucket be sent again, in the same stream.
func (f *follower) resync() {
	f.log.mu.Lock()
	defer f.log.mu.Unlock()
	for i := range f.buckets {
		f.buckets[i].inStep = false
	}
	f.outOfStep = hub.Buckets
	f.wake()
}

// acked notes that the peer has applied the frames up to linkSeq. It reports whether with that it has caught up with what
// it was skipped for.
func (f *follower) acked(linkSeq uint64) (caughtUp bool) {
	f.log.mu.Lock()
	defer f.log.mu.Unlock()
	if f.stale {
		return false
	}
	f.ackedLink = linkSeq
	n := 0
	for n < len(f.sent) && f.sent[n].linkSeq <= linkSeq {
		f.ackedLog = f.sent[n].logSeq
		n++
	}
	f.sent = f.sent[n:]
	if len(f.sent) == 0 {
		f.sent = nil
	}
	f.log.wakeWaiters()
	f.wake()
	if !f.skipped || !f.holds(f.skippedAt) {
		return false
	}
	f.skipped = false
	return true
}

// skip notes that somebody is not waiting for the peer to apply what is in the log. The lock is held.
func (f *follower) skip() { f.skipped, f.skippedAt = true, f.log.seq }

// holds says that the peer holds every bucket with every change up to seq. The lock is held.
func (f *follower) holds(seq uint64) bool {
	if f.outOfStep > 0 || len(f.sent) > 0 && f.sent[0].logSeq <= seq {
		return false
	}
	for i := range f.buckets {
		if f.buckets[i].linkSeq > f.ackedLink {
			return false
		}
	}
	return true
}

// wake lets the feeder look for work.
func (f *follower) wake() {
	select {
	case f.work <- struct{}{}:
	default:
	}
}

// nextOutOfStep returns a bucket that must be sent, or -1.
func (f *follower) nextOutOfStep(after int) int {
	f.log.mu.Lock()
	defer f.log.mu.Unlock()
	if f.outOfStep == 0 || f.stale {
		return -1
	}
	for i := range hub.Buckets {
		bucket := (after + 1 + i) % hub.Buckets
		if !f.buckets[bucket].inStep {
			return bucket
		}
	}
	return -1
}

// hasApplied says that the peer holds the bucket with every change up to seq. The lock is held.
func (f *follower) hasApplied(bucket int, seq uint64) bool {
	b := f.buckets[bucket]
	return b.inStep && b.linkSeq <= f.ackedLink && (b.logSeq >= seq || f.ackedLog >= seq)
}

// told says that the present stream has an in-step frame and nothing fell out of step since.
func (f *follower) told() bool {
	f.log.mu.Lock()
	defer f.log.mu.Unlock()
	return f.inStepAt > 0 && f.outOfStep == 0
}

// inStep says that the peer has applied everything up to the last in-step frame.
func (f *follower) inStep() bool {
	f.log.mu.Lock()
	defer f.log.mu.Unlock()
	return f.inStepAt > 0 && f.inStepAt <= f.ackedLink && f.outOfStep == 0
}
