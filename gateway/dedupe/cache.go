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
	// MaxShare bounds those of one member, so that nobody makes others' be forgotten alone. Default: a tenth of MaxEntries, at least one.
	MaxShare int
}

const (
	defaultTTL        = 2 * time.Minute
	defaultMaxEntries = 100_000
	shares            = 10
)

// A Cache remembers publish keys. Its methods are safe for concurrent use. It has no goroutine and needs no closing.
type Cache struct {
	ttl    time.Duration
	start  time.Time
	hasher hasher

	// One lock is enough: a call holds it for some 100 ns, and several locks would each need a bound of their own, so that
	// keys were forgotten before the whole cache is full.
	mu         sync.Mutex
	index      map[digest]ref
	entries    queues
	bound      int // most entries
	share      int // most of one member
	duplicates uint64
	evictions  uint64
	overShare  uint64
}

// New returns an empty cache. Memory is taken as entries come.
func New(opts Options) *Cache {
	bound := min(cmp.Or(max(0, opts.MaxEntries), defaultMaxEntries), mostEntries)
	return &Cache{
		ttl:    cmp.Or(max(0, opts.TTL), defaultTTL),
		start:  time.Now(),
		hasher: newHasher(),
		index:  make(map[digest]ref),
		bound:  bound,
		share:  cmp.Or(max(0, opts.MaxShare), max(1, bound/shares)),
	}
}

// Remember records that a member's publish with this key has the message id mid. When the key was seen within the TTL
// it returns the first message id and true, and changes nothing; else mid and false. An empty key is never a duplicate. Keys longer than
// [MaxPlainKey] are those of programs, which are trusted: they have no share, in whoever's name they publish.
func (c *Cache) Remember(member, channel, key, mid string) (firstMID string, duplicate bool) {
	if key == "" {
		return mid, false
	}
	plain, body := c.hasher.splitBody(key)
	d := c.hasher.sum(member, channel, plain)

	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Since(c.start)
	c.expire(now)
	if at, ok := c.index[d]; ok {
		c.duplicates++
		return c.entries.at(at).mid, true
	}
	owner, trusted := c.hasher.owner(member), len(key) > MaxPlainKey
	if trusted {
		owner = 0
	}
	switch {
	case !trusted && c.entries.count(owner) >= c.share:
		c.overShare++
		c.forget(c.entries.oldestOf(owner))
	case len(c.index) >= c.bound:
		c.evictions++
		c.forget(c.entries.oldest)
	}
	c.index[d] = c.entries.push(entry{digest: d, owner: owner, mid: mid, body: body, expires: now + c.ttl})
	return mid, false
}

// Conflicts says whether a key of [WithBody] is known to have been used for something else within the TTL. It records nothing.
func (c *Cache) Conflicts(member, channel, key string) bool {
	plain, body := c.hasher.splitBody(key)
	if body == 0 {
		return false
	}
	d := c.hasher.sum(member, channel, plain)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire(time.Since(c.start))
	at, ok := c.index[d]
	if !ok {
		return false
	}
	first := c.entries.at(at).body
	return first != 0 && first != body
}

// Len returns the number of keys remembered.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire(time.Since(c.start))
	return len(c.index)
}

// Collector returns the metrics starling_dedupe_*, for the caller to register.
func (c *Cache) Collector() prometheus.Collector { return collector{c} }

// expire forgets what is over. Every entry lives equally long, so the oldest ends first, and each entry is forgotten
// once: the cost a call is constant on average.
func (c *Cache) expire(now time.Duration) {
	for len(c.index) > 0 && c.entries.at(c.entries.oldest).expires <= now {
		c.forget(c.entries.oldest)
	}
	if len(c.index) == 0 && len(c.entries.slots) > fewEntries {
		c.entries = queues{}
		c.index = make(map[digest]ref) // a map never gives back memory by itself
	}
}

// forget takes out an entry that is the oldest of its member's.
func (c *Cache) forget(at ref) { delete(c.index, c.entries.remove(at).digest) }
