package mesh

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/hub"
)

// A tally checks, as they come, that a client's publishes are complete, in order and none comes twice. Publishes are
// "<publisher> <number>" with numbers from 1.
type tally struct {
	mu     sync.Mutex
	last   map[string]int
	faults []string
	gaps   int
}

// watchTally makes a client check what it gets.
func watchTally(c *client) *tally {
	x := &tally{last: make(map[string]int)}
	c.watch = x.see
	return x
}

func (x *tally) see(e *hub.Event) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if e.Type == hub.TypeGap {
		x.gaps++
	}
	if e.Type != "chat" {
		return
	}
	var text, publisher string
	var n int
	if err := json.Unmarshal(e.Payload, &text); err != nil {
		x.faults = append(x.faults, err.Error())
	}
	if _, err := fmt.Sscan(text, &publisher, &n); err != nil {
		x.faults = append(x.faults, err.Error())
	}
	if n != x.last[publisher]+1 {
		x.faults = append(x.faults, fmt.Sprintf("%q after %d", text, x.last[publisher]))
	}
	x.last[publisher] = n
}

// missing says what has not come yet of count publishes from each publisher.
func (x *tally) missing(publishers []string, count int) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, p := range publishers {
		if x.last[p] < count {
			return fmt.Sprintf("%d of %d publishes from %s", x.last[p], count, p)
		}
	}
	return ""
}

func (x *tally) requireClean(t *testing.T) {
	t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	require.Empty(t, x.faults)
	require.Zero(t, x.gaps, "nothing was lost, so no gap")
}

// A publish reaches every eligible connection of three gateways exactly once and in its publisher's order, while links are
// reset at random, in the middle of frames too.
func TestPublishesArriveOnceAndInOrder(t *testing.T) {
	t.Parallel()
	const perPublisher = 1000
	c := newCluster(t, "a", "b", "c")
	nodes := c.start("a", "b", "c")
	channels := []string{"room", "lobby"}
	var publishers []string
	tallies := map[string][]*tally{}
	for _, n := range nodes {
		publishers = append(publishers, n.name+"1", n.name+"2")
		for _, channel := range channels {
			for i := range 2 {
				client := n.connect(fmt.Sprintf("reader-%s-%d", n.name, i))
				tallies[channel] = append(tallies[channel], watchTally(client))
				r := n.enter(t, channel, client)
				require.True(t, n.mesh.AwaitInterest(t.Context(), channel, r.InterestSeq))
			}
		}
	}

	calm := c.net.storm(20*time.Millisecond, 0.1)
	var publishing sync.WaitGroup
	for i, p := range publishers {
		n := nodes[i/2]
		publishing.Go(func() {
			for k := range perPublisher {
				for _, channel := range channels {
					n.publish(t, channel, p, fmt.Sprintf("%s %d %s", p, k+1, strings.Repeat("x", 100)))
				}
				time.Sleep(500 * time.Microsecond)
			}
		})
	}
	publishing.Wait()
	calm()
	for _, channel := range channels {
		for _, x := range tallies[channel] {
			await(t, func() string { return x.missing(publishers, perPublisher) })
			x.requireClean(t)
		}
	}
	resets := 0
	for _, n := range nodes {
		require.Zero(t, n.metric(t, "starling_mesh_publishes_dropped_total"))
		require.Zero(t, n.metric(t, "starling_mesh_checkpoint_mismatches_total"))
		require.Zero(t, n.metric(t, "starling_mesh_link_resets_total"), "a connection that breaks loses no stream")
		for _, p := range n.mesh.allPeers() {
			resets += int(p.sender.Stats().Connections)
		}
	}
	require.Greater(t, resets, 12, "the storm did blow")
}

// Who a publish excludes is excluded on every gateway.
func TestExceptions(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b")
	nodes := c.start("a", "b")
	a, b := nodes[0], nodes[1]
	own := a.join(t, "room", "ann")
	second := b.join(t, "room", "ann")
	session := b.connect("ann")
	_, err := b.hub.Join("room", "ann", session, hub.JoinOptions{Session: "s1"})
	require.NoError(t, err)
	bob := b.join(t, "room", "bob")
	c.awaitPresence(t, "room", "ann", "bob")

	for text, opts := range map[string]hub.PublishOptions{
		"1": {From: "ann", ExceptConnID: second.id},
		"2": {From: "ann", ExceptMemberID: "ann"},
		"3": {From: "ann", ExceptSession: "s1"},
		"4": {From: "ann"},
	} {
		a.publishWith(t, "room", text, opts)
	}
	for client, want := range map[*client]string{own: "1 3 4", second: "2-no 3 4", session: "1 4", bob: "1 2 3 4"} {
		want := strings.ReplaceAll(want, "2-no ", "")
		texts := strings.Fields(want)
		await(t, func() string {
			var got []string
			lines, _ := client.seen()
			for _, l := range lines {
				if text, ok := strings.CutPrefix(l, "chat room "); ok {
					got = append(got, strings.Trim(text, `"`))
				}
			}
			slices.Sort(got)
			if slices.Equal(got, texts) {
				return ""
			}
			if len(got) > len(texts) {
				require.Equal(t, texts, got)
			}
			return fmt.Sprintf("%s got %v, want %v", client.id, got, texts)
		})
	}
}

// A publish with a key is made known everywhere, so that a retry on another gateway is found; one that two gateways accept
// at the same time is delivered by each gateway once.
func TestKeysDeduplicateAcrossGateways(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b", "c")
	nodes := c.start("a", "b", "c")
	a, b, cc := nodes[0], nodes[1], nodes[2]
	reader := b.join(t, "room", "bob")
	c.awaitPresence(t, "room", "bob")
	key := func(k string) hub.PublishOptions { return hub.PublishOptions{From: "ann", Key: k} }

	a.local.Remember("ann", "room", "k1", "m1")
	opts := key("k1")
	a.publishWith(t, "room", "first", opts)
	awaitLine(t, reader, `chat room "first"`)
	for _, n := range []*node{b, cc} {
		await(t, func() string {
			n.local.mu.Lock()
			defer n.local.mu.Unlock()
			if len(n.local.keys) == 0 {
				return n.name + " does not know the key"
			}
			return ""
		})
	}

	// The retry that two gateways accepted before they heard of each other's.
	a.publishWith(t, "room", "race", key("k2"))
	cc.publishWith(t, "room", "race", key("k2"))
	a.publish(t, "room", "ann", "end of a")
	cc.publish(t, "room", "ann", "end of c")
	awaitLine(t, reader, `chat room "end of a"`)
	awaitLine(t, reader, `chat room "end of c"`)
	require.Equal(t, 1, reader.count(`chat room "race"`))
	require.Equal(t, 1, b.metric(t, "starling_mesh_publish_duplicates_total"))

	// A key in a channel that nobody is in is made known as well.
	a.publishWith(t, "empty", "x", key("k3"))
	await(t, func() string {
		b.local.mu.Lock()
		defer b.local.mu.Unlock()
		if _, ok := b.local.keys[[3]string{"ann", "empty", "k3"}]; !ok {
			return "b does not know the key of a publish that nobody wanted"
		}
		return ""
	})
}

func TestTypingCrossesGateways(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b", "c")
	c.edit = func(cfg *Config) { cfg.NodeGrace = 20 * time.Second }
	nodes := c.start("a", "b", "c")
	a, b, cc := nodes[0], nodes[1], nodes[2]
	ann, bob := a.join(t, "room", "ann"), b.join(t, "room", "bob")
	observer := cc.join(t, "room", "cid")
	c.awaitPresence(t, "room", "ann", "bob", "cid")

	require.NoError(t, a.hub.SetTyping("room", "ann", true, ann))
	for _, client := range []*client{bob, observer} {
		awaitLine(t, client, "typing room ann true")
	}
	require.NoError(t, a.hub.SetTyping("room", "ann", false, ann))
	for _, client := range []*client{bob, observer} {
		awaitLine(t, client, "typing room ann false")
	}

	// It ends when the link begins anew, without a leave: nobody could tell how long it goes on.
	require.NoError(t, a.hub.SetTyping("room", "ann", true, ann))
	require.NoError(t, b.hub.SetTyping("room", "bob", true, bob))
	await(t, func() string {
		if n := observer.count("typing room ann true") + observer.count("typing room bob true"); n != 3 {
			return fmt.Sprint("typing seen ", n)
		}
		return ""
	})

	// It ends at once when its gateway is lost; its members stay.
	a.kill()
	await(t, func() string {
		if n := observer.count("typing room ann false"); n != 2 {
			return fmt.Sprint("end of typing seen ", n)
		}
		return ""
	})
	require.Equal(t, []string{"bob"}, cc.hub.TypingMembers("room"))
	require.True(t, cc.hub.IsPresent("room", "ann"))
	require.Zero(t, observer.count("leave room ann"))
}
