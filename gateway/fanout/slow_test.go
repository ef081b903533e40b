package fanout

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// stalled returns a socket that the kernel refuses for good, because its peer does not read, and the number of frames that
// it was given.
func stalled(t testing.TB, p *Pool) (*Socket, *closings, *net.TCPConn, int) {
	t.Helper()
	s, c, client := attachedNarrow(t, p, 16<<10)
	const queued, quiet = 40 << 10, 400 * time.Millisecond
	frame, frames, last, since := text(strings.Repeat("x", 8<<10)), 0, 0, time.Now()
	for ; time.Since(since) < quiet; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		bytes, owned := s.queue.bytes, s.owned
		s.mu.Unlock()
		if !owned || bytes < queued || bytes != last { // the kernel stops now and then and goes on again
			last, since = bytes, time.Now()
		}
		if bytes < queued {
			require.NoError(t, s.Enqueue(frame))
			frames++
		}
	}
	return s, c, client, frames
}

// Of 500 readers 10 stall. The others get everything while the stalled ones are waited for; these are told 4008 once they
// read again, as the last they hear, after whole frames only.
func TestStalledReadersDelayNobody(t *testing.T) {
	const sockets, stalls, frames = 500, 10, 200
	p := newPool(t, Options{
		MaxQueueBytes: 8 << 20, SendBufferBytes: 64 << 10, SlowTimeout: 3 * time.Second, CloseTimeout: 10 * patience, SlowFrame: tooSlow,
	})
	all := make([]*Socket, sockets)
	closes := make([]*closings, sockets)
	clients := make([]*net.TCPConn, sockets)
	var readers sync.WaitGroup
	for i := range all {
		if i < stalls {
			all[i], closes[i], clients[i] = attachedNarrow(t, p, 16<<10)
			continue
		}
		all[i], closes[i], clients[i] = attached(t, p)
		readers.Go(func() {
			r := bufio.NewReaderSize(clients[i], 4<<10)
			for n := range frames {
				f, err := readFrame(r)
				if err != nil || !strings.HasPrefix(payload(f), fmt.Sprintf("%d ", n)) {
					t.Errorf("socket %d: frame %d: %.20q, %v", i, n, f, err)
					return
				}
			}
		})
	}
	start := time.Now()
	for n := range frames {
		frame := text(fmt.Sprintf("%d %s", n, strings.Repeat("x", 2000)))
		for i, s := range all {
			if err := s.Enqueue(frame); err != nil {
				require.Less(t, i, stalls, "only stalled sockets refuse: %v", err)
			}
		}
	}
	readers.Wait()
	t.Logf("%d readers got %d frames each in %s", sockets-stalls, frames, time.Since(start))
	for i := range stalls {
		eventually(t, func() bool { return len(closes[i].slowReasons()) == 1 }, func() string { return "not found slow" })
		require.Equal(t, ReasonSlow, closes[i].slowReasons()[0])
		require.ErrorIs(t, all[i].Enqueue(text("late")), ErrClosed)
	}
	for i := range stalls {
		got := readAll(t, clients[i])
		require.Equal(t, tooSlow, got[len(got)-1])
		require.Less(t, len(got), frames)
		for n, f := range got[:len(got)-1] {
			require.True(t, strings.HasPrefix(payload(f), fmt.Sprintf("%d ", n)), "frame %d of socket %d", n, i)
		}
		all[i].Close()
		clients[i].Close()
		reason, _ := closes[i].wait(t)
		require.Equal(t, ReasonSlow, reason)
	}
	m := metricsOf(t, p)
	require.EqualValues(t, stalls, m["slow_closes_total:slow"])
	require.Positive(t, m["dropped_frames_total:slow"])
	require.Positive(t, m["dropped_bytes_total:slow"])
}

// A peer that never reads again is closed all the same.
func TestASlowSocketThatStaysSlowIsClosed(t *testing.T) {
	p := newPool(t, Options{
		MaxQueueBytes: 1 << 20, SendBufferBytes: 4 << 10, SlowTimeout: time.Second, CloseTimeout: 50 * time.Millisecond,
		SlowFrame: tooSlow,
	})
	s, c, _, _ := stalled(t, p)
	reason, _ := c.wait(t) // the kernel may or may not have room for the close frame
	require.Equal(t, ReasonSlow, reason)
	require.Equal(t, []Reason{ReasonSlow}, c.slowReasons())
	require.Zero(t, s.QueuedBytes())
	m := metricsOf(t, p)
	require.Zero(t, m["queue_bytes"])
	require.Zero(t, m["refused_queue_bytes"])
}

// A reader that takes a little now and then is not slow, however long it is behind.
func TestAnyProgressIsNotSlow(t *testing.T) {
	p := newPool(t, Options{
		MaxQueueBytes: 1 << 20, SendBufferBytes: 4 << 10, SlowTimeout: 2 * time.Second, SlowFrame: tooSlow,
	})
	s, c, client, n := stalled(t, p)
	s.CloseWith(goingAway, time.Now().Add(patience))
	start, r := time.Now(), bufio.NewReaderSize(client, 1<<10)
	for range n {
		f, err := readFrame(r)
		require.NoError(t, err)
		require.Len(t, payload(f), 8<<10)
		if time.Since(start) < 4*time.Second {
			time.Sleep(10 * time.Millisecond)
		}
	}
	f, err := readFrame(r)
	require.NoError(t, err)
	require.Equal(t, goingAway, f)
	s.Close()
	client.Close()
	reason, err := c.wait(t)
	require.Equal(t, ReasonClosed, reason)
	require.NoError(t, err)
	require.Empty(t, c.slowReasons())
}

func TestOverflowOfARefusedSocket(t *testing.T) {
	for _, tt := range []struct {
		name  string
		grace time.Duration
		most  int // bytes that may be queued
	}{
		{"without a grace the bound counts at once", -1, 64 << 10},
		{"within the grace only the hard bound does", time.Hour, 256 << 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPool(t, Options{
				MaxQueueBytes: 64 << 10, HardQueueBytes: 256 << 10, BurstGrace: tt.grace, SendBufferBytes: 4 << 10,
				SlowTimeout: time.Hour, CloseTimeout: patience, SlowFrame: tooSlow,
			})
			s, c, client, n := stalled(t, p)
			frame := text(strings.Repeat("y", 1000))
			var err error
			for range 1000 {
				before := s.QueuedBytes()
				if err = s.Enqueue(frame); err != nil {
					require.Greater(t, before+len(frame), tt.most)
					break
				}
				n++
				require.LessOrEqual(t, s.QueuedBytes(), tt.most)
			}
			require.ErrorIs(t, err, ErrQueueFull)
			require.ErrorIs(t, s.Enqueue(frame), ErrClosed)
			require.False(t, p.Lagging(), "a slow peer holds no publisher back")

			got := readAll(t, client)
			require.Equal(t, tooSlow, got[len(got)-1])
			client.Close()
			s.Close()
			reason, _ := c.wait(t)
			require.Equal(t, ReasonOverflow, reason)
			require.Equal(t, []Reason{ReasonOverflow}, c.slowReasons())
			m := metricsOf(t, p)
			require.EqualValues(t, 1, m["slow_closes_total:overflow"])
			require.EqualValues(t, n-(len(got)-1)+1, m["dropped_frames_total:overflow"], "each frame is read or counted")
		})
	}
}
