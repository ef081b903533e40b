package keyring

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"time"
)

// A keySet are the keys of one moment, the primary one first. Its lists never change.
type keySet struct {
	members []*member
	// trusted holds the authorities of all keys.
	trusted *x509.CertPool
}

// A member is one key and what it gives.
type member struct {
	key       Key
	id        string
	token     string
	authority authority
	// pool holds the authority alone.
	pool *x509.CertPool
	// leaf is this boot's certificate; issued is when, so that it can be renewed. They belong to the keyring's lock.
	leaf   *tls.Certificate
	issued time.Time
}

// newSet makes the set of some keys, with the members that it has already. The lock is held.
func (r *Keyring) newSet(keys []Key, now time.Time) (*keySet, error) {
	set := &keySet{trusted: x509.NewCertPool()}
	for _, key := range keys {
		m := r.set.member(key)
		if m == nil {
			var err error
			if m, err = r.newMember(key, now); err != nil {
				return nil, err
			}
		}
		set.members = append(set.members, m)
		set.trusted.AddCert(m.authority.cert)
	}
	return set, nil
}

func (r *Keyring) newMember(key Key, now time.Time) (*member, error) {
	a, err := newAuthority(key)
	if err != nil {
		return nil, err
	}
	m := &member{key: key, id: key.ID(), token: key.AdminToken(), authority: a, pool: x509.NewCertPool(), issued: now}
	m.pool.AddCert(a.cert)
	if m.leaf, err = a.issue(r.id, now); err != nil {
		return nil, err
	}
	return m, nil
}

func (s *keySet) member(key Key) *member {
	for _, m := range s.members {
		if m.key == key {
			return m
		}
	}
	return nil
}

// signedBy returns the member whose authority has this name, or nil.
func (s *keySet) signedBy(subject []byte) *member {
	for _, m := range s.members {
		if bytes.Equal(m.authority.cert.RawSubject, subject) {
			return m
		}
	}
	return nil
}

func (s *keySet) listed() []Key {
	var keys []Key
	for _, m := range s.members {
		keys = append(keys, m.key)
	}
	return keys
}

func (s *keySet) ids() []string {
	var ids []string
	for _, m := range s.members {
		ids = append(ids, m.id)
	}
	return ids
}

// certificate returns this boot's leaf of a key, issued anew when it is a day old or was issued in what is now the future.
func (r *Keyring) certificate(m *member) (*tls.Certificate, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// Round strips the monotonic clock: certificates are about the wall clock.
	if age := time.Now().Round(0).Sub(m.issued.Round(0)); age < 0 || age > leafRenewal {
		now := time.Now()
		leaf, err := m.authority.issue(r.id, now)
		if err != nil {
			return nil, err
		}
		m.leaf, m.issued = leaf, now
	}
	return m.leaf, nil
}
