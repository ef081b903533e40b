package keyring

import (
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// A Keyring holds the cluster's keys and this boot's certificate. All methods are safe for concurrent use.
type Keyring struct {
	id Identity

	mu  sync.Mutex
	set *keySet
	// leaf is the primary key's; issued is when, so that it can be renewed.
	leaf   *tls.Certificate
	issued time.Time
}

// A keySet is immutable.
type keySet struct {
	keys    []Key
	primary authority
	// trusted holds the authorities of all keys.
	trusted *x509.CertPool
	tokens  []string
}

// New returns a keyring with the given keys, the first one primary. It fails when there is no key, on a bad cluster name
// and on a zero boot.
func New(id Identity, keys []Key) (*Keyring, error) {
	if err := CheckCluster(id.Cluster); err != nil {
		return nil, err
	}
	if id.Boot == 0 {
		return nil, errors.New("boot is zero, want a random number")
	}
	r := &Keyring{id: id}
	if err := r.Set(keys); err != nil {
		return nil, err
	}
	return r, nil
}

// Set replaces the keys, the first one primary, for all later handshakes. Two gateways can talk while each one's primary
// key is in the other one's list. On an error nothing has changed.
func (r *Keyring) Set(keys []Key) error {
	set, err := newKeySet(keys)
	if err != nil {
		return err
	}
	now := time.Now()
	leaf, err := set.primary.issue(r.id, now)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set, r.leaf, r.issued = set, leaf, now
	return nil
}

func newKeySet(keys []Key) (*keySet, error) {
	if len(keys) == 0 || len(keys) > MaxKeys {
		return nil, fmt.Errorf("%d mesh keys given, want 1 to %d", len(keys), MaxKeys)
	}
	set := &keySet{keys: slices.Clone(keys), trusted: x509.NewCertPool()}
	for i, key := range keys {
		if key == (Key{}) {
			return nil, fmt.Errorf("mesh key %d is the zero key, want a random one", i+1)
		}
		a, err := newAuthority(key)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			set.primary = a
		}
		set.trusted.AddCert(a.cert)
		set.tokens = append(set.tokens, key.AdminToken())
	}
	return set, nil
}

func (r *Keyring) current() *keySet {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.set
}

// certificate returns this boot's leaf, issued anew when it is a day old or was issued in what is now the future.
func (r *Keyring) certificate() (*tls.Certificate, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// Round strips the monotonic clock: certificates are about the wall clock.
	if age := time.Now().Round(0).Sub(r.issued.Round(0)); age < 0 || age > leafRenewal {
		now := time.Now()
		leaf, err := r.set.primary.issue(r.id, now)
		if err != nil {
			return nil, err
		}
		r.leaf, r.issued = leaf, now
	}
	return r.leaf, nil
}

// MemberlistKeys returns memberlist's 32-byte keys, the primary one first. They are secrets.
func (r *Keyring) MemberlistKeys() [][]byte {
	var out [][]byte
	for _, key := range r.current().keys {
		out = append(out, derive(key.secret[:], infoMemberlist))
	}
	return out
}

// AdminToken returns the bearer token of the primary key. It is a secret.
func (r *Keyring) AdminToken() string { return r.current().tokens[0] }

// CheckAdminToken reports whether token is the bearer token of any current key, in constant time.
func (r *Keyring) CheckAdminToken(token string) bool {
	found := 0
	for _, want := range r.current().tokens {
		found |= subtle.ConstantTimeCompare([]byte(token), []byte(want))
	}
	return found == 1
}
