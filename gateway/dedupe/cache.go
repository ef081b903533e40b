package dedupe

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Options configure a [Cache]. The zero value of a field is its default.
type Options struct {
	// TTL is how long a key is remembered from its first use. Default 2 minutes.
	TTL time.Duration
	// MaxEntries bounds the keys remembered at a time. Default 100,000.
	MaxEntries int
}

// A Cache remembers publish keys. Its methods are safe for concurrent use. It has no goroutine and needs no closing.
type Cache struct{}

// New returns an empty cache. Memory is taken as entries come.
func New(opts Options) *Cache { panic("todo") }

// Remember records that a member's publish with this key has the message id mid. When the key was seen within the TTL
// it returns the first message id and true, and changes nothing; else mid and false. An empty key is never a duplicate.
func (c *Cache) Remember(member, channel, key, mid string) (firstMID string, duplicate bool) { panic("todo") }

// Len returns the number of keys remembered.
func (c *Cache) Len() int { panic("todo") }

// Collector returns the metrics starling_dedupe_*, for the caller to register.
func (c *Cache) Collector() prometheus.Collector { panic("todo") }
