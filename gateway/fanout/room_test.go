package fanout

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// When the shard is behind, sockets over their bound are kept, publishers are held back, and then everything arrives.
func TestALaggingServerHoldsPublishersBackAndClosesNobody(t *testing.T) {
	for _, tt := range []struct {
		name string
		opts Options
	}{
		{"one socket over its bound", Options{Shards: 1, MaxQueueBytes: 10_000, HardQueueBytes: 1 << 20}},
		{"all sockets together", Options{Shards: 1, MaxQueueBytes: 1 << 20, LagBytes: 10_000}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPool(t, tt.opts)
			s, c, client := attached(t, p)
			require.NoError(t, p.AwaitRoom(t.Context()), "there is room at first")
			release := stick(t, p)
			frame := text(strings.Repeat("x", 1000))
			n := 0
			for !p.Lagging() {
				require.NoError(t, s.Enqueue(frame))
				n++
			}
			require.Greater(t, n*len(frame), 10_000)
			require.EqualValues(t, 1, metricsOf(t, p)["lagging"])

			ctx, cancel := context.WithCancelCause(t.Context())
			cause := errors.New("the publisher left")
			cancel(cause)
			require.ErrorIs(t, p.AwaitRoom(ctx), cause)

			var waiting sync.WaitGroup
			for range 10 {
				waiting.Go(func() {
					if err := p.AwaitRoom(context.Background()); err != nil {
						t.Errorf("waiting: %v", err)
					}
				})
			}
			release()
			waiting.Wait()
			require.False(t, p.Lagging())
			s.CloseWith(goingAway, time.Now().Add(patience))
			require.Len(t, readAll(t, client), n+1)
			require.Empty(t, c.slowReasons())
		})
	}
}

// Even a lagging server keeps no more than the hard bound for one socket.
func TestOverrun(t *testing.T) {
	p := newPool(t, Options{Shards: 1, MaxQueueBytes: 10_000, HardQueueBytes: 20_000, SlowFrame: tooSlow})
	s, c, client := attached(t, p)
	release := stick(t, p)
	frame := text(strings.Repeat("x", 1000))
	n := 0
	for {
		err := s.Enqueue(frame)
		if err != nil {
			require.ErrorIs(t, err, ErrQueueFull)
			break
		}
		n++
		require.LessOrEqual(t, s.QueuedBytes(), 20_000)
	}
	release()
	require.Equal(t, [][]byte{tooSlow}, readAll(t, client), "what was queued is dropped")
	client.Close()
	s.Close()
	reason, err := c.wait(t)
	require.Equal(t, ReasonOverrun, reason)
	require.NoError(t, err)
	require.Equal(t, []Reason{ReasonOverrun}, c.slowReasons())
	m := metricsOf(t, p)
	require.EqualValues(t, 1, m["slow_closes_total:overrun"])
	require.EqualValues(t, n+1, m["dropped_frames_total:overrun"])
	eventually(t, func() bool { return !p.Lagging() }, func() string { return "still lagging" })
}

// Whatever makes a queue shrink lets publishers go on: a write, an abort, a socket that turns out to be refused.
func TestRoomComesBackWithAborts(t *testing.T) {
	p := newPool(t, Options{Shards: 1, MaxQueueBytes: 10_000, HardQueueBytes: 1 << 20, LagBytes: 20_000})
	s, _, _ := attached(t, p)
	stick(t, p)
	for range 30 {
		require.NoError(t, s.Enqueue(text(strings.Repeat("x", 1000))))
	}
	require.True(t, p.Lagging())
	s.Abort()
	require.False(t, p.Lagging())
}

func TestClosingThePoolEndsTheWait(t *testing.T) {
	p := newPool(t, Options{Shards: 1, MaxQueueBytes: 1000, HardQueueBytes: 1 << 20})
	s, _, _ := attached(t, p)
	release := stick(t, p)
	require.NoError(t, s.Enqueue(text(strings.Repeat("x", 2000))))
	require.True(t, p.Lagging())
	p.room.raise() // a cause that never ends
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if err := p.AwaitRoom(context.Background()); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	})
	release()
	p.Close()
	waiting.Wait()
}
