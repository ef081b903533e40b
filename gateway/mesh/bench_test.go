package mesh

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/hub"
)

// A counter is a connection that counts the events of one type and keeps nothing.
type counter struct {
	id, typ string
	seen    atomic.Int64
	// more gets a token when there is an event.
	more chan struct{}
	// each is called for each, if it is there.
	each func()
}

func (c *counter) ID() string     { return c.id }
func (c *counter) OnClose(func()) {}
func (c *counter) Deliver(e *hub.Event) error {
	if e.Type == c.typ {
		if c.each != nil {
			c.each()
		}
		c.seen.Add(1)
		select {
		case c.more <- struct{}{}:
		default:
		}
	}
	return nil
}

// await waits until there were n events.
func (c *counter) await(n int64) {
	for c.seen.Load() < n {
		<-c.more
	}
}

// newBench returns two gateways and a counting connection on the second one.
func newBench(b *testing.B, typ string) (a, other *node, c *counter) {
	cl := newCluster(b, "a", "b")
	cl.edit = func(cfg *Config) { cfg.Timing.Silence = patience }
	nodes := cl.start("a", "b")
	c = &counter{id: "counter", typ: typ, more: make(chan struct{}, 1)}
	r, err := nodes[1].hub.Join("room", "counter", c, hub.JoinOptions{})
	require.NoError(b, err)
	require.True(b, nodes[1].mesh.AwaitInterest(b.Context(), "room", r.InterestSeq))
	await(b, func() string {
		if !nodes[0].hub.IsPresent("room", "counter") {
			return "the counter is not seen"
		}
		return ""
	})
	return nodes[0], nodes[1], c
}

// benchPayload makes a publish of about 200 bytes.
func benchPayload() []byte { return []byte(`"` + strings.Repeat("x", 198) + `"`) }

// BenchmarkPublish is the throughput from a publish on one gateway to its delivery on another.
func BenchmarkPublish(b *testing.B) {
	a, _, c := newBench(b, "chat")
	payload := benchPayload()
	opts := hub.PublishOptions{From: "ann", MID: "0123456789abcdef"}
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		a.mesh.AwaitRoom(b.Context())
		if _, err := a.hub.Publish("room", "chat", json.RawMessage(payload), opts); err != nil {
			b.Fatal(err)
		}
	}
	c.await(int64(b.N))
	require.Zero(b, a.metric(b, "starling_mesh_publishes_dropped_total"))
}

// BenchmarkPublishLatency is the time from a publish on one gateway to its delivery on another when the link is idle.
func BenchmarkPublishLatency(b *testing.B) {
	a, _, c := newBench(b, "chat")
	payload := benchPayload()
	b.ReportAllocs()
	n := int64(0)
	for b.Loop() {
		n++
		if _, err := a.hub.Publish("room", "chat", json.RawMessage(payload), hub.PublishOptions{From: "ann"}); err != nil {
			b.Fatal(err)
		}
		c.await(n)
	}
}

// BenchmarkPublishPaced publishes 50,000 a second, each when it is due, and reports how long after that it was delivered on the other
// gateway. Lateness of the publisher counts.
func BenchmarkPublishPaced(b *testing.B) {
	const every = time.Second / 50_000
	a, _, c := newBench(b, "chat")
	late := make([]time.Duration, 0, b.N)
	begin := time.Now().Add(time.Millisecond)
	due := func(i int) time.Time { return begin.Add(time.Duration(i) * every) }
	c.each = func() { late = append(late, time.Since(due(len(late)))) }
	payload := benchPayload()
	b.ResetTimer()
	for i := range b.N {
		if wait := time.Until(due(i)); wait > 0 {
			time.Sleep(wait)
		}
		if _, err := a.hub.Publish("room", "chat", json.RawMessage(payload), hub.PublishOptions{From: "ann"}); err != nil {
			b.Fatal(err)
		}
	}
	c.await(int64(b.N))
	b.StopTimer()
	slices.Sort(late)
	for name, share := range map[string]float64{"p50-ms": 0.5, "p99-ms": 0.99, "max-ms": 1} {
		b.ReportMetric(float64(late[int(share*float64(len(late)-1))])/float64(time.Millisecond), name)
	}
}

// BenchmarkJoinSeen is the time from a join on one gateway to the presence:join on another, and back out.
func BenchmarkJoinSeen(b *testing.B) {
	a, _, joins := newBench(b, hub.TypePresenceJoin)
	conn := newClient("1", "ann")
	b.ReportAllocs()
	n := int64(0)
	for b.Loop() {
		n++
		if _, err := a.hub.Join("room", "ann", conn, hub.JoinOptions{Presence: hub.PresenceNone}); err != nil {
			b.Fatal(err)
		}
		joins.await(n)
		if _, err := a.hub.Leave("room", "ann", conn); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSync is the time in which a gateway with 100,000 entries brings another one in step: one that comes new and holds
// nothing, and one that holds the same already.
func BenchmarkSync(b *testing.B) {
	const entries, channels = 100_000, 1000
	cl := newCluster(b, "a", "b")
	cl.edit = func(cfg *Config) { cfg.Timing.Silence, cfg.NodeGrace = patience, time.Millisecond }
	a := cl.boot("a")
	for i := range entries {
		_, err := a.hub.Join(fmt.Sprint("room", i%channels), fmt.Sprint("member", i), newClient(fmt.Sprint(i), ""),
			hub.JoinOptions{Presence: hub.PresenceNone})
		require.NoError(b, err)
	}
	b.Run("fresh", func(b *testing.B) {
		for b.Loop() {
			n := cl.boot("b")
			<-n.mesh.Ready()
			b.StopTimer()
			require.Equal(b, entries, n.hub.Stats().PresenceEntries)
			n.kill()
			b.StartTimer()
		}
		b.ReportMetric(entries*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	})
	b.Run("again", func(b *testing.B) {
		n := cl.boot("b")
		<-n.mesh.Ready()
		p := a.mesh.peer(n.boot)
		for b.Loop() {
			p.follower.resync()
			for !p.follower.inStep() {
				time.Sleep(100 * time.Microsecond)
			}
		}
		b.ReportMetric(entries*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	})
}

// BenchmarkFrame is what a gateway makes of a publish and of a presence change for the others, and of theirs.
func BenchmarkFrame(b *testing.B) {
	event := &hub.Event{
		Type: "message", Channel: "room:1234", From: "alice", MID: "3f2a-1k", Payload: benchPayload(), Seq: 7, UnixMilli: 1767225600123,
	}
	publish := publishFrame{event, hub.PublishOptions{From: "alice", MID: "3f2a-1k", ExceptConnID: "3f2a-1"}}
	delta := hub.Delta{Op: hub.OpJoin, Channel: "room:1234", Member: "alice"}
	publishBody, deltaBody := publish.encode(), encodeDelta(9, delta)
	for name, do := range map[string]func() error{
		"encode-publish": func() error { _ = publish.encode(); return nil },
		"parse-publish":  func() error { _, err := parsePublish(publishBody); return err },
		"encode-delta":   func() error { _ = encodeDelta(9, delta); return nil },
		"parse-delta":    func() error { _, _, err := parseDelta(deltaBody); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
