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
