package mesh

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/hub"
)

// awaitMetric waits until a metric has at least a value.
func (n *node) awaitMetric(t testing.TB, atLeast int, name string, labels ...string) {
	t.Helper()
	await(t, func() string {
		if got := n.metric(t, name, labels...); got < atLeast {
			return fmt.Sprintf("%s of %s is %d, want at least %d", name, n.name, got, atLeast)
		}
		return ""
	})
}

// logged counts the lines at warn level that contain all words.
func (n *node) logged(words ...string) int {
	count := 0
	for l := range strings.Lines(n.log.String()) {
		matches := strings.Contains(l, "level=WARN")
		for _, w := range words {
			matches = matches && strings.Contains(l, w)
		}
		if matches {
			count++
		}
	}
	return count
}

// Two clusters whose join lists name each other's gateways never merge, although they share a key.
func TestOtherClustersNeverMerge(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "x1", "x2", "y1", "y2")
	c.edit = func(cfg *Config) { cfg.Cluster = cfg.Node[:1] }
	var nodes []*node
	for _, name := range c.names {
		n := c.boot(name)
		n.join(t, "room", name)
		nodes = append(nodes, n)
	}
	for _, n := range nodes {
		n.awaitMetric(t, 3, "starling_mesh_refused_total", "reason=gossip_wrong_label")
		await(t, func() string {
			if peers := n.mesh.Status().Peers; len(peers) != 1 || !peers[0].InStep || peers[0].Node[:1] != n.name[:1] {
				return fmt.Sprintf("peers of %s: %+v", n.name, peers)
			}
			return ""
		})
		require.Equal(t, 1, n.logged("refusing gossip", "wrong_label"), "all come from the same address")
	}
	require.Equal(t, []string{"x1", "x2"}, nodes[0].presence("room"))
	require.Equal(t, []string{"y1", "y2"}, nodes[3].presence("room"))

	// A gateway of one cluster takes over the address of one of the other.
	nodes[1].kill()
	cfg := c.config("y1")
	cfg.Node, cfg.Bind, cfg.Tuning.Network = "y3", c.addrs["x2"], c.net.of("y3")
	third := c.bootWith(cfg)
	await(t, func() string {
		if got := fmt.Sprint(third.presence("room")); got != "[y1 y2]" {
			return got
		}
		return ""
	})
	before := nodes[0].metric(t, "starling_mesh_refused_total", "reason=gossip_wrong_label")
	nodes[0].awaitMetric(t, before+3, "starling_mesh_refused_total", "reason=gossip_wrong_label")
	for _, p := range nodes[0].mesh.Status().Peers {
		require.Equal(t, nodes[1].boot, p.Boot, "only the boot that is gone may still be known")
	}
	third.kill()
}

// A gateway with another key is refused, although its label is right.
func TestWrongKey(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b", "stranger")
	nodes := c.start("a", "b")
	c.keys = []keyring.Key{keyring.NewKey()}
	stranger := c.boot("stranger")
	stranger.join(t, "room", "mallory")
	nodes[0].awaitMetric(t, 5, "starling_mesh_refused_total", "reason=gossip_bad_key")
	require.Equal(t, 1, nodes[0].logged("refusing gossip", "bad_key"))
	require.Empty(t, stranger.mesh.Status().Peers)
	require.Len(t, nodes[0].mesh.Status().Peers, 1)
	require.Empty(t, nodes[0].presence("room"))
	select {
	case <-stranger.mesh.Ready():
		require.Fail(t, "a gateway that cannot join is not ready")
	default:
	}
	require.Equal(t, "looking for other gateways", stranger.mesh.ReadyReason())
	await(t, func() string {
		if stranger.logged("could not be joined") == 0 {
			return "the stranger's own log does not say what is wrong"
		}
		return ""
	})
	require.LessOrEqual(t, stranger.logged("could not be joined"), 2, "once for each address")
}

// intrude dials a node's link port as a boot of some cluster, and returns the sender.
func intrude(t *testing.T, n *node, cluster string, keys []keyring.Key, versions link.VersionRange) *link.Sender {
	boot := hub.Boot(0x666)
	ring, err := keyring.New(keyring.Identity{Cluster: cluster, Boot: boot}, keys)
	require.NoError(t, err)
	s, err := link.NewSender(link.SenderConfig{
		Self: link.Self{Cluster: cluster, Boot: boot, Node: "mallory", Advertise: "127.0.0.1:1", Versions: versions},
		Peer: n.boot, TLS: func() *tls.Config { return ring.ClientConfig(n.boot) }, Timing: fastTiming(),
		Dial: func(ctx context.Context) (net.Conn, error) { return realNetwork{}.Dial(ctx, n.mesh.Advertised()) },
	})
	require.NoError(t, err)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func awaitSender(t *testing.T, s *link.Sender, state link.State) {
	t.Helper()
	await(t, func() string {
		if got := s.Status(); got.State != state {
			return fmt.Sprintf("sender is %v (%v), want %v", got.State, got.Err, state)
		}
		return ""
	})
}

func TestLinkStrangers(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b")
	nodes := c.start("a", "b")
	a := nodes[0]
	awaitSender(t, intrude(t, a, "test", []keyring.Key{keyring.NewKey()}, link.VersionRange{}), link.StateUntrusted)
	awaitSender(t, intrude(t, a, "other", c.keys, link.VersionRange{}), link.StateUntrusted)
	awaitSender(t, intrude(t, a, "test", c.keys, link.VersionRange{Min: 7, Max: 9}), link.StateVersionMismatch)
	a.awaitMetric(t, 3, "starling_mesh_refused_total", "reason=version")
	require.Equal(t, 1, a.logged("link refused", "reason=version", "speaks 7 to 9"))
	require.Zero(t, a.metric(t, "starling_mesh_links", "direction=in")-1)
	require.Len(t, a.mesh.Status().Peers, 1, "a stranger makes no peer")
}

// What is plain text, or nothing at all, is refused, counted, and told once; the cluster does not mind.
func TestGarbage(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b")
	nodes := c.start("a", "b")
	a := nodes[0]
	tcp := func(text string) {
		conn, err := net.Dial("tcp", c.addrs["a"].String())
		require.NoError(t, err)
		_, err = conn.Write([]byte(text))
		require.NoError(t, err)
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		for err == nil {
			_, err = conn.Read(make([]byte, 1024))
		}
		require.NoError(t, conn.Close())
	}
	udp, err := net.Dial("udp", c.addrs["a"].String())
	require.NoError(t, err)
	defer func() { _ = udp.Close() }()
	label := func(s string) string { return "\xf4" + string(rune(len(s))) + s }
	for range 5 {
		tcp("GET / HTTP/1.1\r\n\r\n")
		tcp("\xd7GET / HTTP/1.1\r\n\r\n")
		tcp("\x06 a push and pull without a label" + strings.Repeat("x", 100))
		tcp(label("test") + "\x06 a push and pull without encryption" + strings.Repeat("x", 100))
		for _, text := range []string{"garbage", label("test") + "\x01garbage that is not encrypted" + strings.Repeat("x", 100), label("other") + "x"} {
			_, err := udp.Write([]byte(text))
			require.NoError(t, err)
		}
	}
	a.awaitMetric(t, 5, "starling_mesh_streams_dropped_total", "reason=garbage")
	a.awaitMetric(t, 5, "starling_mesh_refused_total", "reason=plaintext")
	a.awaitMetric(t, 5, "starling_mesh_refused_total", "reason=gossip_plaintext")
	a.awaitMetric(t, 5, "starling_mesh_refused_total", "reason=gossip_wrong_label")
	a.awaitMetric(t, 1, "starling_mesh_refused_total", "reason=gossip_bad_key")
	for _, words := range [][]string{
		{"link refused", "reason=plaintext"},
		{"refusing gossip", "reason=plaintext"},
		{"refusing gossip", "reason=wrong_label"},
		{"refusing gossip", "reason=bad_key"},
	} {
		require.Equal(t, 1, a.logged(words...), words)
	}
	nodes[1].join(t, "room", "bob")
	c.awaitPresence(t, "room", "bob")
}

// A peer whose release speaks no version in common is refused and shows in the status; the others go on.
func TestVersionMismatchIsVisible(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b", "future")
	nodes := c.start("a", "b")
	c.versions = link.VersionRange{Min: 100, Max: 101}
	future := c.boot("future")
	for _, n := range nodes {
		await(t, func() string {
			p, _ := n.peer(future.boot)
			if !strings.Contains(p.Error, "speaks link versions 100 to 101, this gateway 1 to 1") || p.InStep {
				return fmt.Sprintf("%+v", p)
			}
			return ""
		})
	}
	await(t, func() string {
		p, _ := future.peer(nodes[0].boot)
		if !strings.Contains(p.Error, "speaks link versions 1 to 1, this gateway 100 to 101") {
			return fmt.Sprintf("%+v", p)
		}
		return ""
	})
	nodes[0].awaitMetric(t, 1, "starling_mesh_refused_total", "reason=version")
	nodes[0].join(t, "room", "ann")
	c.mu.Lock()
	delete(c.nodes, "future")
	c.mu.Unlock()
	defer future.kill()
	c.awaitPresence(t, "room", "ann")
	select {
	case <-future.mesh.Ready():
		require.Fail(t, "a gateway that is in step with nobody is not ready")
	default:
	}
	await(t, func() string {
		if got := future.mesh.ReadyReason(); !strings.Contains(got, "waiting to be in step with") {
			return got
		}
		return ""
	})
}

// Each line of memberlist's log that tells of a refusal is known: memberlist has no other way to say it.
func TestMemberlistRefusals(t *testing.T) {
	for line, reason := range map[string]string{
		`[ERR] memberlist: discarding packet with unacceptable label "x": from=10.0.0.1:7946`:                                               "wrong_label",
		`[ERR] memberlist: discarding stream with unacceptable label "": from=10.0.0.1:40000`:                                               "wrong_label",
		`[ERR] memberlist: failed to receive and remove the stream label header: label header cannot be empty when present from=10.0.0.1:1`: "wrong_label",
		`[ERR] memberlist: cannot decode label; packet has been truncated from=10.0.0.1:7946`:                                               "wrong_label",
		`[ERR] memberlist: Decrypt packet failed: no installed keys could decrypt the message from=10.0.0.1:7946`:                           "bad_key",
		`[ERR] memberlist: Decrypt packet failed: unsupported encryption version 103 from=10.0.0.1:7946`:                                    "bad_key",
		`[ERR] memberlist: failed to receive: no installed keys could decrypt the message from=10.0.0.1:7946`:                               "bad_key",
		`[ERR] memberlist: failed to receive: unsupported encryption version 103 from=10.0.0.1:7946`:                                        "bad_key",
		`[ERR] memberlist: failed to receive: encryption is configured but remote state is not encrypted from=10.0.0.1:7946`:                "plaintext",
		`[ERR] memberlist: failed to receive: remote state is encrypted and encryption is not configured from=10.0.0.1:7946`:                "plaintext",
	} {
		t.Run(reason, func(t *testing.T) {
			n := &node{}
			m := newMetrics(&Mesh{}, nil)
			log := newRefusalLog(newLogger(&n.log))
			w := log.writer(m)
			for range 3 {
				_, err := fmt.Fprintln(w, line)
				require.NoError(t, err)
			}
			_, err := fmt.Fprintln(w, strings.ReplaceAll(line, "10.0.0.1", "10.0.0.2"))
			require.NoError(t, err)
			require.Equal(t, 4, counted(t, m.refused.WithLabelValues("gossip_"+reason)), line)
			require.Equal(t, 1, n.logged("reason="+reason, "address=10.0.0.1"))
			require.Equal(t, 1, n.logged("reason="+reason, "address=10.0.0.2"))
		})
	}
	n := &node{}
	log := newRefusalLog(newLogger(&n.log))
	_, err := fmt.Fprintln(log.writer(newMetrics(&Mesh{}, nil)), "[DEBUG] memberlist: Stream connection from=10.0.0.1:1")
	require.NoError(t, err)
	require.Contains(t, n.log.String(), "level=DEBUG")
}

// Strangers with ever new addresses fill neither the memory nor, quickly, the log.
func TestRefusalLogIsBounded(t *testing.T) {
	l := newRefusalLog(newLogger(&logBuffer{}))
	now := time.Unix(0, 0)
	for i := range 10 * maxRefusals {
		l.first(refusal{"bad_key", fmt.Sprint(i)}, now)
		require.LessOrEqual(t, len(l.last), maxRefusals)
	}
	r := refusal{"bad_key", "x"}
	require.True(t, l.first(r, now))
	require.False(t, l.first(r, now.Add(refusalQuiet-1)))
	require.True(t, l.first(r, now.Add(refusalQuiet)))
}
