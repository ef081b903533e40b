package fanout

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Each socket gets every frame of every publisher, in each publisher's order.
func TestOrderUnderManyPublishers(t *testing.T) {
	const sockets, publishers, frames = 30, 8, 1000
	p := newPool(t, Options{Shards: 3, MaxQueueBytes: 64 << 20})
	all := make([]*Socket, sockets)
	var readers sync.WaitGroup
	for i := range all {
		var client net.Conn
		all[i], _, client = attached(t, p)
		readers.Go(func() { checkOrder(t, client, publishers, frames) })
	}
	var writers sync.WaitGroup
	for pub := range publishers {
		writers.Go(func() {
			for seq := range frames {
				frame := text(fmt.Sprintf("%d %d %s", pub, seq, strings.Repeat("x", seq%300)))
				if taken := publishTo(p, all, frame, pub%2 == 0); taken != sockets {
					t.Errorf("frame %d of publisher %d: %d of %d sockets took it", seq, pub, taken, sockets)
					return
				}
			}
		})
	}
	writers.Wait()
	for _, s := range all {
		s.CloseWith(goingAway, time.Now().Add(patience))
	}
	readers.Wait()
	m := metricsOf(t, p)
	require.EqualValues(t, sockets*(publishers*frames+1), m["frames_total"])
	require.Zero(t, m["queue_bytes"])
	require.Zero(t, m["refused_queue_bytes"])
}

func checkOrder(t *testing.T, conn net.Conn, publishers, frames int) {
	r := bufio.NewReader(conn)
	next := make([]int, publishers)
	for range publishers * frames {
		f, err := readFrame(r)
		if err != nil {
			t.Errorf("reading: %v", err)
			return
		}
		var pub, seq int
		if _, err := fmt.Sscanf(payload(f), "%d %d", &pub, &seq); err != nil {
			t.Errorf("frame %q: %v", f, err)
			return
		}
		if seq != next[pub] {
			t.Errorf("publisher %d: got %d, want %d", pub, seq, next[pub])
			return
		}
		next[pub]++
	}
	if f, err := readFrame(r); err != nil || !isClose(f) {
		t.Errorf("after the last frame: %q, %v, want a close frame", f, err)
	}
	conn.Close()
}

// What the kernel takes in pieces arrives whole: the reader stops and goes, and frames are larger than every buffer.
func TestPartialWrites(t *testing.T) {
	p := newPool(t, Options{Shards: 1, MaxQueueBytes: 64 << 20, SendBufferBytes: 16 << 10})
	s, c, client := attached(t, p)
	sent := sha256.New()
	var total int64
	for i := range 100 {
		size := []int{1, 100, 5_000, 70_000, 200_000}[i%5]
		frame := text(strings.Repeat(string(rune('a'+i%26)), size))
		sent.Write(frame)
		total += int64(len(frame))
		require.NoError(t, s.Enqueue(frame))
	}
	s.CloseWith(nil, time.Now().Add(patience))
	got := sha256.New()
	buf := make([]byte, 50_000)
	var n int64
	for i := 0; ; i++ {
		if i%50 == 0 {
			time.Sleep(2 * time.Millisecond) // lets the kernel's buffers fill up
		}
		k, err := client.Read(buf)
		got.Write(buf[:k])
		n += int64(k)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
	}
	require.Equal(t, total, n)
	require.Equal(t, sent.Sum(nil), got.Sum(nil))
	s.Close()
	client.Close()
	reason, err := c.wait(t)
	require.Equal(t, ReasonClosed, reason)
	require.NoError(t, err)
}

// A socket that was refused goes back to its shard when it has caught up, and is idle then.
func TestCatchingUp(t *testing.T) {
	p := newPool(t, Options{Shards: 1, MaxQueueBytes: 64 << 20, SendBufferBytes: 64 << 10})
	s, _, client := attachedNarrow(t, p, 64<<10)
	for range 3 {
		frame := text(strings.Repeat("x", 2<<20))
		require.NoError(t, s.Enqueue(frame))
		eventually(t, func() bool { return metricsOf(t, p)["catching_up_sockets"] == 1 }, func() string { return "not refused" })
		_, err := io.CopyN(io.Discard, client, int64(len(frame)))
		require.NoError(t, err)
		eventually(t, func() bool { return metricsOf(t, p)["catching_up_sockets"] == 0 }, func() string { return "not handed back" })

		require.NoError(t, s.Enqueue(text("small")), "the shard writes again")
		_, err = io.CopyN(io.Discard, client, int64(len(text("small"))))
		require.NoError(t, err)
		eventually(t, func() bool { return s.QueuedBytes() == 0 }, func() string { return "still queued" })
	}
	eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.queue.frames == nil
	}, func() string { return "an idle socket holds no queue" })
}
