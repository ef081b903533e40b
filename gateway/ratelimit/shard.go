package ratelimit

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A shard is some of the keys: a map to find them, and a list from the one used last to the one idle for longest.
type shard[K comparable] struct {
	mu          sync.Mutex
	entries     map[K]*entry[K]
	first, last *entry[K]
}

type entry[K comparable] struct {
	key        K
	limiter    *rate.Limiter
	used       time.Time
	prev, next *entry[K]
}

// forgetAtOnce is how many keys one call forgets: more than it may add, so that what was added in a storm goes away, and few, so
// that nobody waits for it.
const forgetAtOnce = 2

// forgetIdle forgets keys whose buckets must be full again: it makes no difference to them. The lock is held.
func (s *shard[K]) forgetIdle(now time.Time, idle time.Duration) {
	for range forgetAtOnce {
		if s.last == nil || now.Sub(s.last.used) < idle {
			return
		}
		s.remove(s.last)
	}
}

func (s *shard[K]) remove(e *entry[K]) {
	delete(s.entries, e.key)
	s.unlink(e)
}

func (s *shard[K]) toFront(e *entry[K]) {
	if s.first != e {
		s.unlink(e)
		s.link(e)
	}
}

// link puts an entry to the front.
func (s *shard[K]) link(e *entry[K]) {
	e.prev, e.next = nil, s.first
	if s.first != nil {
		s.first.prev = e
	} else {
		s.last = e
	}
	s.first = e
}

func (s *shard[K]) unlink(e *entry[K]) {
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		s.first = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	} else {
		s.last = e.prev
	}
	e.prev, e.next = nil, nil
}
