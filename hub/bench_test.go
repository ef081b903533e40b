package hub

import (
	"fmt"
	"testing"
)

func BenchmarkPublish(b *testing.B) {
	for _, n := range []int{1, 10, 1000} {
		b.Run(fmt.Sprintf("conns=%d", n), func(b *testing.B) {
			h := crowd(b, n)
			opts := PublishOptions{From: "member-0", MID: "0123456789abcdef", ExceptConnID: "conn-0"}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.Publish(room, "chat", chatPayload, opts); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/delivery")
		})
	}
}

// BenchmarkPublishParallel publishes to many channels at once, as the goroutines of a gateway do.
func BenchmarkPublishParallel(b *testing.B) {
	h := newHub(b, Options{})
	names := make([]string, 256)
	for i := range names {
		names[i] = fmt.Sprintf("room-%d", i)
		for j := range 10 {
			if _, err := h.Join(names[i], "ann", discardConn(fmt.Sprintf("conn-%d-%d", i, j)), JoinOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, err := h.Publish(names[i%len(names)], "chat", chatPayload, PublishOptions{}); err != nil {
				b.Error(err)
			}
		}
	})
}

// BenchmarkJoinLeave joins and leaves a channel of 10,000. With mode=full everyone hears of both.
func BenchmarkJoinLeave(b *testing.B) {
	for _, mode := range []PresenceMode{PresenceNone, PresenceCount, PresenceFull} {
		b.Run(fmt.Sprintf("mode=%s/members=10000", mode), func(b *testing.B) {
			h := crowd(b, 10_000)
			for i := range 10_000 {
				conn := discardConn(fmt.Sprintf("conn-%d", i))
				if _, err := h.Join(room, fmt.Sprintf("member-%d", i), conn, JoinOptions{Presence: mode}); err != nil {
					b.Fatal(err)
				}
			}
			c := discardConn("newcomer")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.Join(room, "ann", c, JoinOptions{Presence: mode}); err != nil {
					b.Fatal(err)
				}
				if _, err := h.Leave(room, "ann", c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSnapshot(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			h := crowd(b, n)
			b.ReportAllocs()
			for b.Loop() {
				h.Snapshot(room)
			}
		})
	}
}

func BenchmarkApplyRemote(b *testing.B) {
	h := crowd(b, 100)
	b.ReportAllocs()
	for b.Loop() {
		remoteJoin(h, bootB, "zoe")
		remoteLeave(h, bootB, "zoe")
	}
}

// BenchmarkJoin is the join of a connection that is in no channel yet, to one of 1,000 channels of about 10, and
// BenchmarkLeave its end. The other half is not timed, and not in the figures.
func BenchmarkJoin(b *testing.B)  { benchmarkMembership(b, true) }
func BenchmarkLeave(b *testing.B) { benchmarkMembership(b, false) }

func benchmarkMembership(b *testing.B, joins bool) {
	const channels, batch = 1000, 1000
	h := newHub(b, Options{})
	names := make([]string, channels)
	for i := range names {
		names[i] = fmt.Sprintf("channel-%d", i)
		for j := range 10 {
			if _, err := h.Join(names[i], fmt.Sprintf("member-%d", j), discardConn(fmt.Sprintf("conn-%d-%d", i, j)), JoinOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	}
	conns := make([]Conn, batch)
	for i := range conns {
		conns[i] = discardConn(fmt.Sprintf("newcomer-%d", i))
	}
	join := func(i int) {
		if _, err := h.Join(names[i%channels], "ann", conns[i], JoinOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	leave := func(i int) {
		if _, err := h.Leave(names[i%channels], "ann", conns[i]); err != nil {
			b.Fatal(err)
		}
	}
	timed, untimed := join, leave
	if !joins {
		timed, untimed = leave, join
	}
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; done += batch {
		n := min(batch, b.N-done)
		b.StopTimer()
		for i := range n {
			if !joins || done > 0 {
				untimed(i)
			}
		}
		b.StartTimer()
		for i := range n {
			timed(i)
		}
	}
}

// BenchmarkDigest is what one change of another hub's presence costs its digest, and the look at it.
func BenchmarkDigest(b *testing.B) {
	h := crowd(b, 100)
	remoteJoin(h, bootB, "zoe")
	d := Delta{Op: OpJoin, Channel: room, Member: "zoe"}
	b.ReportAllocs()
	for b.Loop() {
		if h.RemoteDigest(bootB).Toggle(d).Count != 2 {
			b.Fatal("no digest of one entry")
		}
	}
}

// BenchmarkReplaceRemote compares 1,000 entries of another hub with what is there already.
func BenchmarkReplaceRemote(b *testing.B) {
	const entries = 1000
	h := newHub(b, Options{})
	var state BucketState
	for i := range entries {
		state.Presence = append(state.Presence, Entry{room, fmt.Sprintf("member-%d", i)})
	}
	h.ReplaceRemote(bootB, Bucket(room), state)
	b.ReportAllocs()
	for b.Loop() {
		h.ReplaceRemote(bootB, Bucket(room), state)
	}
}
