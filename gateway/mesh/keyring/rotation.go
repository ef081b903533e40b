package keyring

import (
	"fmt"
	"slices"
	"time"
)

// Delays are the waits of a rotation; a zero field takes its default. They are about how differently the key files of the
// gateways age: a mounted Secret reaches all nodes within about two minutes.
type Delays struct {
	// Primary is how long a key has been accepted before it may become primary, so that every gateway knows it before
	// anybody uses it. Default 3 min.
	Primary time.Duration
	// Drop is how long a key is still accepted that has left the file. Default 5 min.
	Drop time.Duration
}

func (d Delays) withDefaults() Delays {
	if d.Primary <= 0 {
		d.Primary = 3 * time.Minute
	}
	if d.Drop <= 0 {
		d.Drop = 5 * time.Minute
	}
	return d
}

// A rotation decides from what the key file lists, and since when, which keys are accepted and which one is primary.
//
// The primary is always a key that is in the file, because a gateway that starts now has no others: it is the first one
// that has been accepted for long enough. While none has, the primary stays; when it has left the file, the key that has
// been accepted for longest takes over at once.
type rotation struct {
	delays  Delays
	held    []heldKey // those in the file first, in its order
	primary Key
}

type heldKey struct {
	key Key
	// since is when it was accepted first, left when it left the file; zero while it is in the file.
	since, left time.Time
}

func newRotation(delays Delays, keys []Key, now time.Time) rotation {
	r := rotation{delays: delays, primary: keys[0]}
	for _, key := range keys {
		r.held = append(r.held, heldKey{key: key, since: now})
	}
	return r
}

// list notes that the file holds these keys from now on. On an error nothing has changed.
func (r *rotation) list(keys []Key, now time.Time) error {
	held := make([]heldKey, 0, len(keys)+len(r.held))
	for _, key := range keys {
		h := heldKey{key: key, since: now}
		if i := r.index(key); i >= 0 {
			h.since = r.held[i].since
		}
		held = append(held, h)
	}
	for _, h := range r.held {
		if slices.Contains(keys, h.key) {
			continue
		}
		if h.left.IsZero() {
			h.left = now
		}
		held = append(held, h)
	}
	if len(held) > MaxKeys {
		return fmt.Errorf("with the keys that have left the file %d mesh keys would be accepted, want at most %d: "+
			"wait until the former ones are dropped", len(held), MaxKeys)
	}
	r.held = held
	r.advance(now)
	return nil
}

// prefer makes a key of the file primary until one that comes before the others has been accepted for long enough. It
// reports whether it did.
func (r *rotation) prefer(key Key, now time.Time) bool {
	i := r.index(key)
	if i < 0 || !r.held[i].left.IsZero() || r.ripe(now) >= 0 {
		return false
	}
	r.primary = key
	return true
}

// advance does what is due.
func (r *rotation) advance(now time.Time) {
	r.held = slices.DeleteFunc(r.held, func(h heldKey) bool { return !h.left.IsZero() && now.Sub(h.left) >= r.delays.Drop })
	if i := r.ripe(now); i >= 0 {
		r.primary = r.held[i].key
		return
	}
	if i := r.index(r.primary); i >= 0 && r.held[i].left.IsZero() {
		return
	}
	oldest := r.held[0] // a file has a key at least
	for _, h := range r.held {
		if h.left.IsZero() && h.since.Before(oldest.since) {
			oldest = h
		}
	}
	r.primary = oldest.key
}

// ripe returns the first key of the file that has been accepted for long enough to be primary, or -1.
func (r *rotation) ripe(now time.Time) int {
	return slices.IndexFunc(r.held, func(h heldKey) bool { return h.left.IsZero() && now.Sub(h.since) >= r.delays.Primary })
}

func (r *rotation) index(key Key) int {
	return slices.IndexFunc(r.held, func(h heldKey) bool { return h.key == key })
}

// keys returns the accepted keys, the primary one first and those that have left the file last.
func (r *rotation) keys() []Key {
	keys := []Key{r.primary}
	for _, h := range r.held {
		if h.key != r.primary {
			keys = append(keys, h.key)
		}
	}
	return keys
}

// clone returns a copy that can change by itself.
func (r *rotation) clone() rotation {
	c := *r
	c.held = slices.Clone(r.held)
	return c
}
