package mesh

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/starling-realtime/starling/hub"
)

// A presenceModel is what the test knows of a cluster's clients, to compare with what the hubs say.
type presenceModel struct {
	c *cluster
	// in are the live clients, by node, channel and id.
	in map[string]map[string]map[string]*client
	// views replay the events of an observer on each node, from its snapshot on.
	views map[string]*view
}

// A view is presence as one connection is told of it.
type view struct {
	mu      sync.Mutex
	members map[string]bool
	faults  []string
}

// observe puts an observer into a channel of a node.
func observe(t require.TestingT, n *node, channel string) *view {
	v := &view{members: make(map[string]bool)}
	c := n.connect("observer")
	c.watch = v.see
	_, err := n.hub.Join(channel, c.member, c, hub.JoinOptions{Snapshot: func(s hub.Snapshot) {
		for _, m := range s.Members {
			v.members[m] = true
		}
	}})
	require.NoError(t, err)
	return v
}

// see applies an event. A join of somebody present, and a leave of somebody absent, is a fault.
func (v *view) see(e *hub.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	joins := e.Type == hub.TypePresenceJoin
	if !joins && e.Type != hub.TypePresenceLeave {
		return
	}
	member := bodyOf(e).MemberID
	if v.members[member] == joins {
		v.faults = append(v.faults, line(e))
	}
	v.members[member] = joins
}

func (v *view) list() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []string
	for m, present := range v.members {
		if present {
			out = append(out, m)
		}
	}
	slices.Sort(out)
	return out
}

var propertyChannels = []string{"room", "lobby", "hall"}

func newPresenceModel(t *testing.T) *presenceModel {
	c := newCluster(t, "a", "b", "c")
	c.edit = func(cfg *Config) {
		cfg.NodeGrace = 400 * time.Millisecond
		cfg.DisconnectGrace = 30 * time.Millisecond
		cfg.Timing.Silence = 400 * time.Millisecond
	}
	m := &presenceModel{c: c, in: make(map[string]map[string]map[string]*client), views: make(map[string]*view)}
	for _, name := range c.names {
		m.boot(name)
	}
	c.awaitInStep()
	return m
}

// boot starts a node with an observer in the room.
func (m *presenceModel) boot(name string) {
	n := m.c.boot(name)
	m.in[name] = map[string]map[string]*client{}
	for _, channel := range propertyChannels {
		m.in[name][channel] = map[string]*client{}
	}
	m.views[name] = observe(m.c.t, n, "room")
}

func (m *presenceModel) node(name string) *node {
	m.c.mu.Lock()
	defer m.c.mu.Unlock()
	return m.c.nodes[name]
}

// any draws a client that is in a channel of a node.
func (m *presenceModel) any(t *rapid.T, node, channel string) *client {
	var ids []string
	for id := range m.in[node][channel] {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	return m.in[node][channel][rapid.SampledFrom(ids).Draw(t, "client")]
}

func (m *presenceModel) join(t *rapid.T, node, channel, member string) {
	c := m.node(node).join(t, channel, member)
	m.in[node][channel][c.id] = c
}

// present is the union of what the nodes' clients are in.
func (m *presenceModel) present(channel string) []string {
	set := map[string]bool{}
	if channel == "room" {
		set["observer"] = true
	}
	for _, channels := range m.in {
		for _, c := range channels[channel] {
			set[c.member] = true
		}
	}
	var out []string
	for member := range set {
		out = append(out, member)
	}
	slices.Sort(out)
	return out
}

func (m *presenceModel) step(t *rapid.T) {
	node := rapid.SampledFrom(m.c.names).Draw(t, "node")
	other := rapid.SampledFrom(m.c.names).Draw(t, "other")
	channel := rapid.SampledFrom(propertyChannels).Draw(t, "channel")
	member := rapid.SampledFrom([]string{"ann", "bob", "cid", "dan"}).Draw(t, "member")
	action := rapid.SampledFrom([]string{
		"join", "join", "join", "join", "leave", "leave", "close", "close", "move", "move", "reset", "cut", "refuse", "gossip", "heal", "wait", "kill",
	}).Draw(t, "action")
	c := m.any(t, node, channel)
	switch action {
	case "join":
		m.join(t, node, channel, member)
	case "leave":
		if c != nil {
			_, err := m.node(node).hub.Leave(channel, c.member, c)
			require.NoError(t, err)
			delete(m.in[node][channel], c.id)
		}
	case "close":
		if c != nil {
			c.close()
			delete(m.in[node][channel], c.id)
		}
	case "move":
		if c != nil {
			m.join(t, other, channel, c.member)
			c.close()
			delete(m.in[node][channel], c.id)
		}
	case "reset":
		m.c.net.resetSome(0.5)
	case "cut", "refuse", "gossip", "heal":
		if node != other {
			m.c.net.cut(node, other, map[string]cut{"cut": blackhole, "refuse": linksDown, "gossip": gossipOnly, "heal": {}}[action])
		}
	case "wait":
		time.Sleep(time.Duration(rapid.IntRange(1, 100).Draw(t, "ms")) * time.Millisecond)
	case "kill":
		if rapid.IntRange(0, 2).Draw(t, "really") == 0 {
			m.node(node).kill()
			m.boot(node)
		}
	}
}

// check heals everything and waits until all hubs, and all that observers were told, equal the union.
func (m *presenceModel) check(t *rapid.T) {
	for _, a := range m.c.names {
		for _, b := range m.c.names {
			if a < b {
				m.c.net.heal(a, b)
			}
		}
	}
	m.c.awaitInStep()
	for _, channel := range propertyChannels {
		m.c.awaitPresence(t, channel, m.present(channel)...)
	}
	for name, v := range m.views {
		await(t, func() string {
			if got := v.list(); !slices.Equal(got, m.present("room")) {
				return fmt.Sprintf("an observer on %s was told of %v, want %v", name, got, m.present("room"))
			}
			return ""
		})
		require.Empty(t, v.faults, "on %s", name)
	}
	for _, n := range m.c.running() {
		require.Zero(t, n.metric(m.c.t, "starling_mesh_checkpoint_mismatches_total"))
	}
}

// Presence on all gateways converges to the union of what their clients are in, whatever clients do and while gateways die
// and links are cut; what a connection is told adds up to it.
func TestPresenceConverges(t *testing.T) {
	t.Parallel()
	m := newPresenceModel(t)
	// Each run takes real time, so only some of those that rapid wants are made.
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		if runs++; runs > 60 {
			return
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			m.step(t)
		}
		m.check(t)
	})
}
