package dedupe

import (
	"cmp"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Options configure a [Cache]. A field that is zero or less has its default.
type Options struct {
	// TTL is how long a key is remembered from its first use. Default 2 minutes.
	TTL time.Duration
	// MaxEntries bounds the keys remembered at a time. Default 100,000; at most 2^31.
	MaxEntries int
}

const (
	defaultTTL        = 2 * time.Minute
	defaultMaxEntries = 100_000
)

// A Cache remembers publish keys. Its methods are safe for concurrent use. It has no goroutine and needs no closing.
type Cache struct {
	ttl    time.Duration
	start  time.Time
	hasher hasher

	// One lock is enough: a call holds it for some 100 ns, and several locks would each need a bound of their own, so that
	// keys were forgotten before the whole cache is full.
	mu         sync.Mutex
	index      map[digest]uint32 // sequence numbers in ring
	ring       ring
	bound      int // most entries
	duplicates uint64
	evictions  uint64
}

// New returns an empty cache. Memory is taken as entries come.
func New(opts Options) *Cache {
	ttl, bound := max(0, opts.TTL), max(0, opts.MaxEntries)
	return &Cache{
		ttl:    cmp.Or(ttl, defaultTTL),
		start:  time.Now(),
		hasher: newHasher(),
		index:  make(map[digest]uint32),
		bound:  min(cmp.Or(bound, defaultMaxEntries), largestRing),
	}
}

// Remember records that a member's publish with this key has the message id mid. When the key was seen within the TTL
// it returns the first message id and true, and changes nothing; else mid and false. An empty key is never a duplicate.
func (c *Cache) Remember(member, channel, key, mid string) (firstMID string, duplicate bool) {
	if key == "" {
		return mid, false
	}
	d := c.hasher.sum(member, channel, key)

	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Since(c.start)
	c.expire(now)
	if seq, ok := c.index[d]; ok {
		c.duplicates++
		return c.ring.at(seq).mid, true
	}
	if c.ring.len == c.bound {
		c.evictions++
		c.forgetOldest()
	}
	c.index[d] = c.ring.push(entry{digest: d, mid: mid, expires: now + c.ttl})
	return mid, false
}

// Len returns the number of keys remembered.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire(time.Since(c.start))
	return c.ring.len
}

// Collector returns the metrics starling_dedupe_*, for the caller to register.
func (c *Cache) Collector() prometheus.Collector { return collector{c} }

// expire forgets what is over. Every entry lives equally long, so the oldest ends first, and each entry is forgotten
// once: the cost a call is constant on average.
func (c *Cache) expire(now time.Duration) {
	for c.ring.len > 0 && c.ring.at(c.ring.oldest).expires <= now {
		c.forgetOldest()
	}
	if c.ring.len == 0 && len(c.ring.slots) > smallestRing {
		c.ring.slots = nil
		c.index = make(map[digest]uint32) // a map never gives back memory by itself
	}
}

func (c *Cache) forgetOldest() { delete(c.index, c.ring.pop().digest) }
