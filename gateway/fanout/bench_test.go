package fanout

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func benchPool(b *testing.B, sockets int, opts Options) (*Pool, []*Socket) {
	b.Helper()
	p := newPool(b, opts)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	b.Cleanup(func() { ln.Close() })
	all := make([]*Socket, sockets)
	for i := range all {
		client, err := net.Dial("tcp", ln.Addr().String())
		require.NoError(b, err)
		server, err := ln.Accept()
		require.NoError(b, err)
		b.Cleanup(func() { client.Close() })
		go func() { _, _ = io.Copy(io.Discard, client) }()
		all[i], err = p.Attach(server, SocketOptions{})
		require.NoError(b, err)
	}
	return p, all
}

func waitWritten(p *Pool) {
	for {
		left := int64(0)
		for _, sh := range p.shards {
			left += sh.queued.Load() + sh.refused.Load()
		}
		if left == 0 {
			return
		}
		time.Sleep(20 * time.Microsecond)
	}
}

// One operation is one delivery: a frame to one socket, of 1,000 that each get k frames before all are written. The
// readers are in this process, so half of the time is theirs.
func BenchmarkEnqueueFlush1000Sockets(b *testing.B) {
	const sockets = 1000
	frame := text(strings.Repeat("x", 200))
	for _, k := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("k=%d", k), func(b *testing.B) {
			p, all := benchPool(b, sockets, Options{})
			before := cpuTime(b)
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; n += sockets * k {
				for range k {
					for _, s := range all {
						if err := s.Enqueue(frame); err != nil {
							b.Fatal(err)
						}
					}
				}
				waitWritten(p)
			}
			b.StopTimer()
			m := metricsOf(b, p)
			b.ReportMetric(m["writes_total"]/m["frames_total"], "writes/op")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
			b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// Publishes at a fixed rate to 1,000 sockets, as the window sees them. One operation is one delivery.
func BenchmarkPaced1000Sockets(b *testing.B) {
	const sockets, rate = 1000, 500
	frame := text(strings.Repeat("x", 200))
	for name, window := range map[string]time.Duration{"window": 0, "no-window": -1} {
		b.Run(name, func(b *testing.B) {
			p, all := benchPool(b, sockets, Options{MaxWindow: window})
			before := cpuTime(b)
			b.ResetTimer()
			next := time.Now()
			for n := 0; n < b.N; n += sockets {
				for _, s := range all {
					if err := s.Enqueue(frame); err != nil {
						b.Fatal(err)
					}
				}
				next = next.Add(time.Second / rate)
				time.Sleep(time.Until(next))
			}
			waitWritten(p)
			b.StopTimer()
			m := metricsOf(b, p)
			b.ReportMetric(m["writes_total"]/m["frames_total"], "writes/op")
			b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// Enqueue alone: the shard writes into the void, so that its system calls do not count.
func BenchmarkEnqueue(b *testing.B) {
	frame := text(strings.Repeat("x", 200))
	for _, sockets := range []int{1, 1000} {
		b.Run(fmt.Sprintf("sockets=%d", sockets), func(b *testing.B) {
			_, all := benchPool(b, sockets, Options{MaxQueueBytes: 1 << 30, LagBytes: 1 << 40})
			intoVoid(b, all)
			b.ReportAllocs()
			before := cpuTime(b)
			b.ResetTimer()
			for i := range b.N {
				if err := all[i%sockets].Enqueue(frame); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// BenchmarkFlush is one pass of a shard over 1,000 sockets with k frames each, written into the void. One operation is one frame.
func BenchmarkFlush(b *testing.B) {
	const sockets = 1000
	frame := text(strings.Repeat("x", 200))
	for _, k := range []int{1, 8} {
		b.Run(fmt.Sprintf("sockets=%d/frames=%d", sockets, k), func(b *testing.B) {
			p, all := benchPool(b, sockets, Options{Shards: 1})
			intoVoid(b, all)
			round := func() {
				for range k {
					for _, s := range all {
						if err := s.Enqueue(frame); err != nil {
							b.Fatal(err)
						}
					}
				}
				waitWritten(p)
			}
			round() // the queues' slices are there from now on
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; n += sockets * k {
				round()
			}
		})
	}
}

// BenchmarkUncork writes one frame each to a few sockets, into the void, in the goroutine that queued them. One operation is one frame.
func BenchmarkUncork(b *testing.B) {
	const sockets = 10
	frame := text(strings.Repeat("x", 200))
	p, all := benchPool(b, sockets, Options{Shards: 2})
	intoVoid(b, all)
	round := func() {
		p.Cork()
		for _, s := range all {
			if err := s.Enqueue(frame); err != nil {
				b.Fatal(err)
			}
		}
		p.Uncork()
	}
	round() // the queues' slices are there from now on
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += sockets {
		round()
	}
}
