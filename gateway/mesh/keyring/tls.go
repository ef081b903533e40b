package keyring

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/starling-realtime/starling/hub"
)

// Errors of a handshake, to be tested with errors.Is. The returned errors say what was found and what was wanted.
var (
	// ErrUntrusted says that no key of the cluster signed the peer's certificate.
	ErrUntrusted = errors.New("certificate is not signed by a key of this cluster, check that both sides have the same keys")
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

// protocolPrefix begins the ALPN names by which a client tells the server which keys it holds. They are part of the wire
// format: never change them.
const protocolPrefix = "starling-key-"

// ServerConfig returns the configuration for accepting peers of any boot of the cluster: TLS 1.3 only, a client
// certificate required. It follows later changes of the keys.
//
// A connection is made with one key: the first of the client's that the server holds too. So two gateways can talk while
// they have any key in common, whichever is primary at each.
func (r *Keyring) ServerConfig() *tls.Config {
	c := baseConfig()
	c.VerifyConnection = func(state tls.ConnectionState) error {
		_, err := r.verify(state, x509.ExtKeyUsageClientAuth)
		return err
	}
	verify := c.VerifyConnection
	c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		common := r.current().common(hello.SupportedProtos)
		leaf, err := r.certificate(common)
		if err != nil {
			return nil, err
		}
		c := baseConfig()
		c.Certificates = []tls.Certificate{*leaf}
		// The pool only tells the client which certificate to send; VerifyConnection is what checks it.
		c.ClientAuth, c.ClientCAs = tls.RequireAnyClientCert, common.pool
		c.VerifyConnection = verify
		return c, nil
	}
	return c
}

// common returns the first key that a client offers and the set holds, or the primary one.
func (s *keySet) common(offered []string) *member {
	for _, protocol := range offered {
		id, ok := strings.CutPrefix(protocol, protocolPrefix)
		if !ok {
			continue
		}
		for _, m := range s.members {
			if m.id == id {
				return m
			}
		}
	}
	return s.members[0]
}

// ClientConfig returns the configuration for one connection to the peer that must be boot expect; 0 is any boot. It offers
// the keys of now.
func (r *Keyring) ClientConfig(expect hub.Boot) *tls.Config {
	c := baseConfig()
	for _, id := range r.IDs() {
		c.NextProtos = append(c.NextProtos, protocolPrefix+id)
	}
	// The standard check wants a host name; VerifyConnection checks what matters here, and more.
	c.InsecureSkipVerify = true
	c.GetClientCertificate = func(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		set := r.current()
		for _, subject := range request.AcceptableCAs {
			if m := set.signedBy(subject); m != nil {
				return r.certificate(m)
			}
		}
		return r.certificate(set.members[0])
	}
	c.VerifyConnection = func(state tls.ConnectionState) error {
		boot, err := r.verify(state, x509.ExtKeyUsageServerAuth)
		if err != nil {
			return err
		}
		if expect != 0 && boot != expect {
			return fmt.Errorf("%w: it is %s, want %s", ErrWrongBoot, boot, expect)
		}
		return nil
	}
	return c
}

// baseConfig has no session tickets, so that each handshake proves everything again, and full-size records from the
// start, since links carry bulk.
func baseConfig() *tls.Config {
	return &tls.Config{
		MinVersion:                  tls.VersionTLS13,
		SessionTicketsDisabled:      true,
		DynamicRecordSizingDisabled: true,
	}
}

// verify checks the peer's certificate against the current keys and returns its boot. Trust comes before dates, so that a
// stranger's certificate is never called merely expired.
func (r *Keyring) verify(state tls.ConnectionState, usage x509.ExtKeyUsage) (hub.Boot, error) {
	if len(state.PeerCertificates) == 0 {
		return 0, fmt.Errorf("%w: none was sent", ErrUntrusted)
	}
	leaf := state.PeerCertificates[0]
	opts := x509.VerifyOptions{
		Roots:         r.current().trusted,
		Intermediates: x509.NewCertPool(),
		CurrentTime:   leaf.NotBefore,
		KeyUsages:     []x509.ExtKeyUsage{usage},
	}
	if _, err := leaf.Verify(opts); err != nil {
		return 0, ErrUntrusted
	}
	if now := time.Now(); now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		return 0, fmt.Errorf("%w: it is valid from %s to %s, and here it is %s", ErrExpired,
			leaf.NotBefore.Format(time.RFC3339), leaf.NotAfter.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	id, err := identityOf(leaf)
	if err != nil {
		return 0, err
	}
	if id.Cluster != r.id.Cluster {
		return 0, fmt.Errorf("%w: it is of %q, want %q", ErrWrongCluster, id.Cluster, r.id.Cluster)
	}
	return id.Boot, nil
}

// PeerBoot returns the boot that the peer of a completed handshake proved to be. It is only meaningful for connections
// made with a keyring's configuration; [ErrNoIdentity] says that this is none.
func PeerBoot(state tls.ConnectionState) (hub.Boot, error) {
	if !state.HandshakeComplete || len(state.PeerCertificates) == 0 {
		return 0, fmt.Errorf("%w: there was no complete mutual handshake", ErrNoIdentity)
	}
	id, err := identityOf(state.PeerCertificates[0])
	if err != nil {
		return 0, err
	}
	return id.Boot, nil
}

// KeyID returns the id of the key with which a connection was made; empty when that is none that is accepted now.
func (r *Keyring) KeyID(state tls.ConnectionState) string {
	if len(state.PeerCertificates) == 0 {
		return ""
	}
	if m := r.current().signedBy(state.PeerCertificates[0].RawIssuer); m != nil {
		return m.id
	}
	return ""
}
