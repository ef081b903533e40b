package keyring

import (
	"crypto/tls"
	"errors"

	"github.com/starling-realtime/starling/hub"
)

// Errors of a handshake, to be tested with errors.Is. The returned errors say what was found and what was wanted.
var (
	// ErrUntrusted says that no key of the cluster signed the peer's certificate.
	ErrUntrusted = errors.New("certificate is not signed by a key of this cluster")
	// ErrExpired says that a key of the cluster signed the peer's certificate, which is not valid now: the clocks
	// differ by days.
	ErrExpired = errors.New("certificate is not valid now, check both clocks")
	// ErrWrongCluster says that the peer belongs to another cluster, with the same key.
	ErrWrongCluster = errors.New("peer belongs to another cluster")
	// ErrWrongBoot says that the peer is a member of the cluster, but not the boot that was expected.
	ErrWrongBoot = errors.New("peer is another boot")
	// ErrNoIdentity says that a key of the cluster signed the peer's certificate, which names no cluster and boot.
	ErrNoIdentity = errors.New("certificate names no cluster and boot")
)

// An Identity is who this process is.
type Identity struct {
	// Cluster is the cluster's name: see [CheckCluster].
	Cluster string
	// Boot is this life of the process.
	Boot hub.Boot
}

// CheckCluster reports why a name cannot be a cluster's, or nil: 1 to 63 letters, digits, '-', '_' and '.', beginning
// and ending with a letter or digit, without two dots in a row.
func CheckCluster(name string) error { panic("todo") }

// A Keyring holds the cluster's keys and this boot's certificate. All methods are safe for concurrent use.
type Keyring struct{}

// New returns a keyring with the given keys, the first one primary. It fails when there is no key, on a bad cluster name
// and on a zero boot.
func New(id Identity, keys []Key) (*Keyring, error) { panic("todo") }

// Set replaces the keys, the first one primary, for all later handshakes. Two gateways can talk while each one's primary
// key is in the other one's list. On an error nothing has changed.
func (r *Keyring) Set(keys []Key) error { panic("todo") }

// MemberlistKeys returns memberlist's 32-byte keys, the primary one first. They are secrets.
func (r *Keyring) MemberlistKeys() [][]byte { panic("todo") }

// AdminToken returns the bearer token of the primary key. It is a secret.
func (r *Keyring) AdminToken() string { panic("todo") }

// CheckAdminToken reports whether token is the bearer token of any current key, in constant time.
func (r *Keyring) CheckAdminToken(token string) bool { panic("todo") }

// ServerConfig returns the configuration for accepting peers of any boot of the cluster: TLS 1.3 only, a client
// certificate required. It follows later calls of Set.
func (r *Keyring) ServerConfig() *tls.Config { panic("todo") }

// ClientConfig returns the configuration for dialing the peer that must be boot expect. It follows later calls of Set.
func (r *Keyring) ClientConfig(expect hub.Boot) *tls.Config { panic("todo") }

// PeerBoot returns the boot that the peer of a completed handshake proved to be, and [ErrNoIdentity] for a connection
// that was not made with a keyring's configuration.
func PeerBoot(state tls.ConnectionState) (hub.Boot, error) { panic("todo") }
