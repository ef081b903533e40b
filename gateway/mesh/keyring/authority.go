package keyring

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/url"
	"time"
)

// A leaf is valid for a week before and a month after it was issued, and is issued anew after a day: clocks may differ by
// up to a week. Short lives would buy nothing, since who has the key can issue leaves at will; dropping a key is what
// revokes.
const (
	leafSkewBefore = 7 * 24 * time.Hour
	leafSkewAfter  = 30 * 24 * time.Hour
	leafRenewal    = 24 * time.Hour
)

// An authority is the certificate authority of one key. It is the same on every gateway that has the key.
type authority struct {
	cert   *x509.Certificate
	signer ed25519.PrivateKey
}

// newAuthority derives the authority of a key. Its certificate is never sent: only its public key and name matter.
func newAuthority(key Key) (authority, error) {
	signer := ed25519.NewKeyFromSeed(derive(key.secret[:], infoAuthority))
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "starling mesh key " + key.ID()},
		NotBefore:             time.Unix(0, 0),
		NotAfter:              time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		return authority{}, fmt.Errorf("making the certificate of a mesh key: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return authority{}, fmt.Errorf("reading the certificate of a mesh key: %w", err)
	}
	return authority{cert: cert, signer: signer}, nil
}

// issue signs a leaf with a fresh private key, which never leaves the process.
func (a authority) issue(id Identity, now time.Time) (*tls.Certificate, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key for the mesh certificate: %w", err)
	}
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: id.Boot.String()},
		NotBefore:   now.Add(-leafSkewBefore),
		NotAfter:    now.Add(leafSkewAfter),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		URIs:        []*url.URL{id.uri()},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, public, a.signer)
	if err != nil {
		return nil, fmt.Errorf("issuing the mesh certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the mesh certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private, Leaf: leaf}, nil
}
