package drain

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
)

// patience bounds every wait. Nothing waits that long unless it fails.
const patience = 90 * time.Second

// A node is a gateway as a process runs it: ending its context is SIGTERM.
type node struct {
	t       *testing.T
	cfg     gateway.Config
	stop    context.CancelFunc
	done    chan struct{}
	watched chan struct{}

	mu      sync.Mutex
	ready   bool
	samples []sample
}

// A sample is how many connections a gateway had accepted at a moment.
type sample struct {
	at       time.Time
	accepted int
}

// A world is gateways that know each other, behind a load balancer that looks at /readyz.
type world struct {
	t       *testing.T
	nodes   []*node
	members atomic.Int64 // that were made
}

func newWorld(t *testing.T, count int, edit func(i int, cfg *gateway.Config)) *world {
	t.Helper()
	w := &world{t: t}
	for i, cfg := range w.configs(count) {
		edit(i, &cfg)
		w.nodes = append(w.nodes, start(t, cfg))
	}
	w.awaitWhole()
	return w
}

// configs returns the settings of so many gateways that find each other.
func (w *world) configs(count int) []gateway.Config {
	w.t.Helper()
	var peers []string
	for range count {
		peers = append(peers, freeAddress(w.t))
	}
	all := make([]gateway.Config, count)
	for i := range all {
		cfg := gateway.DefaultConfig()
		cfg.Anonymous = true
		cfg.NodeName = fmt.Sprintf("gw-%d", i)
		cfg.Cluster = w.t.Name()
		cfg.Listen, cfg.AdminListen, cfg.MeshListen, cfg.Join = freeAddress(w.t), freeAddress(w.t), peers[i], peers
		cfg.Deregister, cfg.DrainClose = time.Second, time.Second
		all[i] = cfg
	}
	return all
}

// awaitWhole waits until all gateways are ready and know each other.
func (w *world) awaitWhole() {
	w.t.Helper()
	for _, n := range w.nodes {
		eventually(w.t, n.isReady, n.cfg.NodeName+" is ready")
	}
	others := len(w.nodes) - 1
	eventually(w.t, func() bool {
		for _, n := range w.nodes {
			status := n.get("/status")
			if strings.Count(status, `"inStep": true`) != others || strings.Count(status, `"headroom"`) != others {
				return false
			}
		}
		return true
	}, "all know each other")
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func start(t *testing.T, cfg gateway.Config) *node {
	ctx, stop := context.WithCancel(context.Background())
	n := &node{t: t, cfg: cfg, stop: stop, done: make(chan struct{}), watched: make(chan struct{})}
	go func() {
		defer close(n.done)
		logger := slog.New(slog.NewTextHandler(testWriter{t}, nil)).With("node", cfg.NodeName)
		if err := gateway.Run(ctx, cfg, logger); err != nil {
			t.Errorf("%s: %v", cfg.NodeName, err)
		}
	}()
	go n.watch()
	t.Cleanup(func() {
		stop()
		<-n.done
		<-n.watched
	})
	return n
}

// watch looks at the gateway like a load balancer and like Prometheus, until it has ended.
func (n *node) watch() {
	defer close(n.watched)
	for {
		select {
		case <-n.done:
			n.note(false, nil)
			return
		case <-time.After(200 * time.Millisecond):
		}
		begin := time.Now()
		accepted, ok := n.tryMetric("starling_connections_accepted_total")
		isReady := n.tryGet("/readyz") == "ready\n"
		if ok {
			n.note(isReady, &sample{begin, accepted})
		} else {
			n.note(isReady, nil)
		}
	}
}

func (n *node) note(isReady bool, s *sample) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ready = isReady
	if s != nil {
		n.samples = append(n.samples, *s)
	}
}

func (n *node) isReady() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ready
}

// tryGet returns what the admin port answers, or nothing.
func (n *node) tryGet(path string) string {
	client := http.Client{Timeout: patience}
	response, err := client.Get("http://" + n.cfg.AdminListen + path)
	if err != nil {
		return ""
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(response.Body)
	return string(text)
}

func (n *node) get(path string) string {
	n.t.Helper()
	text := n.tryGet(path)
	require.NotEmpty(n.t, text, "%s %s", n.cfg.NodeName, path)
	return text
}

// says whether /status has this in it.
func (n *node) says(text string) bool { return strings.Contains(n.get("/status"), text) }

func (n *node) tryMetric(name string) (value int, ok bool) {
	for line := range strings.Lines(n.tryGet("/metrics")) {
		if count, _ := fmt.Sscanf(line, name+" %d", &value); count == 1 {
			return value, true
		}
	}
	return 0, false
}

func (n *node) metric(name string) int {
	n.t.Helper()
	value, ok := n.tryMetric(name)
	require.True(n.t, ok, name)
	return value
}

// dial connects to a gateway that the load balancer holds for ready.
func (w *world) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	var ready []*node
	for _, n := range w.nodes {
		if n.isReady() {
			ready = append(ready, n)
		}
	}
	if len(ready) == 0 {
		return nil, fmt.Errorf("no gateway is ready")
	}
	return ready[rand.IntN(len(ready))].dial(ctx, network, "")
}

func (n *node) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, n.cfg.Listen)
}

// requireRate fails if the gateway accepted more connections than its bound allows since a moment. A second's worth more is not held
// against it: this machine may have counted late what came in early.
func (n *node) requireRate(since time.Time) {
	n.t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	perSecond := float64(n.cfg.Limits.AcceptPerSecond)
	first := 0
	for first < len(n.samples) && n.samples[first].at.Before(since) {
		first++
	}
	for i := first; i < len(n.samples); i++ {
		for j := i + 1; j < len(n.samples); j++ {
			a, b := n.samples[i], n.samples[j]
			allowed := perSecond*(b.at.Sub(a.at).Seconds()+1) + max(1, perSecond/10)
			require.LessOrEqual(n.t, float64(b.accepted-a.accepted), allowed, "%s in %v", n.cfg.NodeName, b.at.Sub(a.at))
		}
	}
}

// testWriter sends a log to the test's.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

func eventually(t *testing.T, condition func() bool, message string) {
	t.Helper()
	require.Eventually(t, condition, patience, 20*time.Millisecond, message)
}
