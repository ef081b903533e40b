package drain

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/gateway/rebalance"
	"github.com/starling-realtime/starling/hub"
)

// quick is rebalancing for those who do not have ten minutes.
var quick = gateway.RebalanceTuning{
	Rest: 2 * time.Second, Every: 200 * time.Millisecond,
	Plan: rebalance.Options{Share: 1, Steady: 2 * time.Second, Lag: 6 * time.Second},
}

// startQuick starts a gateway that rebalances quickly.
func startQuick(t *testing.T, cfg gateway.Config) *node {
	t.Helper()
	boot := hub.Boot(rand.Uint64() | 1)
	keys, err := keyring.New(keyring.Identity{Cluster: cfg.Cluster, Boot: boot}, keyring.Insecure(cfg.Cluster))
	require.NoError(t, err)
	cfg.Rebalance = true
	g, err := gateway.New(cfg, gateway.Options{
		Logger: slog.New(slog.NewTextHandler(testWriter{t}, nil)).With("node", cfg.NodeName),
		Boot:   boot, Keys: keys, NewCluster: gateway.NewMesh, Rebalance: quick,
	})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	n := &node{t: t, cfg: cfg, stop: stop, done: make(chan struct{}), watched: make(chan struct{})}
	var serving sync.WaitGroup
	servers := []*http.Server{{Handler: g.Handler()}, {Handler: g.AdminHandler()}}
	for i, address := range []string{cfg.Listen, cfg.AdminListen} {
		listener, err := net.Listen("tcp", address)
		require.NoError(t, err)
		serving.Go(func() {
			if err := servers[i].Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				t.Errorf("%s: %v", cfg.NodeName, err)
			}
		})
	}
	go func() {
		defer close(n.done)
		<-ctx.Done()
		closing, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := g.Close(closing); err != nil {
			t.Errorf("%s: %v", cfg.NodeName, err)
		}
		for _, s := range servers {
			_ = s.Close()
		}
		serving.Wait()
	}()
	go n.watch()
	t.Cleanup(func() {
		stop()
		<-n.done
		<-n.watched
	})
	return n
}

// A third gateway is added to two that serve hundreds of members, who talk and whom the load balancer sends anywhere. In the end each
// has about a third; nobody on any gateway sees anybody leave, and every message comes once.
func TestRebalanceIsInvisible(t *testing.T) {
	total := 300
	if portion > 1 {
		total = 180
	}
	w := &world{t: t}
	configs := w.configs(3)
	for _, cfg := range configs[:2] {
		w.nodes = append(w.nodes, startQuick(t, cfg))
	}
	w.awaitWhole()
	members := append(w.connect(total/2, 10, w.nodes[0].dial, w.dial), w.connect(total/2, 10, w.nodes[1].dial, w.dial)...)
	var speakers []*speaker
	for _, m := range members[:10] {
		speakers = append(speakers, m.speak(t))
	}
	w.nodes = append(w.nodes, startQuick(t, configs[2]))
	w.awaitWhole()

	require.Eventually(t, func() bool {
		excess := 0
		for _, n := range w.nodes {
			excess = max(excess, n.metric("starling_connections")-total/3)
		}
		return w.asked() > 0 && excess <= 3*10 && w.areEven()
	}, 4*patience, 200*time.Millisecond, "all gateways have about as many clients")
	requireHeardOnce(t, members, speakers)
	eventually(t, func() bool { return w.asked() == requireUndisturbed(t, members) }, "all have followed")
	asked := w.asked()
	for _, n := range w.nodes {
		require.Zero(t, n.metric("starling_rebalance_stops_total"))
		require.Zero(t, n.metric("starling_mesh_gaps_total"))
		t.Logf("%s has %d", n.cfg.NodeName, n.metric("starling_connections"))
	}
	t.Logf("%d moves of %d clients", asked, total)
	require.Less(t, asked, 3*total)
}

// asked is how many clients were asked to move to gateways that have fewer.
func (w *world) asked() (all int) {
	for _, n := range w.nodes {
		all += n.metric("starling_rebalance_asked_total")
	}
	return all
}

// areEven says whether no gateway has anything to shed.
func (w *world) areEven() bool {
	for _, n := range w.nodes {
		if !n.says(`"state": "even"`) {
			return false
		}
	}
	return true
}
