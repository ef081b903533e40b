package fanout

import (
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Publishers, closes, aborts, resets and readers that stall or stop all race. In the end each socket is closed once, each
// frame that was taken is written or counted as dropped, and no figure is left over.
func TestEveryFrameIsWrittenOrCounted(t *testing.T) {
	const sockets, publishers, frames = 60, 4, 2000
	p := newPool(t, Options{
		Shards: 2, MaxQueueBytes: 1 << 30, SendBufferBytes: 8 << 10, CloseTimeout: 20 * time.Millisecond,
		SlowTimeout: 100 * time.Millisecond, LagBytes: 1 << 20,
	})
	all, closes := make([]*Socket, sockets), make([]*closings, sockets)
	var peers sync.WaitGroup
	for i := range all {
		s, c, client := attached(t, p)
		all[i], closes[i] = s, c
		peers.Go(func() {
			switch i % 6 {
			case 0: // reads to the end
				_, _ = io.Copy(io.Discard, client)
			case 1: // reads a little and resets
				_, _ = io.CopyN(io.Discard, client, rand.Int64N(200_000))
				_ = client.SetLinger(0)
			case 2: // reads a little and closes
				_, _ = io.CopyN(io.Discard, client, rand.Int64N(200_000))
			case 3: // never reads
				<-c.done
			case 4: // is aborted
				_, _ = io.CopyN(io.Discard, client, rand.Int64N(200_000))
				s.Abort()
			case 5: // is closed by its reader
				_, _ = io.CopyN(io.Discard, client, rand.Int64N(200_000))
				s.Close()
				_, _ = io.Copy(io.Discard, client)
			}
			client.Close()
		})
	}
	var taken atomic.Int64
	var writers sync.WaitGroup
	for i := range publishers {
		writers.Go(func() {
			frame := text(strings.Repeat("x", 100+rand.IntN(400)))
			for range frames {
				taken.Add(publishTo(p, all, frame, i%2 == 0))
				if err := p.AwaitRoom(t.Context()); err != nil {
					t.Errorf("waiting for room: %v", err)
				}
			}
		})
	}
	writers.Wait()
	for _, s := range all {
		s.CloseWith(nil, time.Now().Add(time.Second))
	}
	peers.Wait()
	for i, c := range closes {
		c.wait(t)
		require.ErrorIs(t, all[i].Enqueue(text("late")), ErrClosed)
	}
	eventually(t, func() bool { return metricsOf(t, p)["catching_up_sockets"] == 0 }, func() string { return "still catching up" })
	require.False(t, p.Lagging())
	m := metricsOf(t, p)
	counted := m["frames_total"]
	for r := range Reason(reasons) {
		counted += m["dropped_frames_total:"+r.String()]
	}
	require.EqualValues(t, taken.Load(), counted)
	for _, name := range []string{"sockets", "queue_bytes", "refused_queue_bytes", "lagging"} {
		require.Zero(t, m[name], name)
	}
	for _, sh := range p.shards {
		require.LessOrEqual(t, sh.spare, freeFrames)
	}
}
