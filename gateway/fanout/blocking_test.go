package fanout

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// piped returns a socket on a connection that is not TCP, on the fake clock of a synctest bubble.
func piped(t *testing.T, opts Options) (*Pool, *Socket, *closings, net.Conn) {
	t.Helper()
	p, err := NewPool(opts)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	server, client := net.Pipe()
	t.Cleanup(func() { client.Close() })
	c := newClosings()
	s, err := p.Attach(server, c.options())
	require.NoError(t, err)
	return p, s, c, client
}

func TestBlockingWriterKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s, c, client := piped(t, Options{Shards: 1})
		for i := range 100 {
			require.NoError(t, s.Enqueue(text(fmt.Sprint(i))))
		}
		s.CloseWith(goingAway, time.Now().Add(time.Minute))
		r := bufio.NewReader(client)
		for i := range 100 {
			f, err := readFrame(r)
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint(i), payload(f))
		}
		f, err := readFrame(r)
		require.NoError(t, err)
		require.Equal(t, goingAway, f)
		s.Close()
		reason, err := c.wait(t)
		require.Equal(t, ReasonClosed, reason)
		require.NoError(t, err)
	})
}

func TestBlockingWriterGivesUpAtSlowTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s, c, _ := piped(t, Options{Shards: 1, SlowTimeout: 10 * time.Second})
		start := time.Now()
		require.NoError(t, s.Enqueue(text("nobody reads this")))
		reason, err := c.wait(t)
		require.Equal(t, ReasonSlow, reason)
		require.Error(t, err)
		require.Equal(t, 10*time.Second, time.Since(start))
		require.Equal(t, []Reason{ReasonSlow}, c.slowReasons())
		require.EqualValues(t, 1, metricsOf(t, p)["dropped_frames_total:slow"])
	})
}

// Each piece that is read gives a peer the whole timeout again.
func TestBlockingWriterCountsProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s, c, client := piped(t, Options{Shards: 1, SlowTimeout: 10 * time.Second, MaxQueueBytes: 1 << 20})
		frame := text(strings.Repeat("x", 10*catchUpBytes))
		require.NoError(t, s.Enqueue(frame))
		buf := make([]byte, catchUpBytes)
		for n := 0; n < len(frame); {
			time.Sleep(9 * time.Second)
			k, err := client.Read(buf)
			require.NoError(t, err)
			n += k
		}
		synctest.Wait()
		require.Empty(t, c.slowReasons())
		require.Zero(t, s.QueuedBytes())
	})
}

// A blocking write that lasts says that the peer is slow; one that has just begun says nothing.
func TestBlockingWriterOverItsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s, c, client := piped(t, Options{Shards: 1, MaxQueueBytes: 1000, HardQueueBytes: 5000, BurstGrace: time.Second})
		frame := text(strings.Repeat("x", 898))
		for range 3 {
			require.NoError(t, s.Enqueue(frame))
		}
		synctest.Wait() // a write is under way
		require.NoError(t, s.Enqueue(frame), "which is no reason yet to close")
		require.False(t, p.Lagging(), "nor to hold publishers back, for it may be the peer's fault")
		r := bufio.NewReader(client)
		for range 4 {
			_, err := readFrame(r)
			require.NoError(t, err)
		}
		synctest.Wait()

		require.NoError(t, s.Enqueue(frame))
		synctest.Wait()
		time.Sleep(time.Second)
		require.ErrorIs(t, s.Enqueue(frame), ErrQueueFull)
		reason, _ := c.wait(t)
		require.Equal(t, ReasonOverflow, reason)
	})
}

func TestCloseWithBoundsABlockingWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s, c, _ := piped(t, Options{Shards: 1, SlowTimeout: time.Hour})
		require.NoError(t, s.Enqueue(text("nobody reads this")))
		synctest.Wait()
		start := time.Now()
		s.CloseWith(goingAway, time.Now().Add(3*time.Second))
		reason, err := c.wait(t)
		require.Equal(t, ReasonClosed, reason)
		require.Error(t, err)
		require.Equal(t, 3*time.Second, time.Since(start))
	})
}
