package mesh

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/mesh/keyring"
	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/hub"
)

// quickDelays are a rotation's, a hundred times faster.
var quickDelays = keyring.Delays{Primary: 1800 * time.Millisecond, Drop: 3 * time.Second}

// A keyFile is one gateway's: each kubelet brings its own up to date in its own time.
type keyFile struct {
	t    testing.TB
	path string
}

func (f keyFile) write(text string) {
	require.NoError(f.t, os.WriteFile(f.path+".new", []byte(text), 0o600))
	require.NoError(f.t, os.Rename(f.path+".new", f.path))
}

func (f keyFile) put(keys ...keyring.Key) {
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(k.Encode() + "\n")
	}
	f.write(b.String())
}

// bootKeyed boots a node that follows a key file of its own.
func (c *cluster) bootKeyed(name string, keys ...keyring.Key) (*node, keyFile) {
	c.t.Helper()
	f := keyFile{c.t, filepath.Join(c.t.TempDir(), "keys")}
	f.put(keys...)
	cfg := c.config(name)
	ring, err := keyring.NewWithDelays(keyring.Identity{Cluster: cfg.Cluster, Boot: cfg.Boot}, keys, quickDelays)
	require.NoError(c.t, err)
	cfg.Keys = ring
	n := c.bootWith(cfg)
	follower := keyring.NewFollower(keyring.FollowerConfig{
		Path: f.path, Keys: ring, Interval: 20 * time.Millisecond, Logger: newLogger(&n.log), Registerer: n.metrics,
	})
	ctx, cancel := context.WithCancel(context.Background())
	var following sync.WaitGroup
	following.Go(func() { follower.Run(ctx) })
	c.t.Cleanup(func() { cancel(); following.Wait() })
	return n, f
}

func idsOf(keys ...keyring.Key) []string {
	var ids []string
	for _, k := range keys {
		ids = append(ids, k.ID())
	}
	return ids
}

func awaitKeys(t testing.TB, n *node, keys ...keyring.Key) {
	t.Helper()
	await(t, func() string {
		if got := n.cfg.Keys.IDs(); !slices.Equal(got, idsOf(keys...)) {
			return fmt.Sprintf("%s accepts %v, want %v", n.name, got, idsOf(keys...))
		}
		return ""
	})
}

// A stream publishes "<node> <number>" to the channel "room" until it is stopped.
type stream struct {
	name string
	once sync.Once
	stop chan struct{}
	done chan struct{}
	sent atomic.Int64
	err  error
}

func (n *node) streamPublishes() *stream {
	s := &stream{name: n.name, stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		for s.err == nil {
			select {
			case <-s.stop:
				return
			case <-time.After(2 * time.Millisecond):
				s.err = n.tryPublish("room", n.name, fmt.Sprintf("%s %d", n.name, s.sent.Add(1)))
			}
		}
	}()
	n.cluster.t.Cleanup(s.halt)
	return s
}

// halt stops the stream. It may have been stopped before.
func (s *stream) halt() {
	s.once.Do(func() { close(s.stop) })
	<-s.done
}

func (s *stream) end(t testing.TB) {
	t.Helper()
	s.halt()
	require.NoError(t, s.err)
}

// A listener checks that from its first publish of each stream on, it misses none and gets none twice.
type listener struct {
	mu     sync.Mutex
	last   map[string]int64
	faults []string
}

// listen joins a listener as a gateway does: the answer to the join waits until the peers know of the interest.
func (n *node) listen(t testing.TB) *listener {
	t.Helper()
	x := &listener{last: make(map[string]int64)}
	c := n.connect("listener-" + n.name)
	c.watch = x.see
	joined := n.enter(t, "room", c)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.True(t, n.mesh.AwaitInterest(ctx, "room", joined.InterestSeq), "the join must not be partial")
	return x
}

func (x *listener) see(e *hub.Event) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if e.Type == hub.TypeGap {
		// A gateway that has just met another one is told of a gap in what came before: it counts once something was heard.
		var gap struct{ Gateway string }
		if err := json.Unmarshal(e.Payload, &gap); err != nil || x.last[gap.Gateway] != 0 {
			x.faults = append(x.faults, "gap of "+gap.Gateway)
		}
	}
	if e.Type != "chat" {
		return
	}
	var text, name string
	var number int64
	_ = json.Unmarshal(e.Payload, &text)
	_, _ = fmt.Sscan(text, &name, &number)
	if last, ok := x.last[name]; ok && number != last+1 {
		x.faults = append(x.faults, fmt.Sprintf("%q after %d", text, last))
	}
	x.last[name] = number
}

// awaitHeard waits until the listener has heard a stream, from where on it must miss nothing.
func (x *listener) awaitHeard(t testing.TB, s *stream) {
	t.Helper()
	await(t, func() string {
		x.mu.Lock()
		defer x.mu.Unlock()
		if x.last[s.name] == 0 {
			return "nothing comes from " + s.name
		}
		return ""
	})
}

// requireAll waits until the listener has the last publish of each stream.
func (x *listener) requireAll(t testing.TB, streams ...*stream) {
	t.Helper()
	for _, s := range streams {
		await(t, func() string {
			x.mu.Lock()
			defer x.mu.Unlock()
			if x.last[s.name] != s.sent.Load() {
				return fmt.Sprintf("%d of %d publishes from %s", x.last[s.name], s.sent.Load(), s.name)
			}
			return ""
		})
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	require.Empty(t, x.faults)
}

// A key is replaced in two steps while everybody publishes, with garbage in between and each gateway in its own time. Nothing
// is lost, nobody is taken for dead, and in the end the old key is good for nothing.
func TestKeyRotationUnderLoad(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b", "c")
	old, next := keyring.NewKey(), keyring.NewKey()
	var nodes []*node
	var files []keyFile
	for _, name := range c.names {
		n, f := c.bootKeyed(name, old)
		nodes, files = append(nodes, n), append(files, f)
	}
	c.awaitInStep()
	var streams []*stream
	var listeners []*listener
	for _, n := range nodes {
		listeners = append(listeners, n.listen(t))
	}
	for _, n := range nodes {
		streams = append(streams, n.streamPublishes())
	}
	for i, f := range files {
		f.put(next, old)
		awaitKeys(t, nodes[i], old, next)
	}
	for i, n := range nodes {
		awaitKeys(t, n, next, old)
		files[i].write("garbage\n")
		n.awaitMetric(t, 2, "starling_mesh_keys")
		await(t, func() string {
			if n.metric(t, "starling_mesh_key_file_valid") != 0 {
				return "garbage does not show"
			}
			return ""
		})
		require.Equal(t, idsOf(next, old), n.cfg.Keys.IDs(), "the keys in force stay")
		require.NotContains(t, n.log.String(), "garbage")
	}
	before := nodes[0].mesh.Status()
	for _, f := range files {
		f.put(next)
	}
	for _, n := range nodes {
		awaitKeys(t, n, next)
	}
	c.awaitInStep()
	awaitSender(t, intrude(t, nodes[0], "test", []keyring.Key{old}, link.VersionRange{}), link.StateUntrusted)
	for _, s := range streams {
		s.end(t)
	}
	for i, n := range nodes {
		listeners[i].requireAll(t, streams...)
		require.Zero(t, n.metric(t, "starling_mesh_link_resets_total"), "links resume")
	}
	require.Len(t, nodes[0].mesh.Status().Peers, len(before.Peers))
	for i, p := range before.Peers {
		require.Equal(t, p.Boot, nodes[0].mesh.Status().Peers[i].Boot)
	}
	// Gossip still works with the new key alone.
	await(t, func() string {
		for _, n := range nodes {
			if got := n.mesh.members.NumMembers(); got != 3 {
				return fmt.Sprintf("%s counts %d gateways alive", n.name, got)
			}
		}
		return ""
	})
}

// The Secret is deleted, remade with another key, and all gateways are replaced one by one, under load. Those that start have
// only the new key; those that run learn it at different times. Nobody takes clients before it can reach everybody.
func TestReplacedKeysAndRollingRestartUnderLoad(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b", "c", "d", "e", "f")
	old, next := keyring.NewKey(), keyring.NewKey()
	var nodes []*node
	var files []keyFile
	for _, name := range c.names[:3] {
		n, f := c.bootKeyed(name, old)
		nodes, files = append(nodes, n), append(files, f)
	}
	c.awaitInStep()
	streams, listeners := map[string]*stream{}, map[string]*listener{}
	for _, n := range nodes {
		listeners[n.name] = n.listen(t)
	}
	for _, n := range nodes {
		streams[n.name] = n.streamPublishes()
	}

	files[0].put(next)
	awaitKeys(t, nodes[0], next, old)
	first, _ := c.bootKeyed("d", next)
	await(t, func() string {
		if reason := first.mesh.ReadyReason(); !strings.Contains(reason, "does not have the same mesh keys yet") {
			return reason
		}
		return ""
	})
	await(t, func() string {
		if p, ok := first.peer(nodes[0].boot); !ok || !p.InStep {
			return "the new gateway is not in step with the one that knows its key"
		}
		return ""
	})
	require.True(t, first.mesh.KeysDiffer())
	require.False(t, isReady(first.mesh), "two gateways do not know its key")
	files[1].put(next)
	awaitKeys(t, nodes[1], next, old)
	require.False(t, isReady(first.mesh), "one gateway does not know its key")
	files[2].put(next)

	started := []*node{first}
	for i, n := range nodes {
		if i > 0 {
			fresh, _ := c.bootKeyed(c.names[3+i], next)
			started = append(started, fresh)
		}
		fresh := started[i]
		awaitReady(t, fresh)
		require.False(t, fresh.mesh.KeysDiffer())
		listeners[fresh.name] = fresh.listen(t)
		for _, o := range nodes[i:] {
			listeners[fresh.name].awaitHeard(t, streams[o.name])
		}
		streams[fresh.name] = fresh.streamPublishes()
		streams[n.name].end(t)
		for _, o := range append(slices.Clone(started), nodes[i+1:]...) {
			listeners[o.name].requireAll(t, streams[n.name])
		}
		n.leave()
	}
	var last []*stream
	for _, n := range started {
		streams[n.name].end(t)
		last = append(last, streams[n.name])
	}
	for _, n := range started {
		listeners[n.name].requireAll(t, last...)
	}
}

// A gateway that starts while the others have not read the file's first key yet talks to them with the one that they have.
func TestStartInTheMiddleOfARotation(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b", "late")
	old, next := keyring.NewKey(), keyring.NewKey()
	a, fileA := c.bootKeyed("a", old)
	b, fileB := c.bootKeyed("b", old)
	c.awaitInStep()
	late, _ := c.bootKeyed("late", next, old)
	awaitReady(t, late)
	c.awaitInStep()
	fileA.put(next, old)
	fileB.put(next, old)
	for _, n := range []*node{a, b, late} {
		awaitKeys(t, n, next, old)
	}
	c.awaitInStep()
}

// A gateway that has no key in common with the others is not ready, and knows why.
func TestNoKeyInCommon(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "a", "b")
	c.bootKeyed("a", keyring.NewKey())
	b, file := c.bootKeyed("b", keyring.NewKey())
	await(t, func() string {
		if !b.mesh.KeysDiffer() {
			return b.mesh.ReadyReason()
		}
		return ""
	})
	require.False(t, isReady(b.mesh))
	file.write("")
}
