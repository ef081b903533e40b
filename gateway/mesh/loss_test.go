package mesh

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/hub"
)

// lateness is how much later than promised something may be seen on a busy machine.
const lateness = 10 * time.Second

// A leaveWatch notes when a client saw members leave.
type leaveWatch struct {
	*client
	left map[string][]time.Time
}

// watchLeaves makes a client note when members leave.
func watchLeaves(c *client) *leaveWatch {
	w := &leaveWatch{client: c, left: make(map[string][]time.Time)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch = func(e *hub.Event) {
		if e.Type == hub.TypePresenceLeave {
			member := bodyOf(e).MemberID
			w.left[member] = append(w.left[member], time.Now())
		}
	}
	return w
}

// leaves returns when a member was seen to leave.
func (w *leaveWatch) leaves(member string) []time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.left[member]
}

// A gateway that crashes is missed after node-grace, and one second at the most: each survivor tells once of each lost
// member, and not at all of one that came back in time. Its connections learn that publishes may be lost.
func TestCrash(t *testing.T) {
	t.Parallel()
	for name, silent := range map[string]bool{"process dies": false, "machine dies": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSteadyMachine(t, func(t testing.TB) {
				const grace = 4 * time.Second
				c := newCluster(t, "a", "b", "c")
				c.edit = func(cfg *Config) { cfg.NodeGrace = grace }
				nodes := c.start("a", "b", "c")
				a, b, dead := nodes[0], nodes[1], nodes[2]
				watchers := []*leaveWatch{watchLeaves(a.join(t, "room", "ann")), watchLeaves(b.join(t, "room", "bob"))}
				elsewhere := a.join(t, "elsewhere", "eve")
				for i := range 20 {
					dead.join(t, "room", fmt.Sprint("lost", i))
					dead.join(t, "room", fmt.Sprint("moved", i))
				}
				b.join(t, "room", "lost0")
				await(t, func() string {
					if n := a.hub.MemberCount("room"); n != 42 {
						return fmt.Sprintf("%d members", n)
					}
					return ""
				})
				a.publish(t, "room", "ann", "in step")
				awaitLine(t, watchers[1].client, `chat room "in step"`)

				if silent {
					c.net.cut("a", "c", blackhole)
					c.net.cut("b", "c", blackhole)
				}
				killed := time.Now()
				dead.kill()
				for i := range 20 {
					c.running()[i%2].join(t, "room", fmt.Sprint("moved", i))
				}
				want := []string{"ann", "bob", "lost0"}
				for i := range 20 {
					want = append(want, fmt.Sprint("moved", i))
				}
				c.awaitPresence(t, "room", want...)
				for _, w := range watchers {
					awaitLine(t, w.client, "gap room c")
					require.Equal(t, 1, w.count("gap room c"))
					require.Empty(t, w.leaves("lost0"), "it is on b too")
					for i := range 20 {
						require.Empty(t, w.leaves(fmt.Sprint("moved", i)))
					}
					for i := 1; i < 20; i++ {
						at := w.leaves(fmt.Sprint("lost", i))
						require.Len(t, at, 1)
						// The grace counts from when the gateway was heard last, a heartbeat before its death at the earliest.
						require.Greater(t, at[0].Sub(killed), grace-2*fastTiming().Heartbeat)
						require.Less(t, at[0].Sub(killed), grace+time.Second+lateness)
					}
				}
				if !silent {
					require.Zero(t, elsewhere.count("gap elsewhere c"), "c had nobody there who could have published")
				}
				await(t, func() string {
					if n := len(a.mesh.Status().Peers); n != 1 {
						return fmt.Sprintf("%d peers are held", n)
					}
					return ""
				})
				require.Zero(t, a.hub.RemoteDigest(dead.boot))
			})
		})
	}
}

// A gateway that leaves in good order is missed after disconnect-grace, and nothing is lost with it.
func TestLeave(t *testing.T) {
	t.Parallel()
	onSteadyMachine(t, func(t testing.TB) {
		const grace = 2 * time.Second
		c := newCluster(t, "a", "b")
		c.edit = func(cfg *Config) { cfg.NodeGrace, cfg.DisconnectGrace = patience, grace }
		nodes := c.start("a", "b")
		w := watchLeaves(nodes[0].join(t, "room", "ann"))
		nodes[1].join(t, "room", "bob")
		nodes[1].join(t, "room", "cid")
		c.awaitPresence(t, "room", "ann", "bob", "cid")
		nodes[1].publish(t, "room", "bob", "goodbye")
		began := time.Now()
		nodes[1].leave()
		require.Equal(t, 1, w.count(`chat room "goodbye"`), "what was published is applied before it is gone")
		nodes[0].join(t, "room", "cid")
		c.awaitPresence(t, "room", "ann", "cid")
		at := w.leaves("bob")
		require.Len(t, at, 1)
		require.Greater(t, at[0].Sub(began), grace-2*fastTiming().Heartbeat)
		require.Empty(t, w.leaves("cid"))
		require.Zero(t, w.count("gap room b"))
		require.Zero(t, nodes[0].metric(t, "starling_mesh_gaps_total"))
	})
}

// A goodbye counts also when the connection breaks after it and is made anew.
func TestGoodbyeSurvivesAReset(t *testing.T) {
	t.Parallel()
	onSteadyMachine(t, func(t testing.TB) {
		c := newCluster(t, "a", "b")
		c.edit = func(cfg *Config) { cfg.NodeGrace, cfg.DisconnectGrace = patience, 3*time.Second }
		nodes := c.start("a", "b")
		w := watchLeaves(nodes[0].join(t, "room", "ann"))
		nodes[1].join(t, "room", "bob")
		c.awaitPresence(t, "room", "ann", "bob")
		require.NoError(t, nodes[1].mesh.Leave(t.Context()))
		connections := nodes[1].mesh.peer(nodes[0].boot).sender.Stats().Connections
		c.net.resetSome(1)
		await(t, func() string {
			if p := nodes[1].mesh.peer(nodes[0].boot); p.sender.Stats().Connections == connections {
				return "the link has not come back"
			}
			return ""
		})
		nodes[1].kill()
		c.awaitPresence(t, "room", "ann")
		require.Zero(t, w.count("gap room b"))
	})
}

// A gateway that is killed and started again at once, with the same name and address, is a new boot: it does not shorten
// the grace of the old one's members, of which those that come back never leave, and nothing of the old boot is left.
func TestRestartIsANewBoot(t *testing.T) {
	t.Parallel()
	onSteadyMachine(t, func(t testing.TB) {
		const grace = 3 * time.Second
		c := newCluster(t, "a", "b", "c")
		c.edit = func(cfg *Config) { cfg.NodeGrace = grace }
		nodes := c.start("a", "b", "c")
		old := nodes[2]
		watchers := []*leaveWatch{watchLeaves(nodes[0].join(t, "room", "ann")), watchLeaves(nodes[1].join(t, "room", "bob"))}
		for _, member := range []string{"stays", "returns", "moves"} {
			old.join(t, "room", member)
		}
		c.awaitPresence(t, "room", "ann", "bob", "stays", "returns", "moves")
		killed := time.Now()
		old.kill()
		fresh := c.boot("c")
		fresh.join(t, "room", "returns")
		nodes[0].join(t, "room", "moves")
		c.awaitInStep()
		require.NotEqual(t, old.boot, fresh.boot)
		c.awaitPresence(t, "room", "ann", "bob", "returns", "moves")
		for _, w := range watchers {
			require.Empty(t, w.leaves("returns"))
			require.Empty(t, w.leaves("moves"))
			at := w.leaves("stays")
			require.Len(t, at, 1)
			require.Greater(t, at[0].Sub(killed), grace-2*fastTiming().Heartbeat)
			require.Less(t, at[0].Sub(killed), grace+time.Second+lateness)
			awaitLine(t, w.client, "gap room c")
		}
		for _, n := range c.running() {
			await(t, func() string {
				if _, known := n.peer(old.boot); known {
					return n.name + " still knows the old boot"
				}
				return ""
			})
			require.Zero(t, n.hub.RemoteDigest(old.boot))
		}
	})
}

// A member whose gateway died comes back on another one within the grace, as everybody does after a crash: nobody sees it
// leave, also not the gateway that it comes back to.
func TestReturnWithinTheGrace(t *testing.T) {
	t.Parallel()
	onSteadyMachine(t, func(t testing.TB) {
		const grace = 4 * time.Second
		c := newCluster(t, "a", "b", "c")
		c.edit = func(cfg *Config) { cfg.NodeGrace = grace }
		nodes := c.start("a", "b", "c")
		watchers := []*leaveWatch{watchLeaves(nodes[0].join(t, "room", "ann")), watchLeaves(nodes[1].join(t, "room", "bob"))}
		const members = 100
		for i := range members {
			nodes[2].join(t, "room", fmt.Sprint("m", i))
		}
		await(t, func() string {
			if n := nodes[0].hub.MemberCount("room") + nodes[1].hub.MemberCount("room"); n != 2*(members+2) {
				return fmt.Sprintf("%d members", n)
			}
			return ""
		})
		killed := time.Now()
		nodes[2].kill()
		inTime := 0
		for i := range members {
			time.Sleep(time.Until(killed.Add(grace * 6 / 10 * time.Duration(i) / members)))
			nodes[i%2].join(t, "room", fmt.Sprint("m", i))
			if time.Since(killed) < grace*7/10 {
				inTime = i + 1
			}
		}
		require.Greater(t, inTime, members/2, "the machine is too busy for this test")
		await(t, func() string {
			for _, n := range nodes[:2] {
				if _, known := n.peer(nodes[2].boot); known {
					return n.name + " still holds the dead gateway"
				}
			}
			return ""
		})
		for _, w := range watchers {
			for i := range inTime {
				require.Empty(t, w.leaves(fmt.Sprint("m", i)))
			}
		}
	})
}
