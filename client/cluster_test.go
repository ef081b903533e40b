package client_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/client"
	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/hub"
)

// A cluster is some gateways with a mesh, and what a load balancer knows of them.
type cluster struct {
	t       *testing.T
	servers []*server

	mu     sync.Mutex
	listed []string // addresses for new connections
	conns  map[string][]net.Conn
	turn   int
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// newCluster starts gateways and waits until they see each other.
func newCluster(t *testing.T, n int) *cluster {
	t.Helper()
	c := &cluster{t: t, conns: map[string][]net.Conn{}}
	key := keyring.NewKey()
	var addrs []string
	for range n {
		addrs = append(addrs, freePort(t))
	}
	for i := range n {
		c.servers = append(c.servers, serve(t, func(cfg *gateway.Config, opts *gateway.Options) {
			cfg.NodeName = fmt.Sprintf("gw-%d", i)
			cfg.MeshListen, cfg.Join = addrs[i], addrs
			cfg.Deregister = time.Second / 2 // there is no load balancer that takes its time
			opts.Boot = hub.Boot(rand.Uint64() | 1)
			keys, err := keyring.New(keyring.Identity{Cluster: cfg.Cluster, Boot: opts.Boot}, []keyring.Key{key})
			require.NoError(t, err)
			opts.Keys = keys
			opts.NewCluster = gateway.NewMesh
		}))
	}
	for _, s := range c.servers {
		eventually(t, func() bool {
			live := 0
			for _, p := range s.Status().Peers {
				if p.LinkedIn && p.LinkedOut {
					live++
				}
			}
			ready, _ := s.Ready()
			return ready && live == n-1
		}, "%s sees the others", s.name)
		c.listed = append(c.listed, s.addr())
	}
	return c
}

// dial connects to the gateways in turn, whatever the address.
func (c *cluster) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	c.mu.Lock()
	addr := c.listed[c.turn%len(c.listed)]
	c.turn++
	c.mu.Unlock()
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err == nil {
		c.mu.Lock()
		c.conns[addr] = append(c.conns[addr], conn)
		c.mu.Unlock()
	}
	return conn, err
}

// unlist sends new connections elsewhere, as a load balancer does when a gateway is not ready.
func (c *cluster) unlist(s *server) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var rest []string
	for _, addr := range c.listed {
		if addr != s.addr() {
			rest = append(rest, addr)
		}
	}
	c.listed = rest
}

// cut breaks all connections to a gateway, without a word.
func (c *cluster) cut(s *server) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns[s.addr()] {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
	delete(c.conns, s.addr())
}

// A person is a client in the room of a cluster's test.
type person struct {
	*client.Client
	name  string
	start string // the gateway it began at
	room  *client.Channel
	saw   *record
	sent  []string // message ids that were accepted, in order
}

// people connects some, each in the room, and waits until everybody sees everybody.
func (c *cluster) people(n int) []*person {
	c.t.Helper()
	var all []*person
	for i := range n {
		p := &person{name: fmt.Sprintf("p%02d", i)}
		p.Client = connect(c.t, "ws://cluster", client.Options{
			Member: p.name, DialContext: c.dial, Backoff: client.Backoff{First: time.Second / 4},
		})
		p.start = p.Gateway()
		p.room, p.saw = join(c.t, p.Client, "room", "")
		all = append(all, p)
	}
	for _, p := range all {
		eventually(c.t, func() bool { return len(p.room.Members()) == n }, "%s sees everybody", p.name)
	}
	return all
}

// load lets all publish until during returns.
func load(t *testing.T, all []*person, during func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(within(t))
	var group sync.WaitGroup
	for _, p := range all {
		group.Go(func() {
			for ctx.Err() == nil {
				mid, err := p.room.Publish(within(t), "m", len(p.sent), client.PublishOptions{})
				if err != nil {
					t.Errorf("%s: %v", p.name, err)
					return
				}
				p.sent = append(p.sent, mid)
			}
		})
	}
	during()
	cancel()
	group.Wait()
}

// received is what a person got of each sender, in order.
func (p *person) received() map[string][]string {
	got := map[string][]string{}
	for _, m := range of[client.Message](p.saw) {
		got[m.From] = append(got[m.From], m.MID)
	}
	return got
}

// awaitAll waits until a person got as much as was sent by the others.
func awaitAll(t *testing.T, p *person, all []*person) {
	t.Helper()
	want := 0
	for _, other := range all {
		if other != p {
			want += len(other.sent)
		}
	}
	eventually(t, func() bool { return len(of[client.Message](p.saw)) >= want }, "%s gets all", p.name)
}

// A drain of a gateway under load loses nothing, repeats nothing and shows nobody leave; who does not move is read in order.
func TestDrainUnderLoad(t *testing.T) {
	c := newCluster(t, 3)
	all := c.people(9)
	drained := c.servers[0]
	load(t, all, func() {
		c.unlist(drained)
		require.NoError(t, drained.Drain(within(t), "test"))
	})
	for _, p := range all {
		awaitAll(t, p, all)
		require.Empty(t, of[client.Gap](p.saw), p.name)
		got := p.received()
		for _, other := range all {
			switch {
			case other == p:
				require.Empty(t, got[other.name], "its own publishes")
			case p.start == drained.name || other.start == drained.name:
				require.ElementsMatch(t, other.sent, got[other.name], "%s of %s", p.name, other.name)
			default:
				require.Equal(t, other.sent, got[other.name], "%s of %s", p.name, other.name)
			}
		}
		for _, e := range of[client.Presence](p.saw) {
			require.Empty(t, e.Left, "%s saw somebody leave", p.name)
		}
		require.Len(t, p.room.Members(), len(all))
		st := p.Stats()
		require.Zero(t, st.Breaks, p.name)
		if p.start == drained.name {
			require.EqualValues(t, 1, st.Moves, p.name)
			require.NotEqual(t, drained.name, p.Gateway())
		}
	}
}

// When all connections of a gateway break under load, and break again, every accepted publish is delivered once to those who were
// connected all the time, and the others are told of the gap. Nobody is seen to leave.
func TestGatewayIsKilledUnderLoad(t *testing.T) {
	c := newCluster(t, 3)
	all := c.people(9)
	killed := c.servers[0]
	load(t, all, func() {
		c.cut(killed)
		for _, p := range all {
			if p.start == killed.name {
				eventually(t, func() bool { return p.Stats().Connects == 2 }, "%s is back", p.name)
			}
		}
		c.unlist(killed)
		c.cut(killed)
		killed.stop()
		for _, p := range all {
			eventually(t, func() bool { return p.Gateway() != "" && p.Gateway() != killed.name }, "%s is elsewhere", p.name)
		}
	})
	for _, p := range all {
		for _, e := range of[client.Presence](p.saw) {
			require.Empty(t, e.Left, "%s saw somebody leave", p.name)
		}
		if p.start == killed.name {
			require.NotEmpty(t, of[client.Gap](p.saw), p.name)
			continue
		}
		if p.Stats().Breaks > 0 {
			continue // it had been moved to the gateway by the balancer
		}
		awaitAll(t, p, all)
		for _, other := range all {
			if other != p {
				require.ElementsMatch(t, other.sent, p.received()[other.name], "%s of %s", p.name, other.name)
			}
		}
	}
}
