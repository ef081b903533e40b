package keyring

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/hub"
)

func ring(t *testing.T, cluster string, boot hub.Boot, keys ...Key) *Keyring {
	t.Helper()
	r, err := New(Identity{Cluster: cluster, Boot: boot}, keys)
	require.NoError(t, err)
	return r
}

// outcome is what both sides of a handshake saw. The client's error includes what the server answered after it.
type outcome struct {
	server, client error
	serverState    tls.ConnectionState
}

// socketPair returns both ends of a TCP connection: unlike a pipe's, its writes do not wait for reads.
func socketPair(t *testing.T) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	b, err = net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	a, err = l.Accept()
	require.NoError(t, err)
	deadline := time.Now().Add(time.Minute)
	require.NoError(t, a.SetDeadline(deadline))
	require.NoError(t, b.SetDeadline(deadline))
	return a, b
}

// handshake runs TLS, and one byte from server to client, since in TLS 1.3 only that shows a client that it was accepted.
func handshake(t *testing.T, server, client *tls.Config) outcome {
	t.Helper()
	a, b := socketPair(t)
	var out outcome
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = a.Close() }()
		conn := tls.Server(a, server)
		if out.server = conn.Handshake(); out.server == nil {
			out.serverState = conn.ConnectionState()
			_, out.server = conn.Write([]byte{1})
		}
	}()
	conn := tls.Client(b, client)
	if out.client = conn.Handshake(); out.client == nil {
		_, out.client = io.ReadFull(conn, make([]byte, 1))
	}
	_ = b.Close()
	<-done
	return out
}

func TestHandshake(t *testing.T) {
	k1, k2 := keyOf(1), keyOf(2)
	server := ring(t, "prod", 1, k1)
	t.Run("same cluster", func(t *testing.T) {
		out := handshake(t, server.ServerConfig(), ring(t, "prod", 2, k1).ClientConfig(1))
		require.NoError(t, out.server)
		require.NoError(t, out.client)
		boot, err := PeerBoot(out.serverState)
		require.NoError(t, err)
		require.Equal(t, hub.Boot(2), boot)
		require.Equal(t, uint16(tls.VersionTLS13), out.serverState.Version)
	})
	t.Run("wrong key", func(t *testing.T) {
		out := handshake(t, server.ServerConfig(), ring(t, "prod", 2, k2).ClientConfig(1))
		require.ErrorIs(t, out.client, ErrUntrusted)
		require.Error(t, out.server)
	})
	t.Run("client's primary key is unknown to the server", func(t *testing.T) {
		out := handshake(t, server.ServerConfig(), ring(t, "prod", 2, k2, k1).ClientConfig(1))
		require.NoError(t, out.server)
		require.NoError(t, out.client)
		require.Equal(t, k1.ID(), server.KeyID(out.serverState))
	})
	t.Run("server's primary key is unknown to the client", func(t *testing.T) {
		both := ring(t, "prod", 1, k2, k1)
		out := handshake(t, both.ServerConfig(), ring(t, "prod", 2, k1).ClientConfig(1))
		require.NoError(t, out.server)
		require.NoError(t, out.client)
		require.Equal(t, k1.ID(), both.KeyID(out.serverState))
	})
	t.Run("the client's order decides", func(t *testing.T) {
		both := ring(t, "prod", 1, k1, k2)
		out := handshake(t, both.ServerConfig(), ring(t, "prod", 2, k2, k1).ClientConfig(1))
		require.NoError(t, out.server)
		require.Equal(t, k2.ID(), both.KeyID(out.serverState))
	})
	t.Run("client insists on a key that is unknown to the server", func(t *testing.T) {
		stubborn := ring(t, "prod", 2, k2, k1).ClientConfig(1)
		choose := stubborn.GetClientCertificate
		stubborn.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return choose(&tls.CertificateRequestInfo{})
		}
		out := handshake(t, server.ServerConfig(), stubborn)
		require.ErrorIs(t, out.server, ErrUntrusted)
		require.ErrorContains(t, out.client, "bad certificate")
	})
	t.Run("client offers garbage", func(t *testing.T) {
		client := ring(t, "prod", 2, k1).ClientConfig(1)
		client.NextProtos = []string{"h2", protocolPrefix, protocolPrefix + "?"}
		out := handshake(t, server.ServerConfig(), client)
		require.NoError(t, out.server)
		require.NoError(t, out.client)
	})
	t.Run("any boot", func(t *testing.T) {
		require.NoError(t, handshake(t, server.ServerConfig(), ring(t, "prod", 2, k1).ClientConfig(0)).client)
	})
	t.Run("wrong cluster", func(t *testing.T) {
		out := handshake(t, server.ServerConfig(), ring(t, "test", 2, k1).ClientConfig(1))
		require.ErrorIs(t, out.client, ErrWrongCluster)
		require.ErrorContains(t, out.client, `it is of "prod", want "test"`)
	})
	t.Run("wrong cluster seen by the server", func(t *testing.T) {
		client := ring(t, "test", 2, k1).ClientConfig(1)
		client.VerifyConnection = nil
		out := handshake(t, server.ServerConfig(), client)
		require.ErrorIs(t, out.server, ErrWrongCluster)
	})
	t.Run("wrong boot", func(t *testing.T) {
		out := handshake(t, server.ServerConfig(), ring(t, "prod", 2, k1).ClientConfig(3))
		require.ErrorIs(t, out.client, ErrWrongBoot)
		require.ErrorContains(t, out.client, "it is 0000000000000001, want 0000000000000003")
	})
	t.Run("no client certificate", func(t *testing.T) {
		out := handshake(t, server.ServerConfig(), &tls.Config{InsecureSkipVerify: true})
		require.Error(t, out.server)
		require.Error(t, out.client)
	})
	t.Run("old TLS", func(t *testing.T) {
		client := ring(t, "prod", 2, k1).ClientConfig(1)
		client.MinVersion, client.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
		out := handshake(t, server.ServerConfig(), client)
		require.ErrorContains(t, out.server, "unsupported versions")
	})
}

func TestPlaintextIsRefused(t *testing.T) {
	a, b := socketPair(t)
	go func() {
		_, _ = io.WriteString(b, "GET / HTTP/1.1\r\n\r\n")
		_, _ = io.Copy(io.Discard, b)
	}()
	err := tls.Server(a, ring(t, "prod", 1, keyOf(1)).ServerConfig()).Handshake()
	var header tls.RecordHeaderError
	require.ErrorAs(t, err, &header)
	require.NoError(t, a.Close())
	require.NoError(t, b.Close())
}

// TestRotation goes through a rotation of two gateways that are never at the same step.
func TestRotation(t *testing.T) {
	old, next := keyOf(1), keyOf(2)
	a, b := ring(t, "prod", 1, old), ring(t, "prod", 2, old)
	aServer, bServer := a.ServerConfig(), b.ServerConfig()
	good := func() {
		t.Helper()
		for _, out := range []outcome{handshake(t, aServer, b.ClientConfig(1)), handshake(t, bServer, a.ClientConfig(2))} {
			require.NoError(t, out.server)
			require.NoError(t, out.client)
		}
	}
	good()
	for _, keys := range [][]Key{{next, old}, {next}} {
		require.NoError(t, a.Set(keys))
		good()
		require.NoError(t, b.Set(keys))
		good()
	}
	out := handshake(t, aServer, ring(t, "prod", 3, old).ClientConfig(1))
	require.ErrorIs(t, out.client, ErrUntrusted, "the old key is no longer good")
	require.Error(t, a.Set(nil))
	require.Error(t, a.Set([]Key{{}}))
	good()
}

func TestRotationKeepsTokens(t *testing.T) {
	old, next := keyOf(1), keyOf(2)
	r := ring(t, "prod", 1, next, old)
	require.Equal(t, next.AdminToken(), r.AdminToken())
	require.True(t, r.CheckAdminToken(next.AdminToken()))
	require.True(t, r.CheckAdminToken(old.AdminToken()))
	require.False(t, r.CheckAdminToken(keyOf(3).AdminToken()))
	require.False(t, r.CheckAdminToken(""))
	keys := r.MemberlistKeys()
	require.Len(t, keys, 2)
	require.Len(t, keys[0], 32)
	require.NotEqual(t, keys[0], keys[1])
	require.Equal(t, ring(t, "other", 9, next).MemberlistKeys()[0], keys[0])
}

func TestClockSkew(t *testing.T) {
	tests := []struct {
		name string
		// age is how far the server's clock is ahead of the one that issued the client's leaf.
		age time.Duration
		ok  bool
	}{
		{"six days behind", -6 * 24 * time.Hour, true},
		{"29 days ahead", 29 * 24 * time.Hour, true},
		{"eight days behind", -8 * 24 * time.Hour, false},
		{"31 days ahead", 31 * 24 * time.Hour, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := ring(t, "prod", 1, keyOf(1))
			b := ring(t, "prod", 2, keyOf(1))
			leaf, err := b.set.members[0].authority.issue(b.id, time.Now().Add(-tt.age))
			require.NoError(t, err)
			client := b.ClientConfig(1)
			client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return leaf, nil }
			out := handshake(t, a.ServerConfig(), client)
			if tt.ok {
				require.NoError(t, out.server)
			} else {
				require.ErrorIs(t, out.server, ErrExpired)
			}
		})
	}
	t.Run("a stranger's expired leaf is untrusted", func(t *testing.T) {
		a := ring(t, "prod", 1, keyOf(1))
		b := ring(t, "prod", 2, keyOf(2), keyOf(1))
		leaf, err := b.set.members[0].authority.issue(b.id, time.Unix(1e9, 0))
		require.NoError(t, err)
		client := b.ClientConfig(1)
		client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return leaf, nil }
		require.ErrorIs(t, handshake(t, a.ServerConfig(), client).server, ErrUntrusted)
	})
}

func TestLeafIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := ring(t, "prod", 1, keyOf(1)), ring(t, "prod", 2, keyOf(1))
		first, err := a.certificate(a.set.members[0])
		require.NoError(t, err)
		time.Sleep(23 * time.Hour)
		same, err := a.certificate(a.set.members[0])
		require.NoError(t, err)
		require.Same(t, first, same)
		time.Sleep(400 * 24 * time.Hour)
		renewed, err := a.certificate(a.set.members[0])
		require.NoError(t, err)
		boot, err := b.verify(tls.ConnectionState{PeerCertificates: []*x509.Certificate{renewed.Leaf}}, x509.ExtKeyUsageServerAuth)
		require.NoError(t, err)
		require.Equal(t, hub.Boot(1), boot)
		_, err = b.verify(tls.ConnectionState{PeerCertificates: []*x509.Certificate{first.Leaf}}, x509.ExtKeyUsageServerAuth)
		require.ErrorIs(t, err, ErrExpired)
	})
}
