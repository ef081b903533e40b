package keyring

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"

	"github.com/starling-realtime/starling/hub"
)

// scheme is that of the URI by which a certificate names its boot.
const scheme = "starling"

// An Identity is who this process is.
type Identity struct {
	// Cluster is the cluster's name: see [CheckCluster].
	Cluster string
	// Boot is this life of the process.
	Boot hub.Boot
}

// String returns the identity as the URI that certificates carry.
func (id Identity) String() string { return id.uri().String() }

func (id Identity) uri() *url.URL {
	return &url.URL{Scheme: scheme, Host: id.Cluster, Path: "/" + id.Boot.String()}
}

// clusterName admits what can be the host of a URI without escapes.
var clusterName = regexp.MustCompile(`^[A-Za-z0-9]([-_A-Za-z0-9]|\.[-_A-Za-z0-9])*$`)

// maxCluster bounds a cluster's name, in bytes; Kubernetes names are no longer either.
const maxCluster = 63

// CheckCluster reports why a name cannot be a cluster's, or nil: 1 to 63 letters, digits, '-', '_' and '.', beginning
// with a letter or digit, ending with no dot, without two dots in a row.
func CheckCluster(name string) error {
	if len(name) > maxCluster || !clusterName.MatchString(name) {
		return fmt.Errorf("cluster name %.80q: want 1 to %d letters, digits, '-', '_' or single '.', the first one a letter or digit",
			name, maxCluster)
	}
	return nil
}

// identityOf reads the identity that a certificate claims.
func identityOf(leaf *x509.Certificate) (Identity, error) {
	if len(leaf.URIs) != 1 {
		return Identity{}, fmt.Errorf("%w: it has %d URIs, want one", ErrNoIdentity, len(leaf.URIs))
	}
	id, err := parseIdentity(leaf.URIs[0])
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrNoIdentity, err)
	}
	return id, nil
}

// parseIdentity accepts only what [Identity.uri] produces, so that two spellings of one identity cannot differ in a check.
func parseIdentity(u *url.URL) (Identity, error) {
	if len(u.Path) != 1+16 {
		return Identity{}, errors.New("want starling://<cluster>/<boot> with 16 hexadecimal digits of boot")
	}
	boot, err := strconv.ParseUint(u.Path[1:], 16, 64)
	if err != nil || boot == 0 {
		return Identity{}, errors.New("want a boot of 16 hexadecimal digits, not all zero")
	}
	id := Identity{Cluster: u.Host, Boot: hub.Boot(boot)}
	if err := CheckCluster(id.Cluster); err != nil {
		return Identity{}, err
	}
	if id.String() != u.String() {
		return Identity{}, fmt.Errorf("want it spelled %s", id)
	}
	return id, nil
}
