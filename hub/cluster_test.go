package hub

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const clusterNodes = 3

var clusterChannels = []string{room, "hall"}

// An act is one step of a member in a cluster: first it waits.
type act struct {
	wait time.Duration
	node int
	kind stepKind
	// gap is the time between the end of the old connection and the join of the new one; negative where they overlap.
	gap time.Duration
	yes bool
}

func drawActs(t *rapid.T, label string, maxActs int) []act {
	acts := make([]act, rapid.IntRange(0, maxActs).Draw(t, label))
	for i := range acts {
		acts[i] = act{
			wait: time.Duration(rapid.IntRange(0, 6000).Draw(t, "wait ms")) * time.Millisecond,
			node: rapid.IntRange(0, clusterNodes-1).Draw(t, "node"),
			kind: rapid.SampledFrom([]stepKind{stepJoin, stepJoin, stepLeave, stepClose, stepTyping}).Draw(t, "kind"),
			gap:  time.Duration(rapid.IntRange(-1000, int(grace/time.Millisecond)*8/10).Draw(t, "gap ms")) * time.Millisecond,
			yes:  rapid.Bool().Draw(t, "yes"),
		}
	}
	return acts
}

// A cluster is a network with an observer on each node and people who come, go and move.
type cluster struct {
	*network
	t         require.TestingT
	observers []*client
	conns     atomic.Int64
	people    sync.WaitGroup
}

func newCluster(t require.TestingT, seed uint64) *cluster {
	c := &cluster{network: newNetwork(clusterNodes, Options{Grace: grace, TypingTTL: ttl}, seed), t: t}
	for i, nd := range c.nodes {
		o := newClient(fmt.Sprintf("observer%d", i), fmt.Sprintf("observer%d", i))
		for _, name := range clusterChannels {
			o.join(t, nd.hub, name, PresenceFull)
		}
		c.observers = append(c.observers, o)
	}
	return c
}

// connect joins a member to all channels at a node.
func (c *cluster) connect(t require.TestingT, node int, member string) *fakeConn {
	conn := newConn(fmt.Sprintf("conn%d", c.conns.Add(1)))
	c.nodes[node].hub.Bind(conn)
	for _, name := range clusterChannels {
		joinAgain(t, c.nodes[node].hub, name, member, conn)
	}
	return conn
}

// live runs a person on a goroutine of its own.
func (c *cluster) live(fn func(t require.TestingT)) {
	c.people.Go(func() { c.failures.run(fn) })
}

// move lets a member go from node to node, closing its connections and never leaving.
func (c *cluster) move(t require.TestingT, member string, acts []act) {
	conn := c.connect(t, 0, member)
	for _, a := range acts {
		time.Sleep(a.wait)
		old := conn
		if a.gap < 0 {
			conn = c.connect(t, a.node, member)
			time.Sleep(-a.gap)
			old.close()
		} else {
			old.close()
			time.Sleep(a.gap)
			conn = c.connect(t, a.node, member)
		}
	}
}

// roam lets a member join, leave, close and type anywhere. It returns whether a connection is left.
func (c *cluster) roam(t require.TestingT, member string, acts []act) (connected bool) {
	var conn *fakeConn
	at := 0
	for _, a := range acts {
		time.Sleep(a.wait)
		h := c.nodes[at].hub
		switch {
		case conn == nil:
			at = a.node
			conn = c.connect(t, at, member)
		case a.kind == stepLeave:
			for _, name := range clusterChannels {
				leave(t, h, name, member, conn)
			}
			conn = nil
		case a.kind == stepClose:
			conn.close()
			conn = nil
		case a.kind == stepTyping:
			require.NoError(t, h.SetTyping(room, member, a.yes, conn))
		}
	}
	return conn != nil
}

// settle waits until everybody has done everything, all is told and every grace is over.
func (c *cluster) settle() {
	c.people.Wait()
	settle(2*grace + 2*ttl + 2*maxDelay)
	c.failures.require(c.t)
}

// requireEqual compares all hubs with each other and with what the observers replayed.
func (c *cluster) requireEqual(members map[string]bool) {
	for _, o := range c.observers {
		members[o.member] = true
	}
	for i, nd := range c.nodes {
		for _, name := range clusterChannels {
			require.Equal(c.t, members, setOf(nd.hub.Presence(name)), "presence of %s at node %d", name, i)
			require.Empty(c.t, nd.hub.TypingMembers(name))
		}
		for _, other := range c.nodes {
			if other != nd {
				require.Equal(c.t, other.digest, nd.hub.RemoteDigest(other.boot))
				require.Equal(c.t, digestOf(localState(other.hub)...), nd.hub.RemoteDigest(other.boot))
			}
		}
		c.observers[i].requireUpToDate(c.t, nd.hub, true)
		requireConsistent(c.t, nd.hub)
	}
}

// requireNoLeaves says that no observer heard of a leave of a member whose id has the prefix, and replays what they heard.
func (c *cluster) requireNoLeaves(prefix string) {
	for i, o := range c.observers {
		events := o.takeEvents()
		for _, e := range events {
			if e.Type == TypePresenceLeave {
				require.False(c.t, strings.HasPrefix(bodyOf(e).MemberID, prefix), "%s at node %d", line(e), i)
			}
		}
		o.give(events)
	}
}

func runCluster(t *testing.T, rt *rapid.T, fn func(c *cluster)) {
	seed := rapid.Uint64().Draw(rt, "seed")
	inBubble(t, rt, func(t require.TestingT) {
		c := newCluster(t, seed)
		defer c.stop()
		defer c.people.Wait()
		fn(c)
	})
}
