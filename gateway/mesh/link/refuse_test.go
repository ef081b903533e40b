package link

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/hub"
)

// syncBuffer is a log's target.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) count(part string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Count(s.b.String(), part)
}

func TestPlaintextIsRefusedCountedAndLoggedOnce(t *testing.T) {
	var log syncBuffer
	n := startNode(t, bootB, func(c *ReceiverConfig) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	for range 5 {
		conn := dialPlain(t, n)
		_, err := io.WriteString(conn, "GET / HTTP/1.1\r\n\r\n")
		require.NoError(t, err)
		_, _ = io.ReadAll(conn)
	}
	eventually(t, func() bool { return n.refusals(ReasonPlaintext) == 5 }, "counted")
	eventually(t, func() bool { return log.count("reason=plaintext") == 1 }, "logged")
}

func TestWrongKey(t *testing.T) {
	n := startNode(t, bootB)
	other, err := keyring.New(keyring.Identity{Cluster: "test", Boot: bootA}, []keyring.Key{keyring.NewKey()})
	require.NoError(t, err)
	s, e := startSender(t, n, bootB, func(c *SenderConfig) { c.TLS = clientTLS(other, bootB) })
	status := awaitState(t, s, StateUntrusted)
	require.ErrorIs(t, status.Err, keyring.ErrUntrusted)
	eventually(t, func() bool { return n.refusals(ReasonNotAccepted) > 0 }, "counted")
	require.Zero(t, count(e, &e.refused)(), "a stranger says nothing about the boot")
}

func TestKeyThatOnlyTheReceiverDoesNotKnow(t *testing.T) {
	n := startNode(t, bootB)
	keys := append([]keyring.Key{keyring.NewKey()}, keyring.Insecure("link tests")...)
	other, err := keyring.New(keyring.Identity{Cluster: "test", Boot: bootA}, keys)
	require.NoError(t, err)
	s, _ := startSender(t, n, bootB, func(c *SenderConfig) {
		c.TLS = func() *tls.Config {
			stubborn := other.ClientConfig(bootB)
			choose := stubborn.GetClientCertificate
			stubborn.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				return choose(&tls.CertificateRequestInfo{})
			}
			return stubborn
		}
	})
	status := awaitState(t, s, StateUntrusted)
	require.ErrorContains(t, status.Err, "did not accept this gateway's certificate")
	eventually(t, func() bool { return n.refusals(ReasonBadKey) > 0 }, "counted")
}

func TestWrongCluster(t *testing.T) {
	n := startNode(t, bootB)
	s, _ := startSender(t, n, bootB, func(c *SenderConfig) {
		c.Self.Cluster = "other"
		c.TLS = clientTLS(testKeys(t, "other", bootA), bootB)
	})
	require.ErrorIs(t, awaitState(t, s, StateUntrusted).Err, keyring.ErrWrongCluster)

	// The same when only the hello says so.
	_, r := sayHello(t, n, func(h *hello) { h.cluster = "other" })
	require.Equal(t, codeWrongCluster, r.code)
	require.Equal(t, `peer is of cluster "other", want "test"`, r.text)
	eventually(t, func() bool { return n.refusals(ReasonWrongCluster) == 1 }, "counted")
}

// TestNewBootAtTheAddress confirms the death of the boot that was there.
func TestNewBootAtTheAddress(t *testing.T) {
	old := startNode(t, bootB)
	addr := old.listener.Addr().String()
	s, e := startSender(t, old, bootB)
	awaitState(t, s, StateLinked)
	require.NoError(t, old.listener.Close())
	old.reset()
	awaitState(t, s, StateRefused)
	eventually(t, func() bool { return count(e, &e.refused)() == 1 }, "confirmed by the refused dial")

	listener, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	n := startNodeOn(t, listener, bootC)
	status := awaitState(t, s, StateWrongBoot)
	require.ErrorIs(t, status.Err, keyring.ErrWrongBoot)
	eventually(t, func() bool { return n.refusals(ReasonNotAccepted) > 3 }, "the sender goes on trying")
	require.Equal(t, 1, count(e, &e.refused)(), "once for one outage")
	require.Empty(t, n.handler.streamList())
}

func TestWrongBootByHello(t *testing.T) {
	n := startNode(t, bootB)
	s, e := startSender(t, n, bootC, func(c *SenderConfig) { c.TLS = clientTLS(testKeys(t, "test", bootA), bootB) })
	status := awaitState(t, s, StateWrongBoot)
	require.ErrorContains(t, status.Err, "peer wants boot 000000000000000c, this is 000000000000000b")
	eventually(t, func() bool { return count(e, &e.refused)() == 1 }, "confirmed")
	eventually(t, func() bool { return n.refusals(ReasonWrongBoot) > 0 }, "counted")
}

func TestHandlerMayRefuse(t *testing.T) {
	n := startNode(t, bootB)
	n.handler.hello = errTest
	s, _ := startSender(t, n, bootB)
	require.ErrorContains(t, awaitState(t, s, StateRejected).Err, "test says no")
	n.handler.set(func() { n.handler.hello = nil })
	awaitState(t, s, StateLinked)
	require.NotZero(t, n.refusals(ReasonRejected))
}

func TestVersions(t *testing.T) {
	tests := []struct {
		sender, receiver VersionRange
		want             uint16
	}{
		{VersionRange{1, 1}, VersionRange{1, 1}, 1},
		{VersionRange{1, 3}, VersionRange{2, 5}, 3},
		{VersionRange{2, 5}, VersionRange{1, 3}, 3},
		{VersionRange{1, 9}, VersionRange{4, 4}, 4},
		{VersionRange{1, 2}, VersionRange{3, 4}, 0},
		{VersionRange{3, 4}, VersionRange{1, 2}, 0},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s with %s", tt.sender, tt.receiver), func(t *testing.T) {
			n := startNode(t, bootB, func(c *ReceiverConfig) { c.Self.Versions = tt.receiver; c.Self.Features = 0b0110 })
			s, e := startSender(t, n, bootB, func(c *SenderConfig) { c.Self.Versions = tt.sender; c.Self.Features = 0b0011 })
			if tt.want == 0 {
				err := awaitState(t, s, StateVersionMismatch).Err
				require.ErrorContains(t, err, fmt.Sprintf("it speaks link versions %s, this gateway %s", tt.receiver, tt.sender))
				eventually(t, func() bool { return n.refusals(ReasonVersion) > 0 }, "counted")
				require.Zero(t, count(e, &e.refused)())
				return
			}
			awaitState(t, s, StateLinked)
			require.Equal(t, tt.want, s.Status().Peer.Version)
			require.Equal(t, uint64(0b0010), s.Status().Peer.Features)
			peer := get(n.handler, func() Peer { return n.handler.peers[0] })
			require.Equal(t, tt.want, peer.Version)
			require.Equal(t, uint64(0b0010), peer.Features)
		})
	}
}

// TestHelloOfALaterVersion needs nothing but the version range to be refused clearly.
func TestHelloOfALaterVersion(t *testing.T) {
	n := startNode(t, bootB)
	conn := dialRaw(t, n)
	w := newFieldWriter(helloMagic)
	w.versions(helloVersions, VersionRange{7, 9})
	w.text(9999, "what later releases say")
	_, err := conn.Write(w.message())
	require.NoError(t, err)
	r := receiveReply(t, conn)
	require.Equal(t, codeVersion, r.code)
	require.Contains(t, r.text, "speaks 7 to 9, this gateway 1 to 1")
}

func TestBadHellos(t *testing.T) {
	tests := []struct {
		name   string
		change func(*hello)
		want   string
	}{
		{"no stream", func(h *hello) { h.stream = 0 }, "no stream"},
		{"no boot", func(h *hello) { h.boot = 0 }, "no boot"},
		{"another boot than the certificate's", func(h *hello) { h.boot = bootC }, "calls itself boot 000000000000000c"},
		{"no attempt", func(h *hello) { h.attempt = 0 }, "no instance or attempt"},
		{"next before first", func(h *hello) { h.first, h.next, h.fresh = 5, 4, false }, "want 1 <= first <= next"},
		{"fresh and not at the beginning", func(h *hello) { h.first, h.next = 2, 2 }, "a fresh stream begins with frame 2"},
		{"bad versions", func(h *hello) { h.versions = VersionRange{2, 1} }, "versions 2 to 1"},
		{"text too long", func(h *hello) { h.node = strings.Repeat("x", maxText+1) }, "has 256 bytes, want at most 255"},
		{"text not UTF-8", func(h *hello) { h.node = "\xff" }, "is not UTF-8"},
	}
	n := startNode(t, bootB)
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, r := sayHello(t, n, tt.change)
			require.Equal(t, codeBadHello, r.code)
			require.Contains(t, r.text, tt.want)
			eventually(t, func() bool { return n.refusals(ReasonBadHello) == i+1 }, "counted")
		})
	}
	t.Run("garbage", func(t *testing.T) {
		conn := dialRaw(t, n)
		_, err := io.WriteString(conn, "GET / HTTP/1.1\r\n\r\n")
		require.NoError(t, err)
		require.Equal(t, codeBadHello, receiveReply(t, conn).code)
	})
	t.Run("too long", func(t *testing.T) {
		conn := dialRaw(t, n)
		_, err := conn.Write([]byte(helloMagic + "\xff\xff\xff\xff"))
		require.NoError(t, err)
		r := receiveReply(t, conn)
		require.Equal(t, codeBadHello, r.code)
		require.Contains(t, r.text, "want at most 16384")
	})
	require.Empty(t, n.handler.streamList())
}

func TestHandshakeThatIsGivenUp(t *testing.T) {
	n := startNode(t, bootB)
	require.NoError(t, dialPlain(t, n).Close())
	require.NoError(t, dialRaw(t, n).Close())
	eventually(t, func() bool { return n.refusals(ReasonHandshake) == 2 }, "counted")
}

func TestSilentStrangersCannotKeepPeersOut(t *testing.T) {
	n := startNode(t, bootB, func(c *ReceiverConfig) { c.MaxHandshakes = 3 })
	for range 10 {
		dialPlain(t, n)
	}
	eventually(t, func() bool { return n.refusals(ReasonTooMany) == 7 }, "the longest waiting are closed")
	s, _ := startSender(t, n, bootB)
	awaitState(t, s, StateLinked)
}

func TestTooManyBoots(t *testing.T) {
	n := startNode(t, bootB, func(c *ReceiverConfig) { c.MaxPeers = 1 })
	s, _ := startSender(t, n, bootB)
	awaitState(t, s, StateLinked)
	second, _ := startSender(t, n, bootB, func(c *SenderConfig) {
		c.Self.Boot = bootC
		c.TLS = clientTLS(testKeys(t, "test", bootC), bootB)
	})
	require.ErrorContains(t, awaitState(t, second, StateRejected).Err, "state of 1 boots is held")
	s.Close()
	n.Forget(bootA)
	awaitState(t, second, StateLinked)
}

func TestSenderRefusesBadAnswers(t *testing.T) {
	tests := []struct {
		name   string
		answer []byte
		state  State
		want   string
	}{
		{"another boot", answerAs(func(r *reply) { r.boot = bootC }), StateWrongBoot, "it is boot 000000000000000c"},
		{"a version that was not offered", answerAs(func(r *reply) { r.version = 2 }), StateVersionMismatch, "it chose link version 2"},
		{"an unknown code", answerAs(func(r *reply) { r.code, r.text = 999, "later" }), StateRejected, "later"},
		{"garbage", []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), StateConnecting, `begins with "HTTP"`},
		{"no code", newFieldWriter(replyMagic).message(), StateConnecting, "malformed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := fakePeer(t, func(conn *tls.Conn, _ *hello) {
				_, _ = conn.Write(tt.answer)
				_, _ = io.Copy(io.Discard, conn)
			})
			s, _ := startSender(t, n, bootB)
			eventually(t, func() bool {
				status := s.Status()
				return status.State == tt.state && status.Err != nil && strings.Contains(status.Err.Error(), tt.want)
			}, "%s: %s", tt.state, tt.want)
		})
	}
}

// TestServerThatSpeaksNoTLS stands for another program that has taken over a gateway's port.
func TestServerThatSpeaksNoTLS(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "220 mail.example.com ESMTP\r\n")
			_ = conn.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, conn)
			_ = conn.Close()
		}
	})
	s, _ := startSender(t, &node{listener: listener}, bootB)
	awaitState(t, s, StateUntrusted)
	s.Close()
	require.NoError(t, listener.Close())
	serving.Wait()
}

func TestConfigurationsAreChecked(t *testing.T) {
	good := func() SenderConfig {
		return SenderConfig{
			Self: self(bootA), Peer: bootB, TLS: clientTLS(testKeys(t, "test", bootA), bootB),
			Dial: func(context.Context) (net.Conn, error) { return nil, errTest },
		}
	}
	for name, change := range map[string]func(*SenderConfig){
		"Peer, Dial and TLS": func(c *SenderConfig) { c.Peer = 0 },
		"cluster is missing": func(c *SenderConfig) { c.Self.Cluster = "" },
		"boot is missing":    func(c *SenderConfig) { c.Self.Boot = 0 },
		"versions 3 to 2":    func(c *SenderConfig) { c.Self.Versions = VersionRange{3, 2} },
		"has 300 bytes":      func(c *SenderConfig) { c.Self.Node = strings.Repeat("x", 300) },
	} {
		cfg := good()
		change(&cfg)
		_, err := NewSender(cfg)
		require.ErrorContains(t, err, name)
	}
	_, err := NewReceiver(ReceiverConfig{Self: self(hub.Boot(1))})
	require.ErrorContains(t, err, "TLS and Handler")
	s, err := NewSender(good())
	require.NoError(t, err)
	for _, kind := range []Kind{0, kindHeartbeat, kindAck, kindFault, 0x1f, 0x9f} {
		_, err = s.Enqueue(ClassState, kind, nil)
		require.ErrorContains(t, err, "want class 0 or 1 and a kind from 0x20")
	}
	_, err = s.Enqueue(numClasses, FirstKind, nil)
	require.ErrorContains(t, err, "class 2")
	require.Zero(t, s.Pending(numClasses))
	s.Close()
	s.Start()
}
