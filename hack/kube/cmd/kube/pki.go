package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

// authority signs the certificates of one cluster. It lives no longer than the start: its key is not stored.
type authority struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
	pem         []byte
}

// pair is a certificate with its key, both in PEM.
type pair struct{ certificate, key []byte }

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := certificate("starling-kube", nil)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{key: key, certificate: parsed, pem: encode("CERTIFICATE", der)}, nil
}

// issue makes a certificate for a client, or with names and addresses for a server, too.
func (a *authority) issue(user string, groups, names []string, addresses ...net.IP) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	template := certificate(user, groups)
	template.DNSNames, template.IPAddresses = names, addresses
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if len(names)+len(addresses) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return pair{}, err
	}
	private, err := privatePEM(key)
	return pair{certificate: encode("CERTIFICATE", der), key: private}, err
}

// certificate is a template; the clocks of a laptop and its virtual machine may differ a little.
func certificate(user string, groups []string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: user, Organization: groups},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(30 * 24 * time.Hour),
	}
}

// privatePEM uses the older of two forms: of the newer, kube-apiserver cannot tell the public key of service accounts.
func privatePEM(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	return encode("EC PRIVATE KEY", der), err
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// writePKI writes the keys, the certificates and a kubeconfig for each client.
func (c *cluster) writePKI(port string, nodes int) error {
	ca, err := newAuthority()
	if err != nil {
		return err
	}
	server, err := ca.issue("kube-apiserver", nil,
		[]string{"localhost", nodeName(controlNode), "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"},
		net.ParseIP("127.0.0.1"), net.ParseIP(nodeAddress(controlNode)), net.ParseIP(firstService))
	if err != nil {
		return err
	}
	toKubelet, err := ca.issue("kube-apiserver-kubelet-client", []string{"system:masters"}, nil)
	if err != nil {
		return err
	}
	account, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	accountPEM, err := privatePEM(account)
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{
		"ca.crt": ca.pem, "apiserver.crt": server.certificate, "apiserver.key": server.key,
		"kubelet-client.crt": toKubelet.certificate, "kubelet-client.key": toKubelet.key, "service-account.key": accountPEM,
	} {
		if err := os.WriteFile(c.pki(name), text, 0o600); err != nil {
			return err
		}
	}
	local, remote := net.JoinHostPort("127.0.0.1", port), net.JoinHostPort(nodeAddress(controlNode), port)
	clients := []apiClient{
		{c.kubeconfig(), local, "admin", []string{"system:masters"}},
		{c.pki("controller-manager.conf"), local, "system:kube-controller-manager", nil},
		{c.pki("scheduler.conf"), local, "system:kube-scheduler", nil},
		{c.pki("proxy.conf"), remote, "system:kube-proxy", nil},
	}
	for number := controlNode; number <= nodes; number++ {
		name := nodeName(number)
		clients = append(clients, apiClient{c.pki(name + ".conf"), remote, "system:node:" + name, []string{"system:nodes"}})
	}
	for _, client := range clients {
		issued, err := ca.issue(client.user, client.groups, nil)
		if err != nil {
			return err
		}
		if err := os.WriteFile(client.path, kubeconfig(c.name, client.server, ca.pem, issued), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// apiClient is who gets a kubeconfig, where, and how it reaches the API server.
type apiClient struct {
	path, server, user string
	groups             []string
}

func (c *cluster) pki(name string) string { return c.path("pki", name) }

func kubeconfig(name, server string, ca []byte, client pair) []byte {
	text := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: starling-kube-%[1]s
clusters:
- name: starling-kube-%[1]s
  cluster: {server: "https://%[2]s", certificate-authority-data: %[3]s}
users:
- name: starling-kube-%[1]s
  user: {client-certificate-data: %[4]s, client-key-data: %[5]s}
contexts:
- name: starling-kube-%[1]s
  context: {cluster: starling-kube-%[1]s, user: starling-kube-%[1]s}
`, name, server, text(ca), text(client.certificate), text(client.key))
}
