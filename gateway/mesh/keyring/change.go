package keyring

import (
	"fmt"
	"slices"
	"time"
)

// A Change is what happened to the keys, by their ids: see [Key.ID].
type Change struct {
	// Added are accepted from now on, Dropped are not any more.
	Added, Dropped []string
	// Primary has become the primary key; empty when that is the same as before.
	Primary string
}

// IsZero says that nothing changed.
func (c Change) IsZero() bool { return len(c.Added) == 0 && len(c.Dropped) == 0 && c.Primary == "" }

// List notes that the key file holds these keys from now on. Keys that are new are accepted at once. What else follows is
// done by [Keyring.Advance] when it is due. On an error nothing has changed.
func (r *Keyring) List(keys []Key) (Change, error) {
	if err := checkKeys(keys); err != nil {
		return Change{}, err
	}
	return r.rotate(func(rot *rotation, now time.Time) error { return rot.list(keys, now) })
}

// Advance does what is due of a rotation: a new key that every gateway has had time to learn becomes primary, and one that
// left the file is dropped. Call it every few seconds.
func (r *Keyring) Advance() (Change, error) {
	return r.rotate(func(rot *rotation, now time.Time) error {
		rot.advance(now)
		return nil
	})
}

// Prefer makes the key with the id primary until the file's order decides: that is for a gateway that has just started and
// finds that the others do not know its primary key yet. Without effect once a key was accepted for long enough to be
// primary by itself.
func (r *Keyring) Prefer(id string) (Change, error) {
	return r.rotate(func(rot *rotation, now time.Time) error {
		for _, h := range rot.held {
			if h.key.ID() == id {
				rot.prefer(h.key, now)
			}
		}
		return nil
	})
}

// rotate applies one step of the rotation, or nothing when it fails.
func (r *Keyring) rotate(step func(rot *rotation, now time.Time) error) (Change, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	next := r.rotation.clone()
	if err := step(&next, now); err != nil {
		return Change{}, err
	}
	keys := next.keys()
	if slices.Equal(keys, r.set.listed()) {
		r.rotation = next
		return Change{}, nil
	}
	set, err := r.newSet(keys, now)
	if err != nil {
		return Change{}, err
	}
	change := difference(r.set.ids(), set.ids())
	r.rotation = next
	r.install(set)
	return change, nil
}

// difference compares the accepted keys before and after, the primary one first.
func difference(before, after []string) Change {
	var c Change
	for _, id := range after {
		if !slices.Contains(before, id) {
			c.Added = append(c.Added, id)
		}
	}
	for _, id := range before {
		if !slices.Contains(after, id) {
			c.Dropped = append(c.Dropped, id)
		}
	}
	if before[0] != after[0] {
		c.Primary = after[0]
	}
	return c
}

func checkKeys(keys []Key) error {
	if len(keys) == 0 || len(keys) > MaxKeys {
		return fmt.Errorf("%d mesh keys given, want 1 to %d", len(keys), MaxKeys)
	}
	for i, key := range keys {
		if key == (Key{}) {
			return fmt.Errorf("mesh key %d is the zero key, want a random one", i+1)
		}
	}
	return nil
}
