package ratelimit

import (
	"hash/maphash"
	"time"

	"golang.org/x/time/rate"
)

// shards is how many parts the keys are in, so that few callers wait for the same lock.
const shards = 32

// Options configure a [Keyed].
type Options struct {
	// PerSecond is how often each key is let through on average, more than 0.
	PerSecond int
	// Burst is how often at once; 0: PerSecond, what is let through in a second.
	Burst int
	// Most is how many keys are remembered, rounded up to a multiple of 32.
	Most int
	// OnEvict is called, with a lock held, when a key is forgotten because of Most. It may be nil.
	OnEvict func()
}

// A Keyed limits each key on its own. Nil limits nothing. Methods are safe for concurrent use.
type Keyed[K comparable] struct {
	opts Options
	// idle is how long it takes at most until a bucket is full again.
	idle   time.Duration
	most   int // in a shard
	seed   maphash.Seed
	shards [shards]shard[K]
}

// New returns a Keyed that knows no key yet; nil when nothing is to be limited, which is when PerSecond is 0.
func New[K comparable](opts Options) *Keyed[K] {
	if opts.PerSecond <= 0 {
		return nil
	}
	if opts.Burst == 0 {
		opts.Burst = opts.PerSecond
	}
	l := &Keyed[K]{
		opts: opts, seed: maphash.MakeSeed(), most: (max(1, opts.Most) + shards - 1) / shards,
		idle: time.Duration(float64(opts.Burst) / float64(opts.PerSecond) * float64(time.Second)),
	}
	for i := range l.shards {
		l.shards[i].entries = make(map[K]*entry[K])
	}
	return l
}

// Take lets a key through, or returns how long it takes until there is room for it, if nobody else comes. A call that is not let
// through takes nothing. Times should not go back by much.
func (l *Keyed[K]) Take(key K, now time.Time) (wait time.Duration) {
	if l == nil {
		return 0
	}
	s := &l.shards[maphash.Comparable(l.seed, key)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetIdle(now, l.idle)
	e := s.entries[key]
	if e == nil {
		e = l.add(s, key)
	}
	// A caller may have looked at the clock before another one and come here behind it. The limiter would go back in time, and then
	// count the difference twice.
	if now.Before(e.used) {
		now = e.used
	}
	e.used = now
	s.toFront(e)
	if e.limiter.AllowN(now, 1) {
		return 0
	}
	missing := 1 - e.limiter.TokensAt(now)
	return time.Duration(missing/float64(l.opts.PerSecond)*float64(time.Second)) + 1 // rounded up
}

// Len returns how many keys are remembered.
func (l *Keyed[K]) Len() int {
	if l == nil {
		return 0
	}
	n := 0
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		n += len(s.entries)
		s.mu.Unlock()
	}
	return n
}

// add begins to remember a key. The shard's lock is held.
func (l *Keyed[K]) add(s *shard[K], key K) *entry[K] {
	if len(s.entries) >= l.most {
		s.remove(s.last)
		if l.opts.OnEvict != nil {
			l.opts.OnEvict()
		}
	}
	e := &entry[K]{key: key, limiter: rate.NewLimiter(rate.Limit(l.opts.PerSecond), l.opts.Burst)}
	s.entries[key] = e
	s.link(e)
	return e
}
