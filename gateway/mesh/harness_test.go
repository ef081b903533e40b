package mesh

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/hub"
)

// patience is how long a test waits for what must happen: the machine may be busy.
const patience = 60 * time.Second

// TestMain fails when a goroutine that a mesh started outlives all tests. Most tests wait for time to pass, so more of them
// than there are processors run at the same time.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	code := m.Run()
	deadline := time.Now().Add(10 * time.Second)
	for meshGoroutines() != "" {
		if time.Now().After(deadline) {
			fmt.Fprintln(os.Stderr, "leaked goroutines:\n"+meshGoroutines())
			os.Exit(1)
		}
		time.Sleep(20 * time.Millisecond)
	}
	os.Exit(code)
}

// meshGoroutines returns the stacks of goroutines in which a mesh, a link, a transport or memberlist runs.
func meshGoroutines() string {
	buf := make([]byte, 8<<20)
	var out []string
	for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if (strings.Contains(g, "gateway/mesh") || strings.Contains(g, "memberlist.")) && !strings.Contains(g, "TestMain") {
			out = append(out, g)
		}
	}
	return strings.Join(out, "\n\n")
}

// await waits until a condition holds: check returns what is still missing, or "".
func await(t require.TestingT, check func() string) {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	deadline := time.Now().Add(patience)
	for {
		missing := check()
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			require.FailNow(t, "waited too long", missing)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// A cluster is some gateways without their servers: meshes and hubs on loopback, in one process.
type cluster struct {
	t     testing.TB
	net   *network
	label string
	keys  []keyring.Key
	// edit changes the configuration of every node.
	edit func(*Config)
	// versions, if set, are the link versions that nodes speak.
	versions link.VersionRange
	// mute are the nodes that are of a release without questions.
	mute  map[string]bool
	addrs map[string]netip.AddrPort
	names []string
	conns atomic.Int64

	mu    sync.Mutex
	nodes map[string]*node
}

// newCluster returns a cluster whose nodes know each other's addresses. None is started yet.
func newCluster(t testing.TB, names ...string) *cluster {
	c := &cluster{
		t: t, net: newNetwork(), label: "test", keys: []keyring.Key{keyring.NewKey()}, names: names,
		addrs: make(map[string]netip.AddrPort), nodes: make(map[string]*node),
	}
	for _, name := range names {
		c.addrs[name] = freeAddress(t)
		c.net.name(c.addrs[name].String(), name)
	}
	t.Cleanup(c.close)
	return c
}

// freeAddress returns an address for one node: on Linux the whole of 127/8 is there to avoid collisions.
func freeAddress(t testing.TB) netip.AddrPort {
	if runtime.GOOS == "linux" {
		addr := netip.AddrFrom4([4]byte{127, byte(1 + rand.IntN(254)), byte(rand.IntN(256)), byte(1 + rand.IntN(254))})
		return netip.AddrPortFrom(addr, 7946)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return netip.MustParseAddrPort(l.Addr().String())
}

// fastTiming is for tests that do not wait for silence.
func fastTiming() link.Timing {
	return link.Timing{
		Heartbeat: 100 * time.Millisecond, Silence: 1500 * time.Millisecond, Dial: time.Second, Handshake: 5 * time.Second,
		BackoffMin: 2 * time.Millisecond, BackoffMax: 50 * time.Millisecond, Replace: time.Second,
	}
}

// config returns the configuration of a node, at its next boot. Its node-grace is so long that a busy machine never makes
// one gateway give up another; tests about that set their own.
func (c *cluster) config(name string) Config {
	cfg := Config{
		Node: name, Boot: hub.Boot(rand.Uint64() | 1), Cluster: c.label, Bind: c.addrs[name], AppVersion: "test",
		NodeGrace: 2 * patience, DisconnectGrace: time.Second, Timing: fastTiming(),
		Tuning: Tuning{
			Checkpoint: 200 * time.Millisecond, Watch: 10 * time.Millisecond, Rejoin: 300 * time.Millisecond, Retry: 50 * time.Millisecond,
			Load:  20 * time.Millisecond,
			Alone: 500 * time.Millisecond, PushPull: time.Second, Network: c.net.of(name), InterestTimeout: 5 * time.Second,
		},
	}
	for _, other := range c.names {
		cfg.Join = append(cfg.Join, c.addrs[other].String())
	}
	if c.edit != nil {
		c.edit(&cfg)
	}
	return cfg
}

// start starts nodes and waits until they are in step with each other.
func (c *cluster) start(names ...string) []*node {
	c.t.Helper()
	var nodes []*node
	for _, name := range names {
		nodes = append(nodes, c.boot(name))
	}
	c.awaitInStep()
	return nodes
}

// boot starts a node without waiting for anything.
func (c *cluster) boot(name string) *node {
	c.t.Helper()
	return c.bootWith(c.config(name))
}

func (c *cluster) bootWith(cfg Config) *node {
	c.t.Helper()
	n := &node{cluster: c, name: cfg.Node, boot: cfg.Boot, local: newFakeLocal(), metrics: prometheus.NewRegistry()}
	n.log.prefix = cfg.Node
	if cfg.Keys == nil {
		keys, err := keyring.New(keyring.Identity{Cluster: cfg.Cluster, Boot: cfg.Boot}, c.keys)
		require.NoError(c.t, err)
		cfg.Keys = keys
	}
	cfg.Registerer = n.metrics
	cfg.Logger = newLogger(&n.log)
	n.cfg = cfg
	var err error
	n.mesh, err = New(cfg)
	require.NoError(c.t, err)
	n.hub = hub.New(hub.Options{Grace: cfg.DisconnectGrace, TypingTTL: time.Minute, Replicator: n.mesh})
	if c.versions.Min > 0 || c.mute[cfg.Node] {
		n.mesh.receiver.Close()
		n.mesh.self.Versions = c.versions
		if c.mute[cfg.Node] {
			n.mesh.self.Features &^= featureAsk
		}
		require.NoError(c.t, n.mesh.newReceiver())
	}
	require.NoError(c.t, n.mesh.Start(n.hub, n.local))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[cfg.Node] = n
	return n
}

// running lists the nodes that were not killed.
func (c *cluster) running() []*node {
	c.mu.Lock()
	defer c.mu.Unlock()
	var nodes []*node
	for _, name := range c.names {
		if n := c.nodes[name]; n != nil {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// awaitInStep waits until all running nodes are linked and in step with each other.
func (c *cluster) awaitInStep() {
	c.t.Helper()
	await(c.t, func() string {
		nodes := c.running()
		for _, n := range nodes {
			for _, o := range nodes {
				if n == o {
					continue
				}
				if p, ok := n.peer(o.boot); !ok || !p.InStep || p.State != "live" || !p.LinkedIn || !p.LinkedOut {
					return fmt.Sprintf("%s and %s are not in step: %+v", n.name, o.name, p)
				}
			}
		}
		return ""
	})
}

func (c *cluster) close() {
	if c.t.Failed() {
		for _, n := range c.running() {
			c.t.Log(n.log.tail(60))
		}
	}
	for _, n := range c.running() {
		n.kill()
	}
	c.net.close()
}

// A node is a mesh with its hub.
type node struct {
	cluster *cluster
	name    string
	boot    hub.Boot
	cfg     Config
	mesh    *Mesh
	hub     *hub.Hub
	local   *fakeLocal
	metrics *prometheus.Registry
	log     logBuffer

	mu      sync.Mutex
	clients []*client
}

// kill ends the node as a crash does: without a goodbye.
func (n *node) kill() {
	n.cluster.mu.Lock()
	if n.cluster.nodes[n.name] == n {
		delete(n.cluster.nodes, n.name)
	}
	n.cluster.mu.Unlock()
	_ = n.mesh.Close()
	n.hub.Close()
}

// leave ends the node in good order.
func (n *node) leave() {
	n.cluster.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(n.cluster.t, n.mesh.Leave(ctx))
	n.kill()
}

// peer returns how another boot looks from here.
func (n *node) peer(boot hub.Boot) (PeerStatus, bool) {
	for _, p := range n.mesh.Status().Peers {
		if p.Boot == boot {
			return p, true
		}
	}
	return PeerStatus{}, false
}

// connect makes a client of this node, which is in no channel.
func (n *node) connect(member string) *client {
	c := newClient(fmt.Sprintf("%s-%d", n.boot, n.cluster.conns.Add(1)), member)
	n.hub.Bind(c)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.clients = append(n.clients, c)
	return c
}

// join makes a client that is in a channel.
func (n *node) join(t require.TestingT, channel, member string) *client {
	c := n.connect(member)
	n.enter(t, channel, c)
	return c
}

// enter joins a client to a channel.
func (n *node) enter(t require.TestingT, channel string, c *client) hub.JoinResult {
	r, err := n.hub.Join(channel, c.member, c, hub.JoinOptions{})
	require.NoError(t, err)
	return r
}

// publish publishes a string as a gateway does.
func (n *node) publish(t require.TestingT, channel, from, text string) {
	n.publishWith(t, channel, text, hub.PublishOptions{From: from})
}

func (n *node) publishWith(t require.TestingT, channel, text string, opts hub.PublishOptions) {
	require.NoError(t, n.tryPublishWith(channel, text, opts))
}

// tryPublish is publish for other goroutines than the test's own.
func (n *node) tryPublish(channel, from, text string) error {
	return n.tryPublishWith(channel, text, hub.PublishOptions{From: from})
}

func (n *node) tryPublishWith(channel, text string, opts hub.PublishOptions) error {
	n.mesh.AwaitRoom(context.Background())
	opts.MID = fmt.Sprintf("%s.%d", n.boot, n.cluster.conns.Add(1))
	body, err := json.Marshal(text)
	if err != nil {
		return err
	}
	_, err = n.hub.Publish(channel, "chat", json.RawMessage(body), opts)
	return err
}

// presence returns the members in a channel, sorted.
func (n *node) presence(channel string) []string {
	members := n.hub.Presence(channel)
	slices.Sort(members)
	return members
}

// awaitPresence waits until all running nodes show exactly these members.
func (c *cluster) awaitPresence(t require.TestingT, channel string, members ...string) {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	slices.Sort(members)
	await(t, func() string {
		for _, n := range c.running() {
			if got := n.presence(channel); !slices.Equal(got, members) {
				return fmt.Sprintf("%s shows %v in %s, want %v", n.name, got, channel, members)
			}
		}
		return ""
	})
}

// counter returns a metric's value, summed over its labels but for those given as name=value.
func (n *node) metric(t testing.TB, name string, labels ...string) int {
	t.Helper()
	families, err := n.metrics.Gather()
	require.NoError(t, err)
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			has := make(map[string]bool)
			for _, l := range m.GetLabel() {
				has[l.GetName()+"="+l.GetValue()] = true
			}
			if !slices.ContainsFunc(labels, func(l string) bool { return !has[l] }) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return int(sum)
}

// awaitLine waits until a client has got an event.
func awaitLine(t require.TestingT, c *client, want string) {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	await(t, func() string {
		if lines, _ := c.seen(); !slices.Contains(lines, want) {
			return fmt.Sprintf("%s has not got %q, only %q", c.id, want, lines)
		}
		return ""
	})
}

// count says how many of a client's events are such a line.
func (c *client) count(want string) int {
	lines, _ := c.seen()
	n := 0
	for _, l := range lines {
		if l == want {
			n++
		}
	}
	return n
}

// A fakeLocal is the rest of a gateway.
type fakeLocal struct {
	mu   sync.Mutex
	keys map[[3]string]string
	// lagging holds back what peers publish while it is not nil.
	lagging chan struct{}
	// load is what the others are told.
	load Load
}

func newFakeLocal() *fakeLocal { return &fakeLocal{keys: make(map[[3]string]string)} }

// Remember implements [Local].
func (l *fakeLocal) Remember(member, channel, key, mid string) (first string, duplicate bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := [3]string{member, channel, key}
	if first, ok := l.keys[k]; ok {
		return first, true
	}
	l.keys[k] = mid
	return mid, false
}

func (l *fakeLocal) lag() chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lagging
}

func (l *fakeLocal) setLag(lagging chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lagging = lagging
}

// Load implements [Local].
func (l *fakeLocal) Load() Load {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.load
}

func (l *fakeLocal) setLoad(load Load) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.load = load
}

// Lagging implements [Local].
func (l *fakeLocal) Lagging() bool { return l.lag() != nil }

// AwaitRoom implements [Local].
func (l *fakeLocal) AwaitRoom(ctx context.Context) error {
	select {
	case <-l.lag():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A logBuffer keeps a node's log. It is safe for concurrent use.
type logBuffer struct {
	prefix string
	mu     sync.Mutex
	buf    bytes.Buffer
}

// Write implements [io.Writer].
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf.WriteString(b.prefix + ": ")
	return b.buf.Write(p)
}

func newLogger(b *logBuffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// tail returns the last lines, without those for debugging.
func (b *logBuffer) tail(count int) string {
	var lines []string
	for l := range strings.Lines(b.String()) {
		if !strings.Contains(l, "level=DEBUG") {
			lines = append(lines, l)
		}
	}
	return strings.Join(lines[max(0, len(lines)-count):], "")
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
