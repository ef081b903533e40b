package mesh

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// A client that moves between gateways is never seen to leave: whether it opens the new connection first, or closes the old
// one and comes back within 0.8 of the grace, and although links are reset meanwhile. When it leaves at last, everybody sees
// that once.
func TestMovesAreInvisible(t *testing.T) {
	t.Parallel()
	onSteadyMachine(t, func(t testing.TB) {
		const members, moves = 500, 2
		c := newCluster(t, "a", "b", "c")
		// Long, so that a fifth of it is more than a busy machine needs to replicate a join.
		const grace = 8 * time.Second
		c.edit = func(cfg *Config) { cfg.DisconnectGrace = grace }
		nodes := c.start("a", "b", "c")
		channel := func(m int) string { return fmt.Sprint("room", m%10) }
		observers := map[*node][]*client{}
		for _, n := range nodes {
			for i := range 10 {
				observers[n] = append(observers[n], n.join(t, fmt.Sprint("room", i), "observer"))
			}
		}
		calm := c.net.storm(50*time.Millisecond, 0.01)
		var group errgroup.Group
		late := make([]bool, members)
		for m := range members {
			group.Go(func() error {
				member := fmt.Sprint("m", m)
				at := rand.IntN(len(nodes))
				client := nodes[at].join(t, channel(m), member)
				for range moves {
					at = (at + 1 + rand.IntN(2)) % len(nodes)
					if rand.IntN(2) == 0 {
						next := nodes[at].join(t, channel(m), member)
						time.Sleep(rand.N(20 * time.Millisecond))
						client.close()
						client = next
						continue
					}
					closed := time.Now()
					client.close()
					time.Sleep(rand.N(grace * 8 / 10))
					client = nodes[at].join(t, channel(m), member)
					if time.Since(closed) > grace*85/100 {
						// The machine was too busy to wake this goroutine in time, which says nothing about the mesh.
						late[m] = true
					}
				}
				for _, list := range observers {
					o := list[m%10]
					if n := o.count(fmt.Sprintf("leave %s %s", channel(m), member)); n != 0 && !late[m] {
						return fmt.Errorf("%s saw %s leave while it moved", o.id, member)
					}
				}
				client.close()
				return nil
			})
		}
		err := group.Wait()
		calm()
		require.NoError(t, err)
		for i := range 10 {
			c.awaitPresence(t, fmt.Sprint("room", i), "observer")
		}
		inTime := 0
		for m := range members {
			if late[m] {
				continue
			}
			inTime++
			for _, list := range observers {
				o := list[m%10]
				require.Equal(t, 1, o.count(fmt.Sprintf("join %s m%d", channel(m), m)), "%s in %s", o.id, channel(m))
				require.Equal(t, 1, o.count(fmt.Sprintf("leave %s m%d", channel(m), m)), "%s in %s", o.id, channel(m))
			}
		}
		require.Greater(t, inTime, members*9/10)
	})
}

// A gateway's rolling replacement, as its members see it: they open on another gateway, it leaves, its successor comes.
func TestRolloutIsInvisible(t *testing.T) {
	t.Parallel()
	onSteadyMachine(t, func(t testing.TB) {
		c := newCluster(t, "a", "b", "c")
		nodes := c.start("a", "b", "c")
		observers := []*client{nodes[0].join(t, "room", "observer"), nodes[1].join(t, "room", "observer")}
		var members []string
		var clients []*client
		for i := range 30 {
			members = append(members, fmt.Sprint("m", i))
			clients = append(clients, nodes[2].join(t, "room", members[i]))
		}
		c.awaitPresence(t, "room", slices.Concat(members, []string{"observer"})...)
		for i, client := range clients {
			nodes[i%2].join(t, "room", members[i])
			client.close()
		}
		nodes[2].leave()
		c.start("c")
		await(t, func() string {
			if n := len(nodes[0].mesh.Status().Peers) + len(nodes[1].mesh.Status().Peers); n != 4 {
				return fmt.Sprintf("%d peers are known, want the present ones only", n)
			}
			return ""
		})
		c.awaitPresence(t, "room", slices.Concat(members, []string{"observer"})...)
		for _, o := range observers {
			lines, _ := o.seen()
			for _, l := range lines {
				require.NotContains(t, l, "leave")
				require.NotContains(t, l, "gap")
			}
		}
	})
}
