package fanout

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What is queued comes first, then the close frame, then the end of the stream; the connection closes when both sides did.
func TestCloseOrder(t *testing.T) {
	p := newPool(t, Options{Shards: 1, CloseTimeout: patience})
	s, c, client := attached(t, p)
	release := stick(t, p)
	for i := range 5 {
		require.NoError(t, s.Enqueue(text(fmt.Sprint(i))))
	}
	s.CloseWith(goingAway, time.Now().Add(patience))
	s.CloseWith([]byte{0x88, 0}, time.Now()) // too late to change anything
	require.ErrorIs(t, s.Enqueue(text("late")), ErrClosed)
	release()

	got := readAll(t, client)
	require.Equal(t, [][]byte{text("0"), text("1"), text("2"), text("3"), text("4"), goingAway}, got)
	_, err := client.Write([]byte("the server still reads"))
	require.NoError(t, err)
	select {
	case <-c.done:
		require.Fail(t, "closed although the reader is there and the deadline is far")
	default:
	}
	s.Close()
	client.Close()
	reason, err := c.wait(t)
	require.Equal(t, ReasonClosed, reason)
	require.NoError(t, err)
	s.Close()
	s.Abort()
	s.CloseWith(goingAway, time.Now())
	require.Zero(t, metricsOf(t, p)["sockets"]-1, "only the stuck one is left")
}

func TestCloseWithEndsAtItsDeadlineWhenNobodyAnswers(t *testing.T) {
	p := newPool(t, Options{})
	s, c, client := attached(t, p)
	s.CloseWith(goingAway, time.Now().Add(20*time.Millisecond))
	reason, err := c.wait(t)
	require.Equal(t, ReasonClosed, reason)
	require.NoError(t, err)
	require.Equal(t, [][]byte{goingAway}, readAll(t, client))
}

func TestCloseWithGivesUpOnAStalledPeerAtItsDeadline(t *testing.T) {
	p := newPool(t, Options{MaxQueueBytes: 1 << 20, SendBufferBytes: 4 << 10, SlowTimeout: time.Hour})
	s, c, _, _ := stalled(t, p)
	s.CloseWith(goingAway, time.Now().Add(20*time.Millisecond))
	reason, err := c.wait(t)
	require.Equal(t, ReasonClosed, reason)
	require.Error(t, err, "not everything was written")
	require.Positive(t, metricsOf(t, p)["dropped_frames_total:closed"])
}

// A peer that goes on sending must still get the close frame: closing with unread data would reset the connection.
func TestCloseLingersForAPeerThatSends(t *testing.T) {
	p := newPool(t, Options{CloseTimeout: patience})
	s, c, client := attached(t, p)
	noise := bytes.Repeat([]byte("noise"), 20_000)
	_, err := client.Write(noise)
	require.NoError(t, err)
	s.CloseWith(goingAway, time.Now().Add(patience))
	s.Close() // the reader is gone, and has read nothing
	for range 10 {
		_, err = client.Write(noise)
		require.NoError(t, err)
	}
	require.Equal(t, [][]byte{goingAway}, readAll(t, client))
	client.Close()
	reason, err := c.wait(t)
	require.Equal(t, ReasonClosed, reason)
	require.NoError(t, err)
}

func TestCloseWritesWhatIsQueued(t *testing.T) {
	p := newPool(t, Options{Shards: 1, CloseTimeout: patience})
	s, c, client := attached(t, p)
	release := stick(t, p)
	require.NoError(t, s.Enqueue(text("last words")))
	s.Close()
	release()
	require.Equal(t, [][]byte{text("last words")}, readAll(t, client))
	client.Close()
	reason, err := c.wait(t)
	require.Equal(t, ReasonClosed, reason)
	require.NoError(t, err)
}

func TestAbort(t *testing.T) {
	p := newPool(t, Options{Shards: 1})
	s, c, client := attached(t, p)
	release := stick(t, p)
	require.NoError(t, s.Enqueue(text("never written")))
	s.Abort()
	reason, err := c.wait(t)
	require.Equal(t, ReasonAborted, reason)
	require.NoError(t, err)
	require.ErrorIs(t, s.Enqueue(text("late")), ErrClosed)
	release()
	require.Empty(t, readAll(t, client))
	require.EqualValues(t, 1, metricsOf(t, p)["dropped_frames_total:aborted"])
}

// An abort frees a goroutine that waits for the kernel.
func TestAbortOfAStalledSocket(t *testing.T) {
	p := newPool(t, Options{MaxQueueBytes: 1 << 20, SendBufferBytes: 4 << 10, SlowTimeout: time.Hour})
	s, c, _, _ := stalled(t, p)
	s.Abort()
	reason, _ := c.wait(t)
	require.Equal(t, ReasonAborted, reason)
	eventually(t, func() bool { return metricsOf(t, p)["catching_up_sockets"] == 0 }, func() string { return "still waiting" })
	require.Zero(t, metricsOf(t, p)["refused_queue_bytes"])
}

func TestWriteErrorClosesTheSocket(t *testing.T) {
	p := newPool(t, Options{})
	s, c, client := attached(t, p)
	require.NoError(t, client.SetLinger(0))
	client.Close() // resets
	eventually(t, func() bool { return s.Enqueue(text("hello?")) != nil }, func() string { return "writes go on" })
	reason, err := c.wait(t)
	require.Equal(t, ReasonWriteError, reason)
	require.ErrorContains(t, err, "writing to a socket")
	require.EqualValues(t, 1, metricsOf(t, p)["write_errors_total"])
}

// Publishers race with the close: a close frame is the last that any client sees, and OnClosed comes once.
func TestNothingIsWrittenAfterAClose(t *testing.T) {
	p := newPool(t, Options{CloseTimeout: patience, MaxQueueBytes: 64 << 20})
	for round := range 50 {
		s, c, client := attached(t, p)
		var racing sync.WaitGroup
		accepted, enough := make([]int, 4), make(chan struct{})
		for g := range accepted {
			racing.Go(func() {
				for s.Enqueue(text(strings.Repeat("x", 50))) == nil {
					if accepted[g]++; g == 0 && accepted[g] == 10*round {
						close(enough)
					}
				}
			})
		}
		for range 2 {
			racing.Go(func() {
				if round > 0 {
					<-enough
				}
				s.CloseWith(goingAway, time.Now().Add(patience))
			})
		}
		got := readAll(t, client)
		racing.Wait()
		want := accepted[0] + accepted[1] + accepted[2] + accepted[3]
		require.Len(t, got, want+1, "round %d", round)
		for i, f := range got {
			require.Equal(t, i == want, isClose(f), "round %d, frame %d of %d", round, i, want)
		}
		client.Close()
		s.Close()
		reason, err := c.wait(t)
		require.Equal(t, ReasonClosed, reason)
		require.NoError(t, err)
	}
}

func TestClosingThePoolClosesEverySocketAndWaits(t *testing.T) {
	p := newPool(t, Options{MaxQueueBytes: 1 << 20, SendBufferBytes: 4 << 10, SlowTimeout: time.Hour})
	idle, idleClosed, idleClient := attached(t, p)
	_, stalledClosed, _, _ := stalled(t, p)
	half, halfClosed, _ := attached(t, p)
	half.CloseWith(goingAway, time.Now().Add(time.Hour))
	p.Close()
	for _, c := range []*closings{idleClosed, stalledClosed, halfClosed} {
		require.Len(t, c.closed, 1, "callbacks have ended when Close returns")
		require.Equal(t, ReasonPoolClosed, c.closed[0])
	}
	require.ErrorIs(t, idle.Enqueue(text("late")), ErrClosed)
	n, err := io.Copy(io.Discard, idleClient)
	require.NoError(t, err)
	require.Zero(t, n)
	server, _ := tcpPair(t)
	_, err = p.Attach(server, SocketOptions{})
	require.ErrorIs(t, err, ErrClosed)
	p.Close()
}

// Callbacks may call the socket and the pool: no lock is held.
func TestCallbacksMayCallBack(t *testing.T) {
	p := newPool(t, Options{MaxQueueBytes: 1000, HardQueueBytes: 2000, SlowFrame: tooSlow})
	server, client := tcpPair(t)
	done := make(chan struct{})
	var s *Socket
	ready := make(chan struct{})
	s, err := p.Attach(server, SocketOptions{
		OnSlow: func(Reason) {
			<-ready
			_ = s.Enqueue(text("x"))
			s.Close()
			_ = p.Lagging()
		},
		OnClosed: func(Reason, error) {
			s.Abort()
			s.CloseWith(goingAway, time.Now())
			close(done)
		},
	})
	require.NoError(t, err)
	close(ready)
	require.ErrorIs(t, s.Enqueue(text(strings.Repeat("x", 3000))), ErrQueueFull)
	require.Equal(t, [][]byte{tooSlow}, readAll(t, client))
	client.Close()
	select {
	case <-done:
	case <-time.After(patience):
		require.Fail(t, "not closed")
	}
}

// A socket that speaks something else than WebSocket is told in its own words.
func TestSlowFrameOfOneSocket(t *testing.T) {
	p := newPool(t, Options{MaxQueueBytes: 1000, HardQueueBytes: 2000, SlowFrame: tooSlow})
	server, client := tcpPair(t)
	own := text("you are too slow")
	s, err := p.Attach(server, SocketOptions{SlowFrame: own})
	require.NoError(t, err)
	require.ErrorIs(t, s.Enqueue(text(strings.Repeat("x", 3000))), ErrQueueFull)
	require.Equal(t, [][]byte{own}, readAll(t, client))
}

func TestOptionsAreChecked(t *testing.T) {
	_, err := NewPool(Options{Shards: -1, MaxQueueBytes: 10, HardQueueBytes: 5, SlowTimeout: -1})
	require.ErrorContains(t, err, "-1 shards, want at least 1")
	require.ErrorContains(t, err, "HardQueueBytes is 5, want at least MaxQueueBytes, which is 10")
	require.ErrorContains(t, err, "SlowTimeout is -1ns, want more than 0")
}
