package link

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/hub"
)

// counter is a handler that only counts.
type counter struct{ frames, bytes atomic.Int64 }

func (c *counter) OnHello(*Peer) error    { return nil }
func (c *counter) OnStream(*Peer, Stream) {}
func (c *counter) Knows(Kind) bool        { return true }
func (c *counter) OnActivity(hub.Boot)    {}
func (c *counter) OnEOF(hub.Boot, error)  {}
func (c *counter) OnFrame(_ *Peer, f Frame) error {
	c.frames.Add(1)
	c.bytes.Add(int64(len(f.Body)))
	return nil
}

// BenchmarkLinkThroughput200B sends frames of 200 bytes one way over TLS on loopback, as fast as they are applied.
func BenchmarkLinkThroughput200B(b *testing.B) {
	handler := &counter{}
	n := startNode(b, bootB, func(c *ReceiverConfig) { c.Handler = handler; c.Timing = Timing{} })
	s, _ := startSender(b, n, bootB, func(c *SenderConfig) { c.Timing = Timing{} })
	awaitState(b, s, StateLinked)
	body := make([]byte, 200)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		for {
			_, err := s.Enqueue(ClassPublish, FirstKind, body)
			if err == nil {
				break
			}
			if !errors.Is(err, ErrOverBudget) {
				b.Fatal(err)
			}
			time.Sleep(50 * time.Microsecond)
		}
	}
	require.NoError(b, s.Flush(context.Background()))
	b.ReportMetric(float64(handler.frames.Load())/b.Elapsed().Seconds(), "frames/s")
}

// BenchmarkLinkRoundTrip waits for each frame's acknowledgement before it sends the next one.
func BenchmarkLinkRoundTrip(b *testing.B) {
	n := startNode(b, bootB, func(c *ReceiverConfig) { c.Handler = &counter{}; c.Timing = Timing{} })
	s, _ := startSender(b, n, bootB, func(c *SenderConfig) { c.Timing = Timing{} })
	awaitState(b, s, StateLinked)
	body := make([]byte, 200)
	b.ReportAllocs()
	for b.Loop() {
		_, err := s.Enqueue(ClassPublish, FirstKind, body)
		require.NoError(b, err)
		require.NoError(b, s.Flush(context.Background()))
	}
}

// BenchmarkWriteFrame and BenchmarkReadFrame are the two ends of a link without the network and TLS.
func BenchmarkWriteFrame(b *testing.B) {
	w := frameWriter{bw: bufio.NewWriterSize(io.Discard, bufferBytes)}
	batch := []entry{{kind: FirstKind, body: make([]byte, 200)}}
	b.ReportAllocs()
	for seq := uint64(1); b.Loop(); seq++ {
		if err := w.frames(batch, seq); err != nil {
			b.Fatal(err)
		}
	}
}

// endless repeats some bytes for ever.
type endless struct {
	bytes []byte
	at    int
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		c := copy(p[n:], e.bytes[e.at:])
		n += c
		e.at = (e.at + c) % len(e.bytes)
	}
	return n, nil
}

func BenchmarkReadFrame(b *testing.B) {
	var sent bytes.Buffer
	w := frameWriter{bw: bufio.NewWriter(&sent)}
	require.NoError(b, w.frames([]entry{{kind: FirstKind, body: make([]byte, 200)}}, 1))
	require.NoError(b, w.bw.Flush())
	r := newFrameReader(&endless{bytes: sent.Bytes()}, bufferBytes, 1<<20, func() {})
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := r.next(); err != nil {
			b.Fatal(err)
		}
	}
}
