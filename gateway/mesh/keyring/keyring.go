package keyring

import (
	"crypto/subtle"
	"errors"
	"sync"
	"time"
)

// A Keyring holds the cluster's keys and this boot's certificates. All methods are safe for concurrent use.
type Keyring struct {
	id Identity

	mu       sync.Mutex
	rotation rotation
	set      *keySet
	// changed is closed and replaced when the keys change.
	changed chan struct{}
}

// New returns a keyring with the given keys, the first one primary. It fails when there is no key, on a bad cluster name
// and on a zero boot.
func New(id Identity, keys []Key) (*Keyring, error) {
	return NewWithDelays(id, keys, Delays{})
}

// NewWithDelays is New with other delays than the usual ones.
func NewWithDelays(id Identity, keys []Key, delays Delays) (*Keyring, error) {
	if err := CheckCluster(id.Cluster); err != nil {
		return nil, err
	}
	if id.Boot == 0 {
		return nil, errors.New("boot is zero, want a random number")
	}
	r := &Keyring{id: id, set: &keySet{}, changed: make(chan struct{}), rotation: rotation{delays: delays.withDefaults()}}
	if err := r.Set(keys); err != nil {
		return nil, err
	}
	return r, nil
}

// Set replaces the keys at once, the first one primary, for all later handshakes, without the delays of [Keyring.List].
// Two gateways can link while they have a key in common. On an error nothing has changed.
func (r *Keyring) Set(keys []Key) error {
	if err := checkKeys(keys); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	set, err := r.newSet(keys, now)
	if err != nil {
		return err
	}
	r.rotation = newRotation(r.rotation.delays, keys, now)
	r.install(set)
	return nil
}

// install is called with the lock held.
func (r *Keyring) install(set *keySet) {
	r.set = set
	close(r.changed)
	r.changed = make(chan struct{})
}

// Changed returns a channel that is closed at the next change of the keys.
func (r *Keyring) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// IDs returns the ids of the accepted keys, the primary one first. They are no secrets.
func (r *Keyring) IDs() []string { return r.current().ids() }

func (r *Keyring) current() *keySet {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.set
}

// MemberlistKeys returns memberlist's 32-byte keys, the primary one first. They are secrets.
func (r *Keyring) MemberlistKeys() [][]byte {
	var out [][]byte
	for _, m := range r.current().members {
		out = append(out, derive(m.key.secret[:], infoMemberlist))
	}
	return out
}

// AdminToken returns the bearer token of the primary key. It is a secret.
func (r *Keyring) AdminToken() string { return r.current().members[0].token }

// CheckAdminToken reports whether token is the bearer token of any accepted key, in constant time.
func (r *Keyring) CheckAdminToken(token string) bool {
	found := 0
	for _, m := range r.current().members {
		found |= subtle.ConstantTimeCompare([]byte(token), []byte(m.token))
	}
	return found == 1
}
