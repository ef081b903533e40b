package gateway_test

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/hub"
)

// fakeCluster is a cluster of one that says what a test tells it to.
type fakeCluster struct {
	ready    chan struct{}
	host     gateway.ClusterHost
	peers    []gateway.PeerStatus
	interest func(ctx context.Context, channel string, seq uint64) bool
	room     func(ctx context.Context)
	ask      func(ctx context.Context, kind string, body []byte) ([]gateway.Reply, error)
	seq      atomic.Uint64

	mu    sync.Mutex
	steps []string // what the gateway asked for, in order
}

func (c *fakeCluster) note(step string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.steps = append(c.steps, step)
}

func (c *fakeCluster) noted() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.steps...)
}

func (c *fakeCluster) Append(hub.Delta) uint64                            { return c.seq.Add(1) }
func (c *fakeCluster) Forward(*hub.Event, hub.PublishOptions, []hub.Boot) {}
func (c *fakeCluster) Start(context.Context, *hub.Hub) error              { c.note("start"); return nil }
func (c *fakeCluster) Ready() <-chan struct{}                             { return c.ready }
func (c *fakeCluster) Flush(context.Context) error                        { c.note("flush"); return nil }

// setAsk says what the others answer, whatever they are asked.
func (c *fakeCluster) setAsk(replies ...gateway.Reply) {
	c.ask = func(context.Context, string, []byte) ([]gateway.Reply, error) { return replies, nil }
}

func (c *fakeCluster) Ask(ctx context.Context, kind string, body []byte) ([]gateway.Reply, error) {
	if c.ask == nil {
		return nil, nil
	}
	return c.ask(ctx, kind, body)
}

func (c *fakeCluster) Close(context.Context) error { c.note("close"); return nil }

func (c *fakeCluster) AwaitInterest(ctx context.Context, channel string, seq uint64) bool {
	return c.interest == nil || c.interest(ctx, channel, seq)
}

func (c *fakeCluster) AwaitRoom(ctx context.Context) {
	if c.room != nil {
		c.room(ctx)
	}
}

func (c *fakeCluster) Announce(draining bool) {
	if draining {
		c.note("draining")
	} else {
		c.note("serving")
	}
}

// setPeers changes what the cluster says of its peers.
func (c *fakeCluster) setPeers(peers ...gateway.PeerStatus) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.peers = peers
}

func (c *fakeCluster) Status() gateway.ClusterStatus {
	c.mu.Lock()
	status := gateway.ClusterStatus{Peers: c.peers}
	c.mu.Unlock()
	select {
	case <-c.ready:
	default:
		status.Waiting = "waiting for gw-1"
	}
	return status
}

// newCluster returns a ready cluster with one live peer, and the option that uses it.
func newCluster() (*fakeCluster, func(*gateway.Config, *gateway.Options)) {
	c := &fakeCluster{ready: make(chan struct{}), peers: []gateway.PeerStatus{{Node: "gw-1", LinkedOut: true}}}
	close(c.ready)
	return c, c.use
}

func (c *fakeCluster) use(_ *gateway.Config, o *gateway.Options) {
	o.NewCluster = func(host gateway.ClusterHost) (gateway.Cluster, error) {
		c.host = host
		return c, nil
	}
}
