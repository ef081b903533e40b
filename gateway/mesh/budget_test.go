package mesh

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/hub"
)

// numbers returns the numbers of the publishes "n <number> ..." that a client got, with -1 for each gap.
func numbers(t *testing.T, c *client) []int {
	var out []int
	lines, _ := c.seen()
	for _, l := range lines {
		var n int
		switch {
		case strings.HasPrefix(l, "gap "):
			out = append(out, -1)
		case strings.HasPrefix(l, "chat "):
			_, payload, _ := strings.Cut(l, `"`)
			_, err := fmt.Sscanf(payload, `n %d`, &n)
			require.NoError(t, err)
			out = append(out, n)
		}
	}
	return out
}

func awaitNumber(t *testing.T, c *client, n int) {
	t.Helper()
	await(t, func() string {
		if got := numbers(t, c); !slices.Contains(got, n) {
			return fmt.Sprintf("%s has got %v", c.id, got)
		}
		return ""
	})
}

// Over the publish budget publishers pause, then publishes to that peer are dropped and counted, and its connections in
// those channels get a gap in their place. Nothing else is lost.
func TestPublishBudget(t *testing.T) {
	t.Parallel()
	const count = 300
	c := newCluster(t, "a", "b", "c")
	c.edit = func(cfg *Config) {
		cfg.PublishBudget = 64 << 10
		cfg.Timing.Silence = patience
		cfg.Tuning.Pause = 100 * time.Millisecond
	}
	nodes := c.start("a", "b", "c")
	a, b := nodes[0], nodes[1]
	reader, elsewhere, other := b.join(t, "room", "bob"), b.join(t, "elsewhere", "bob"), nodes[2].join(t, "room", "cid")
	c.awaitPresence(t, "room", "bob", "cid")
	c.awaitPresence(t, "elsewhere", "bob")
	pad := strings.Repeat("x", 1000)
	publish := func(n int) { a.publish(t, "room", "ann", fmt.Sprintf("n %d %s", n, pad)) }

	publish(0)
	awaitNumber(t, reader, 0)
	c.net.cut("a", "b", linksOnly)
	began := time.Now()
	for n := 1; n <= count; n++ {
		publish(n)
		if n%20 == 0 {
			await(t, func() string {
				if p, _ := a.peer(nodes[2].boot); p.PublishBytes > 0 {
					return fmt.Sprintf("c has not acknowledged %d bytes", p.PublishBytes)
				}
				return ""
			})
		}
	}
	require.Greater(t, time.Since(began), a.cfg.Tuning.Pause*9/10, "publishers pause before anything is dropped")
	dropped := a.metric(t, "starling_mesh_publishes_dropped_total")
	require.Greater(t, dropped, count/2)
	p, _ := a.peer(b.boot)
	require.LessOrEqual(t, p.PublishBytes, a.cfg.PublishBudget)

	c.net.heal("a", "b")
	await(t, func() string {
		if !slices.Contains(numbers(t, reader), -1) {
			return "no gap"
		}
		return ""
	})
	publish(count + 1)
	awaitNumber(t, reader, count+1)
	var want []int
	for n := range count - dropped + 1 {
		want = append(want, n)
	}
	require.Equal(t, append(want, -1, count+1), numbers(t, reader))
	awaitNumber(t, other, count+1)
	require.Len(t, numbers(t, other), count+2, "the third gateway got everything")
	require.NotContains(t, numbers(t, other), -1)
	require.Empty(t, elsewhere.count("gap elsewhere a"), "nothing was lost in other channels")
	require.Equal(t, dropped, a.metric(t, "starling_mesh_publishes_dropped_total"))
	h, _ := a.mesh.pauses.current()
	require.Nil(t, h)
}

// A peer whose own clients cannot keep up slows the publishers down, and nothing is lost.
func TestSlowPeerSlowsPublishers(t *testing.T) {
	t.Parallel()
	const count = 400
	c := newCluster(t, "a", "b")
	c.edit = func(cfg *Config) {
		cfg.PublishBudget = 64 << 10
		cfg.Tuning.Pause = patience
		cfg.Timing.Silence = 5 * time.Second
	}
	nodes := c.start("a", "b")
	a, b := nodes[0], nodes[1]
	reader := b.join(t, "room", "bob")
	c.awaitPresence(t, "room", "bob")
	lagging := make(chan struct{})
	b.local.setLag(lagging)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := range count {
			assert.NoError(t, a.tryPublish("room", "ann", fmt.Sprintf("n %d %s", n, strings.Repeat("x", 1000))))
		}
	}()
	await(t, func() string {
		if h, _ := a.mesh.pauses.current(); h == nil {
			return "nobody waits"
		}
		return ""
	})
	p, _ := a.peer(b.boot)
	require.True(t, p.LinkedOut, "a link whose peer is busy is not dead")
	b.local.setLag(nil)
	close(lagging)
	<-done
	awaitNumber(t, reader, count-1)
	require.Len(t, numbers(t, reader), count)
	require.Zero(t, a.metric(t, "starling_mesh_publishes_dropped_total"))
}

// A pause for a peer ends when the peer is given up.
func TestPauseEndsWithThePeer(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b")
	c.edit = func(cfg *Config) {
		cfg.NodeGrace = time.Second
		cfg.PublishBudget = 16 << 10
		cfg.Tuning.Pause = patience
	}
	nodes := c.start("a", "b")
	a, b := nodes[0], nodes[1]
	b.join(t, "room", "bob")
	c.awaitPresence(t, "room", "bob")
	c.net.cut("a", "b", linksOnly)
	waiting := make(chan struct{})
	go func() {
		defer close(waiting)
		for range 20 {
			assert.NoError(t, a.tryPublish("room", "ann", strings.Repeat("x", 1000)))
		}
	}()
	await(t, func() string {
		if h, _ := a.mesh.pauses.current(); h == nil {
			return "nobody waits"
		}
		return ""
	})
	c.net.cut("a", "b", blackhole)
	b.kill()
	<-waiting
	require.Empty(t, a.mesh.pauses.holds)
}

// Over the state budget a peer falls out of step and is brought back from snapshots, applied as net changes.
func TestStateBudget(t *testing.T) {
	t.Parallel()
	const members = 2000
	c := newCluster(t, "a", "b")
	c.edit = func(cfg *Config) {
		cfg.StateBudget = 32 << 10
		cfg.Timing.Silence = patience
	}
	nodes := c.start("a", "b")
	a, b := nodes[0], nodes[1]
	observer := b.join(t, "room0", "observer")
	var clients []*client
	join := func(i int) {
		client := a.connect(fmt.Sprint("m", i))
		_, err := a.hub.Join(fmt.Sprint("room", i%50), client.member, client, hub.JoinOptions{Presence: hub.PresenceNone})
		require.NoError(t, err)
		clients = append(clients, client)
	}
	for i := range 100 {
		join(i)
	}
	await(t, func() string {
		if n := b.hub.Stats().Members; n != 101 {
			return fmt.Sprintf("%d members", n)
		}
		return ""
	})
	c.net.cut("a", "b", linksOnly)
	for i := 100; i < members; i++ {
		join(i)
	}
	for i := range 50 {
		_, err := a.hub.Leave(fmt.Sprint("room", i), clients[i].member, clients[i])
		require.NoError(t, err)
	}
	require.Positive(t, a.metric(t, "starling_mesh_resyncs_total"))
	p, _ := a.peer(b.boot)
	require.LessOrEqual(t, p.StateBytes, a.cfg.StateBudget+2*maxPart)
	require.False(t, p.InStep)

	c.net.heal("a", "b")
	await(t, func() string {
		if n := b.hub.Stats().Members; n != members-50+1 {
			return fmt.Sprintf("%d members", n)
		}
		return ""
	})
	c.awaitInStep()
	require.Equal(t, a.mesh.log.position().digest, b.hub.RemoteDigest(a.boot))
	require.Zero(t, b.metric(t, "starling_mesh_checkpoint_mismatches_total"))
	for i := range members {
		if i%50 == 0 {
			require.Equal(t, 1, observer.count(fmt.Sprintf("join room0 m%d", i)))
		}
	}
	require.Equal(t, 1, observer.count("leave room0 m0"))
	require.Zero(t, observer.count("leave room0 m50"))
	require.Zero(t, a.metric(t, "starling_mesh_link_resets_total"))
}

// What a gateway holds of a peer and should not, or the other way round, is found by the next checkpoint and healed.
func TestCheckpointHeals(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b")
	nodes := c.start("a", "b")
	a, b := nodes[0], nodes[1]
	observer := b.join(t, "room", "observer")
	a.join(t, "room", "ann")
	a.join(t, "room", "bob")
	c.awaitPresence(t, "room", "ann", "bob", "observer")
	tamper := func(deltas ...hub.Delta) {
		p := b.mesh.peer(a.boot)
		p.apply.Lock()
		defer p.apply.Unlock()
		for _, d := range deltas {
			require.True(t, b.hub.ApplyRemote(a.boot, d))
		}
	}
	tamper(hub.Delta{Op: hub.OpJoin, Channel: "room", Member: "ghost"}, hub.Delta{Op: hub.OpLeave, Channel: "room", Member: "bob"},
		hub.Delta{Op: hub.OpDisinterest, Channel: "room"})
	awaitLine(t, observer, "leave room ghost")
	c.awaitPresence(t, "room", "ann", "bob", "observer")
	await(t, func() string {
		if a.mesh.log.position().digest != b.hub.RemoteDigest(a.boot) {
			return "the digests differ"
		}
		return ""
	})
	require.Zero(t, observer.count("leave room ann"), "who was right is not touched")
	require.Contains(t, b.log.String(), "presence differs from the peer's")
	require.Positive(t, b.metric(t, "starling_mesh_checkpoint_mismatches_total"))
	// Once healed there is nothing more to do.
	mismatches := b.metric(t, "starling_mesh_checkpoint_mismatches_total")
	buckets := 0
	await(t, func() string {
		before := buckets
		if buckets = b.metric(t, "starling_mesh_buckets_in_total"); buckets != before {
			return "buckets still come"
		}
		return ""
	})
	at := b.checkpoints()
	await(t, func() string {
		if b.checkpoints() < at+5 {
			return "no checkpoints"
		}
		return ""
	})
	require.Equal(t, mismatches, b.metric(t, "starling_mesh_checkpoint_mismatches_total"))
	require.Equal(t, buckets, b.metric(t, "starling_mesh_buckets_in_total"))
}

// checkpoints is how far the link's stream from the only peer has come while nothing but checkpoints is sent.
func (n *node) checkpoints() uint64 {
	for _, p := range n.mesh.receiver.Peers() {
		return p.Applied
	}
	return 0
}

// A publish that is too large for a link is dropped and told, like one over the budget.
func TestTooLargePublishIsAGap(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b")
	nodes := c.start("a", "b")
	reader := nodes[1].join(t, "room", "bob")
	c.awaitPresence(t, "room", "bob")
	nodes[0].publish(t, "room", "ann", strings.Repeat("x", link.DefaultMaxFrame))
	nodes[0].publish(t, "room", "ann", "small")
	awaitLine(t, reader, `chat room "small"`)
	require.Equal(t, 1, reader.count("gap room a"))
	require.Equal(t, 1, nodes[0].metric(t, "starling_mesh_publishes_dropped_total"))
}

// Nothing is left of a gateway that died: neither entries, nor queues, nor what the links kept for it.
func TestNothingIsLeftOfTheDead(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b")
	c.edit = func(cfg *Config) { cfg.NodeGrace = 300 * time.Millisecond }
	nodes := c.start("a", "b")
	a, b := nodes[0], nodes[1]
	const members = 1000
	for i := range members {
		b.join(t, fmt.Sprint("room", i), fmt.Sprint("m", i))
	}
	await(t, func() string {
		if n := a.hub.Stats().PresenceEntries; n != members {
			return fmt.Sprintf("%d entries", n)
		}
		return ""
	})
	b.kill()
	for i := range 100 {
		a.publish(t, fmt.Sprint("room", i), "ann", "into the void")
	}
	awaitState(t, a, b, "unknown")
	require.Equal(t, hub.Stats{}, a.hub.Stats())
	await(t, func() string {
		a.mesh.log.mu.Lock()
		defer a.mesh.log.mu.Unlock()
		if n := len(a.mesh.log.followers); n != 0 {
			return fmt.Sprintf("%d followers", n)
		}
		return ""
	})
	require.Empty(t, a.mesh.receiver.Peers())
	require.Empty(t, a.mesh.pauses.holds)
	a.mesh.mu.Lock()
	require.Empty(t, a.mesh.alive)
	a.mesh.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, a.mesh.Flush(ctx))
}
