package hub

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
)

// A message is one entry of a log, with the digest of all entries up to it; or one bucket of a snapshot, or the loss of a
// whole boot.
type message struct {
	due    time.Time
	delta  Delta
	bucket int
	state  *BucketState
	drop   bool
	// inStep says that the receiver's digest must be this one afterwards.
	inStep bool
	digest Digest
}

// A netLink carries one node's log to another. While it is cut, what is sent is lost.
type netLink struct {
	from, to *node
	rng      *rand.Rand
	wake     chan struct{}

	mu     sync.Mutex
	queue  []message
	last   time.Time
	cut    bool
	synced bool
	closed bool
}

func (l *netLink) send(m message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut || l.closed {
		return
	}
	m.inStep = l.synced
	delay := time.Duration(l.rng.ExpFloat64() * float64(time.Millisecond))
	if l.rng.IntN(20) == 0 {
		delay += time.Duration(l.rng.Int64N(int64(maxDelay)))
	}
	if m.due = time.Now().Add(min(delay, maxDelay)); m.due.Before(l.last) {
		m.due = l.last
	}
	l.last = m.due
	l.queue = append(l.queue, m)
	l.signal()
}

func (l *netLink) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// next waits for the first message until it is due; false at the end.
func (l *netLink) next() (m message, ok bool) {
	for {
		l.mu.Lock()
		pending, closed := len(l.queue) > 0, l.closed
		if pending {
			m = l.queue[0]
			l.queue = l.queue[1:]
		}
		l.mu.Unlock()
		if pending {
			time.Sleep(time.Until(m.due))
			return m, true
		}
		if closed {
			return message{}, false
		}
		<-l.wake
	}
}

// carry applies messages until the link is closed.
func (l *netLink) carry(t require.TestingT) {
	for {
		m, ok := l.next()
		if !ok {
			return
		}
		l.apply(t, m)
	}
}

func (l *netLink) apply(t require.TestingT, m message) {
	switch {
	case m.drop:
		l.to.hub.DropRemote(l.from.boot)
	case m.state != nil:
		l.to.hub.ReplaceRemote(l.from.boot, m.bucket, *m.state)
	default:
		changed := l.to.hub.ApplyRemote(l.from.boot, m.delta)
		transition := m.delta.Op != OpTyping && m.delta.Op != OpTypingStop
		if m.inStep {
			require.Equal(t, transition, changed, "%s from %s", deltaLine(m.delta), l.from.boot)
		}
	}
	if m.inStep {
		require.Equal(t, m.digest, l.to.hub.RemoteDigest(l.from.boot), "digest of %s at its peer, at one log position", l.from.boot)
	}
}

// fail loses what is sent from now on.
func (l *netLink) fail() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut, l.synced = true, false
}

// repair sends again, and brings the receiver in step with a snapshot of every bucket, each taken between two deltas. The
// receiver may have given up on the sender meanwhile.
func (l *netLink) repair(dropFirst bool) {
	l.mu.Lock()
	l.cut = false
	l.mu.Unlock()
	if dropFirst {
		l.send(message{drop: true})
	}
	for b := range Buckets {
		l.from.hub.LocalBucket(b, func(s BucketState) { l.send(message{bucket: b, state: &s}) })
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.synced = !l.cut
}
