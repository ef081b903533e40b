package mesh

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// isolate cuts one node off from all others.
func (c *cluster) isolate(name string, how cut) {
	for _, other := range c.names {
		if other != name {
			c.net.cut(name, other, how)
		}
	}
}

// awaitState waits until a node sees a boot in a state.
func awaitState(t testing.TB, n, of *node, state string) {
	t.Helper()
	await(t, func() string {
		p, known := n.peer(of.boot)
		if known && p.State == state || !known && state == "unknown" {
			return ""
		}
		return fmt.Sprintf("%s sees %s as %q, want %q", n.name, of.name, p.State, state)
	})
}

// A partition that heals within the grace is not seen, but for late publishes: nothing is lost, nobody leaves.
func TestShortPartition(t *testing.T) {
	t.Parallel()
	onSteadyMachine(t, func(t testing.TB) {
		c := newCluster(t, "a", "b", "c")
		c.edit = func(cfg *Config) {
			cfg.NodeGrace = patience
			cfg.Timing.Silence = 500 * time.Millisecond
		}
		nodes := c.start("a", "b", "c")
		a, b, alone := nodes[0], nodes[1], nodes[2]
		watchers := []*leaveWatch{watchLeaves(a.join(t, "room", "ann")), watchLeaves(b.join(t, "room", "bob")), watchLeaves(alone.join(t, "room", "cid"))}
		c.awaitPresence(t, "room", "ann", "bob", "cid")

		c.isolate("c", blackhole)
		awaitState(t, a, alone, "orphan")
		awaitState(t, alone, a, "orphan")
		awaitState(t, alone, b, "orphan")
		a.publish(t, "room", "ann", "during")
		alone.publish(t, "room", "cid", "meanwhile")
		a.join(t, "room", "new at a")
		alone.join(t, "room", "new at c")
		require.Equal(t, []string{"ann", "bob", "cid", "new at a"}, a.presence("room"))

		c.isolate("c", cut{})
		c.awaitInStep()
		c.awaitPresence(t, "room", "ann", "bob", "cid", "new at a", "new at c")
		awaitLine(t, watchers[2].client, `chat room "during"`)
		awaitLine(t, watchers[0].client, `chat room "meanwhile"`)
		awaitLine(t, watchers[1].client, `chat room "meanwhile"`)
		for i, w := range watchers {
			require.Empty(t, w.left)
			require.Equal(t, 1, w.count(`chat room "meanwhile"`))
			for _, from := range c.names {
				require.Zero(t, w.count("gap room "+from), "%s got a gap from %s", c.names[i], from)
			}
		}
		for _, n := range nodes {
			require.Zero(t, n.metric(t, "starling_mesh_link_resets_total"), "the streams went on")
			require.Positive(t, n.metric(t, "starling_mesh_orphans_total"))
		}
	})
}

// A partition that outlasts the grace ends with equal presence and no ghost; its publishes are lost, which is told.
func TestLongPartition(t *testing.T) {
	t.Parallel()
	onSteadyMachine(t, func(t testing.TB) {
		c := newCluster(t, "a", "b", "c")
		c.edit = func(cfg *Config) { cfg.NodeGrace = 2 * time.Second }
		nodes := c.start("a", "b", "c")
		a, b, alone := nodes[0], nodes[1], nodes[2]
		watchers := []*leaveWatch{watchLeaves(a.join(t, "room", "ann")), watchLeaves(b.join(t, "room", "bob")), watchLeaves(alone.join(t, "room", "cid"))}
		goes := alone.join(t, "room", "goes")
		a.join(t, "room", "both")
		alone.join(t, "room", "both")
		c.awaitPresence(t, "room", "ann", "bob", "cid", "goes", "both")

		c.isolate("c", blackhole)
		began := time.Now()
		await(t, func() string {
			if got := fmt.Sprint(a.presence("room"), b.presence("room"), alone.presence("room")); got != "[ann bob both] [ann bob both] [both cid goes]" {
				return got
			}
			return ""
		})
		require.Greater(t, time.Since(began), a.cfg.NodeGrace-2*fastTiming().Heartbeat)
		_, err := alone.hub.Leave("room", "goes", goes)
		require.NoError(t, err)
		alone.join(t, "room", "new at c")
		b.join(t, "room", "new at b")
		a.publish(t, "room", "ann", "lost")
		alone.publish(t, "room", "cid", "lost")
		late := a.join(t, "late", "ann")
		alone.publish(t, "late", "cid", "lost")

		c.isolate("c", cut{})
		c.awaitInStep()
		c.awaitPresence(t, "room", "ann", "bob", "both", "cid", "new at b", "new at c")
		for i, w := range watchers {
			require.Equal(t, 1, w.count(`chat room "lost"`), "%s sees only what is published on its own side", c.names[i])
			require.Empty(t, w.leaves("both"), "it was present on both sides all the time")
		}
		for _, gap := range []string{"gap room a", "gap room b"} {
			awaitLine(t, watchers[2].client, gap)
		}
		awaitLine(t, watchers[0].client, "gap room c")
		awaitLine(t, watchers[1].client, "gap room c")
		awaitLine(t, late, "gap late c")
		a.publish(t, "room", "ann", "end")
		awaitLine(t, watchers[2].client, `chat room "end"`)
		for _, n := range nodes {
			require.Zero(t, n.metric(t, "starling_mesh_checkpoint_mismatches_total"))
			for _, o := range nodes {
				if n != o {
					require.Equal(t, o.mesh.log.position().digest, n.hub.RemoteDigest(o.boot))
				}
			}
		}
	})
}

// Nobody finds each other again by gossip when memberlist has forgotten the others: the addresses to join are tried for ever.
func TestPartitionLongerThanMemory(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b")
	c.edit = func(cfg *Config) { cfg.NodeGrace = 500 * time.Millisecond }
	nodes := c.start("a", "b")
	nodes[0].join(t, "room", "ann")
	nodes[1].join(t, "room", "bob")
	c.awaitPresence(t, "room", "ann", "bob")
	c.net.cut("a", "b", blackhole)
	awaitState(t, nodes[0], nodes[1], "unknown")
	awaitState(t, nodes[1], nodes[0], "unknown")
	require.Equal(t, []string{"ann"}, nodes[0].presence("room"))
	c.net.heal("a", "b")
	c.awaitInStep()
	c.awaitPresence(t, "room", "ann", "bob")
}

// A cut between two gateways that a third one can see is not relayed: it shows as orphans, gaps and a metric.
func TestTriangleCut(t *testing.T) {
	t.Parallel()
	onSteadyMachine(t, func(t testing.TB) {
		c := newCluster(t, "a", "b", "c")
		c.edit = func(cfg *Config) {
			cfg.NodeGrace = time.Second
			cfg.Timing.Silence = 500 * time.Millisecond
			cfg.Tuning.InterestTimeout = 200 * time.Millisecond
			cfg.Tuning.PushPull = 200 * time.Millisecond
		}
		nodes := c.start("a", "b", "c")
		a, b, third := nodes[0], nodes[1], nodes[2]
		ann, bob := a.join(t, "room", "ann"), b.join(t, "room", "bob")
		third.join(t, "room", "cid")
		c.awaitPresence(t, "room", "ann", "bob", "cid")
		await(t, func() string {
			if n := a.metric(t, "starling_mesh_unseen_peers"); n != 0 {
				return fmt.Sprintf("%d unseen peers", n)
			}
			return ""
		})
		c.net.cut("a", "b", blackhole)
		await(t, func() string {
			if got := fmt.Sprint(a.presence("room"), b.presence("room"), third.presence("room")); got != "[ann cid] [bob cid] [ann bob cid]" {
				return got
			}
			return ""
		})
		require.Positive(t, a.metric(t, "starling_mesh_orphans_total"))
		awaitLine(t, ann, "gap room b")
		awaitLine(t, bob, "gap room a")
		for _, n := range []*node{a, b} {
			await(t, func() string {
				if got := n.metric(t, "starling_mesh_unseen_peers"); got != 1 {
					return fmt.Sprintf("%s has %d unseen peers", n.name, got)
				}
				return ""
			})
		}
		require.Zero(t, third.metric(t, "starling_mesh_unseen_peers"))
		// The third gateway's probes keep both alive for memberlist, so joins say that they are partial.
		client := a.connect("eve")
		require.False(t, a.mesh.AwaitInterest(t.Context(), "new", a.enter(t, "new", client).InterestSeq))

		c.net.heal("a", "b")
		c.awaitInStep()
		c.awaitPresence(t, "room", "ann", "bob", "cid")
		for _, n := range nodes {
			await(t, func() string {
				if got := n.metric(t, "starling_mesh_unseen_peers"); got != 0 {
					return fmt.Sprintf("%s has %d unseen peers", n.name, got)
				}
				return ""
			})
		}
	})
}

// A link that works vetoes memberlist's word that a gateway is dead.
func TestLiveLinkVetoesGossip(t *testing.T) {
	t.Parallel()
	onSteadyMachine(t, func(t testing.TB) {
		c := newCluster(t, "a", "b", "c")
		c.edit = func(cfg *Config) { cfg.NodeGrace = 5 * time.Second }
		nodes := c.start("a", "b", "c")
		a, b, gone := nodes[0], nodes[1], nodes[2]
		w := watchLeaves(a.join(t, "room", "ann"))
		gone.join(t, "room", "cid")
		c.awaitPresence(t, "room", "ann", "cid")
		c.isolate("c", gossipOnly)
		for _, n := range []*node{a, b} {
			await(t, func() string {
				if p, ok := n.peer(gone.boot); !ok || p.Alive {
					return fmt.Sprintf("memberlist at %s still counts c as alive: %+v", n.name, p)
				}
				return ""
			})
		}
		// Links may break and come back meanwhile.
		for i := range 5 {
			c.net.resetSome(1)
			gone.publish(t, "room", "cid", fmt.Sprint(i))
			awaitLine(t, w.client, fmt.Sprintf(`chat room "%d"`, i))
		}
		require.Equal(t, []string{"ann", "cid"}, a.presence("room"))
		require.Empty(t, w.leaves("cid"))
		require.Zero(t, w.count("gap room c"))

		// Once the links are gone too there is no reason to wait for silence.
		c.isolate("c", cut{refused: true, gossip: true})
		awaitState(t, a, gone, "unknown")
		require.Equal(t, []string{"ann"}, a.presence("room"))
		c.isolate("c", cut{})
		c.awaitInStep()
		c.awaitPresence(t, "room", "ann", "cid")
	})
}

// A peer that is silent for too long, as when the machine stands still, and is then heard again over the same connection, is
// live again.
func TestSilenceWithinAConnection(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b")
	nodes := c.start("a", "b")
	w := watchLeaves(nodes[0].join(t, "room", "ann"))
	nodes[1].join(t, "room", "bob")
	c.awaitPresence(t, "room", "ann", "bob")
	p := nodes[0].mesh.peer(nodes[1].boot)
	p.look(time.Now().Add(nodes[0].cfg.Timing.Silence + time.Second))
	require.Equal(t, 1, nodes[0].metric(t, "starling_mesh_orphans_total"))
	c.awaitInStep()
	require.Equal(t, []string{"ann", "bob"}, nodes[0].presence("room"))
	require.Empty(t, w.leaves("bob"))
	require.EqualValues(t, 1, nodes[1].mesh.peer(nodes[0].boot).sender.Stats().Connections)
}

// A cut of the links alone, as a firewall that knows UDP only makes it.
func TestLinksCutButGossipWorks(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b")
	c.edit = func(cfg *Config) {
		cfg.NodeGrace = time.Second
		cfg.Timing.Silence = 500 * time.Millisecond
	}
	nodes := c.start("a", "b")
	ann := nodes[0].join(t, "room", "ann")
	nodes[1].join(t, "room", "bob")
	c.awaitPresence(t, "room", "ann", "bob")
	c.net.cut("a", "b", linksOnly)
	awaitLine(t, ann, "leave room bob")
	awaitLine(t, ann, "gap room b")
	p, known := nodes[0].peer(nodes[1].boot)
	require.True(t, known && p.Alive, "memberlist still sees it")
	require.Equal(t, "none", p.State)
	require.Zero(t, p.Entries)
	c.net.heal("a", "b")
	c.awaitInStep()
	c.awaitPresence(t, "room", "ann", "bob")
}
