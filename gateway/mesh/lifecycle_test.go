package mesh

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/hub"
)

func TestConfigIsChecked(t *testing.T) {
	keys, err := keyring.New(keyring.Identity{Cluster: "test", Boot: 1}, keyring.Insecure("test"))
	require.NoError(t, err)
	good := Config{Node: "a", Boot: 1, Cluster: "test", Bind: netip.MustParseAddrPort("127.0.0.1:0"), Keys: keys}
	for want, spoil := range map[string]func(*Config){
		"the node has no name":         func(c *Config) { c.Node = "" },
		"the boot is zero":             func(c *Config) { c.Boot = 0 },
		"the keys are missing":         func(c *Config) { c.Keys = nil },
		"the bind address is missing":  func(c *Config) { c.Bind = netip.AddrPort{} },
		"a grace is negative":          func(c *Config) { c.NodeGrace = -1 },
		"binding the mesh to 192.0.2.": func(c *Config) { c.Bind = netip.MustParseAddrPort("192.0.2.1:7946") },
	} {
		cfg := good
		spoil(&cfg)
		_, err := New(cfg)
		require.ErrorContains(t, err, want)
	}
	m, err := New(good)
	require.NoError(t, err)
	require.NotZero(t, m.Addr().Port())
	require.Equal(t, m.Addr().String(), m.Advertised())
	require.NoError(t, m.Close(), "a mesh that was not started can be closed")
	require.NoError(t, m.Close(), "twice")
}

// A mesh is there for its hub before it is started: what happens until then is told to peers like everything else.
func TestUseBeforeStart(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b")
	a := c.boot("a")
	cfg := c.config("b")
	keys, err := keyring.New(keyring.Identity{Cluster: cfg.Cluster, Boot: cfg.Boot}, c.keys)
	require.NoError(t, err)
	cfg.Keys = keys
	m, err := New(cfg)
	require.NoError(t, err)
	h := hub.New(hub.Options{Replicator: m})
	defer h.Close()
	client := newClient("1", "bob")
	r, err := h.Join("room", "bob", client, hub.JoinOptions{})
	require.NoError(t, err)
	require.EqualValues(t, 1, r.InterestSeq)
	_, err = h.Publish("room", "chat", "hi", hub.PublishOptions{Key: "k"})
	require.NoError(t, err)
	require.True(t, m.AwaitInterest(t.Context(), "room", r.InterestSeq))
	require.Empty(t, m.Status().Peers)
	// A peer that dials meanwhile waits until there is a hub.
	time.Sleep(100 * time.Millisecond)
	require.NoError(t, m.Start(h, newFakeLocal()))
	await(t, func() string {
		if !a.hub.IsPresent("room", "bob") {
			return "a does not see bob"
		}
		return ""
	})
	require.NoError(t, m.Close())
}

func TestStatus(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b", "c")
	c.edit = func(cfg *Config) { cfg.NodeGrace = patience }
	nodes := c.start("a", "b", "c")
	a, b := nodes[0], nodes[1]
	b.join(t, "room", "bob")
	c.awaitPresence(t, "room", "bob")
	require.NoError(t, b.mesh.Announce(true))
	await(t, func() string {
		if p, _ := a.peer(b.boot); !p.Draining || p.Load == nil {
			return fmt.Sprintf("%+v", p)
		}
		return ""
	})
	s := a.mesh.Status()
	require.Equal(t, a.boot, s.Boot)
	require.Equal(t, c.addrs["a"].String(), s.Advertise)
	require.Len(t, s.Peers, 2)
	p := s.Peers[0]
	require.Less(t, p.HeardAgo, patience)
	p.HeardAgo = 0
	require.Equal(t, PeerStatus{
		Node: "b", Boot: b.boot, Address: c.addrs["b"].String(), Version: "test", State: "live", Alive: true, Draining: true, Entries: 2,
		LinkedIn: true, LinkedOut: true, InStep: true, Applied: b.mesh.Status().Seq, StateBytes: p.StateBytes, Load: &Load{},
	}, p)
	require.NoError(t, b.mesh.Announce(false))
	await(t, func() string {
		if p, _ := a.peer(b.boot); p.Draining {
			return "b still drains"
		}
		return ""
	})
	for name, want := range map[string]int{
		"starling_mesh_peers_in_step": 2, "starling_mesh_peers": 2, "starling_mesh_links": 4, "starling_mesh_orphans_total": 0,
	} {
		require.Equal(t, want, a.metric(t, name), name)
	}
	b.kill()
	await(t, func() string {
		p, _ := a.peer(b.boot)
		if p.State != "orphan" || p.LinkedOut || p.LinkedIn || p.Error == "" || p.InStep {
			return fmt.Sprintf("%+v", p)
		}
		return ""
	})
	require.Equal(t, 1, a.metric(t, "starling_mesh_peers", "state=orphan"))
}

// What is flushed has been applied.
func TestFlush(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b", "c")
	nodes := c.start("a", "b", "c")
	readers := []*client{nodes[1].join(t, "room", "bob"), nodes[2].join(t, "room", "cid")}
	c.awaitPresence(t, "room", "bob", "cid")
	for i := range 100 {
		nodes[0].publish(t, "room", "ann", fmt.Sprint(i))
	}
	require.NoError(t, nodes[0].mesh.Flush(t.Context()))
	for _, r := range readers {
		require.Equal(t, 1, r.count(`chat room "99"`))
	}
	c.net.cut("a", "b", linksOnly)
	nodes[0].publish(t, "room", "ann", "more")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, nodes[0].mesh.Flush(ctx), context.DeadlineExceeded)
	require.ErrorIs(t, nodes[0].mesh.Leave(ctx), context.DeadlineExceeded)
}

// A mesh can be closed at any moment: while it starts, joins, is sent to, sends, waits, loses and finds peers.
func TestCloseDuringEverything(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b")
	c.edit = func(cfg *Config) {
		cfg.NodeGrace, cfg.DisconnectGrace = 50*time.Millisecond, 5*time.Millisecond
		cfg.PublishBudget, cfg.StateBudget = 16<<10, 16<<10
		cfg.Tuning.Pause = 20 * time.Millisecond
		cfg.Tuning.InterestTimeout = 50 * time.Millisecond
	}
	base := c.boot("a")
	base.join(t, "room", "base")
	calm := c.net.storm(10*time.Millisecond, 0.1)
	for life := range 12 {
		n := c.boot("b")
		stop := make(chan struct{})
		var working sync.WaitGroup
		work := func(fn func(i int)) {
			working.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
						fn(i)
					}
				}
			})
		}
		work(func(i int) {
			client := n.join(t, fmt.Sprint("room", i%20), "bob")
			n.mesh.AwaitInterest(t.Context(), "room", n.enter(t, "room", client).InterestSeq)
			client.close()
		})
		work(func(int) { base.publish(t, "room", "ann", "hello") })
		work(func(i int) {
			n.publishWith(t, "room", "hello", hub.PublishOptions{From: "bob", Key: fmt.Sprint(life, i)})
		})
		work(func(int) {
			n.mesh.Status()
			_ = n.mesh.Flush(t.Context())
			time.Sleep(time.Millisecond)
		})
		time.Sleep(time.Duration(life*life) * time.Millisecond)
		if life%3 == 0 {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			_ = n.mesh.Leave(ctx)
			cancel()
		}
		require.NoError(t, n.mesh.Close())
		close(stop)
		working.Wait()
		n.kill()
	}
	calm()
	c.awaitPresence(t, "room", "base")
	require.NoError(t, base.mesh.Close())
	_, err := base.hub.Publish("room", "chat", nil, hub.PublishOptions{Key: "k"})
	require.NoError(t, err)
	_, ok := base.peer(1)
	require.False(t, ok)
}

// A gateway that forgot a peer while memberlist found it again meets it anew.
func TestMeetAgainWhileForgetting(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b")
	nodes := c.start("a", "b")
	a, b := nodes[0], nodes[1]
	p := a.mesh.peer(b.boot)
	// As when the grace was over at the moment at which memberlist heard of the peer again.
	p.apply.Lock()
	p.drop()
	p.forget()
	p.apply.Unlock()
	await(t, func() string {
		if q := a.mesh.peer(b.boot); q == p || q == nil || !q.alive.Load() {
			return "the peer was not met again"
		}
		return ""
	})
	b.join(t, "room", "bob")
	c.awaitInStep()
	c.awaitPresence(t, "room", "bob")
}

// A peer that is being forgotten takes nothing any more: whatever it sent would stay for ever.
func TestForgottenPeersApplyNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b")
	nodes := c.start("a", "b")
	a, b := nodes[0], nodes[1]
	p := a.mesh.peer(b.boot)
	p.apply.Lock()
	p.replica.forgotten = true
	p.apply.Unlock()
	in := (*inbound)(a.mesh)
	peer := &link.Peer{Boot: b.boot, Node: "b", Advertise: p.addr()}
	in.OnStream(peer, link.Stream{ID: 1, Fresh: true})
	join := encodeDelta(1, hub.Delta{Op: hub.OpJoin, Channel: "room", Member: "ghost"})
	require.ErrorIs(t, in.OnFrame(peer, link.Frame{Kind: kindDelta, Seq: 1, Body: join}), errForgotten)
	require.Empty(t, a.presence("room"))
}

// Bad frames of a peer are refused with what is wrong; nothing of them is applied.
func TestBadFrames(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b")
	nodes := c.start("a", "b")
	a, b := nodes[0], nodes[1]
	in := (*inbound)(a.mesh)
	peer := &link.Peer{Boot: b.boot, Node: "b"}
	for kind, want := range map[link.Kind]string{
		kindDelta: "reading a delta", kindBucket: "reading a bucket", kindInStep: "reading a checkpoint", kindCheckpoint: "reading a checkpoint",
		kindPublish: "reading a publish", kindGap: "reading a gap", kindKey: "reading a key", kindLoad: "reading a load", 0x3f: "frame of kind 0x3f has no meaning here",
	} {
		require.ErrorContains(t, in.OnFrame(peer, link.Frame{Kind: kind}), want)
	}
	require.ErrorIs(t, in.OnFrame(&link.Peer{Boot: 77}, link.Frame{Kind: kindDelta}), errForgotten)
	require.ErrorContains(t, in.OnHello(&link.Peer{Boot: a.boot}), "this is the gateway itself")
	require.NoError(t, a.mesh.Close())
	require.ErrorContains(t, in.OnHello(&link.Peer{Boot: 77}), "this gateway is closing")
}
