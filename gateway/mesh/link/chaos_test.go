package link

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// trackedDial returns a dial function and one that resets all connections which it has made.
func trackedDial(n *node) (dial func(context.Context) (net.Conn, error), reset func()) {
	var mu sync.Mutex
	var conns []net.Conn
	dial = func(ctx context.Context) (net.Conn, error) {
		conn, err := n.dial(ctx)
		if err == nil {
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
		}
		return conn, err
	}
	reset = func() {
		mu.Lock()
		defer mu.Unlock()
		for _, conn := range conns {
			resetConn(conn)
		}
		conns = nil
	}
	return dial, reset
}

// TestExactlyOnceWhileConnectionsAreReset sends from several goroutines while connections are broken on both sides at random
// moments, handshakes included.
func TestExactlyOnceWhileConnectionsAreReset(t *testing.T) {
	const senders, each = 4, 6000
	n := startNode(t, bootB)
	dial, reset := trackedDial(n)
	s, e := startSender(t, n, bootB, func(c *SenderConfig) { c.Dial = dial; c.StateBudget = 256 << 10 })

	stop := make(chan struct{})
	var breaking sync.WaitGroup
	for _, br := range []func(){n.reset, reset} {
		breaking.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Duration(rand.IntN(30)) * time.Millisecond):
					br()
				}
			}
		})
	}
	var sending sync.WaitGroup
	for id := range uint64(senders) {
		sending.Go(func() { sendNumbered(t, s, id, each) })
	}
	sending.Wait()
	close(stop)
	breaking.Wait()
	flush(t, s)

	next := make([]uint64, senders)
	bodies := n.handler.received(bootA)
	require.Len(t, bodies, senders*each)
	for i, seq := range n.handler.seqs(bootA) {
		require.Equal(t, uint64(i+1), seq)
		body := []byte(bodies[i])
		id, value := binary.BigEndian.Uint64(body), binary.BigEndian.Uint64(body[8:])
		require.Equal(t, next[id], value)
		next[id]++
	}
	require.Zero(t, get(n.handler, func() int { return n.handler.overlaps }))
	require.Zero(t, count(e, &e.resets)())
	require.Zero(t, s.Pending(ClassState))
	require.Len(t, get(n.handler, func() []error { return n.handler.eofs }), len(n.handler.streamList())-1, "every stream but the last has ended once")
	t.Logf("%d connections", s.Stats().Connections)
}

// sendNumbered sends frames that carry id and a number, waiting when the budget is used up.
func sendNumbered(t testing.TB, s *Sender, id, n uint64) {
	for i := range n {
		body := binary.BigEndian.AppendUint64(number(id), i)
		body = append(body, make([]byte, rand.IntN(400))...)
		for {
			_, err := s.Enqueue(ClassState, FirstKind, body)
			if err == nil {
				break
			}
			if !errors.Is(err, ErrOverBudget) {
				t.Error(err)
				return
			}
			time.Sleep(100 * time.Microsecond)
		}
	}
}

// TestEveryStreamIsAPrefix resets streams as well as connections: what arrives of each stream is what was sent from its
// beginning on, without holes and repeats, and the owner is told of every stream that ended.
func TestEveryStreamIsAPrefix(t *testing.T) {
	n := startNode(t, bootB)
	dial, reset := trackedDial(n)
	type arrival struct {
		stream uint64
		seq    uint64
		body   string
	}
	var arrivals []arrival
	var current uint64
	n.handler.onStream = func(_ *Peer, s Stream) { current = s.ID }
	n.handler.onFrame = func(_ *Peer, f Frame) error {
		arrivals = append(arrivals, arrival{current, f.Seq, string(f.Body)})
		return nil
	}
	s, e := startSender(t, n, bootB, func(c *SenderConfig) { c.Dial = dial })
	deadline := time.Now().Add(patience)
	for i := uint64(0); count(e, &e.resets)() < 40 && time.Now().Before(deadline); i++ {
		_, err := s.Enqueue(ClassState, FirstKind, number(i))
		if err != nil {
			require.ErrorIs(t, err, ErrReset)
			time.Sleep(time.Millisecond)
		}
		switch rand.IntN(3000) {
		case 0:
			n.reset()
		case 1:
			reset()
		case 2:
			<-n.Forget(bootA)
		case 3:
			s.Restart("test")
		}
	}
	eventually(t, func() bool {
		_, err := s.Enqueue(ClassState, FirstKind, number(1<<62))
		return err == nil && s.Flush(context.Background()) == nil
	}, "the link works in the end")
	<-n.Forget(bootA)

	seen := map[uint64]uint64{}
	var last uint64
	for _, a := range arrivals {
		require.Equal(t, seen[a.stream]+1, a.seq, "no hole and no repeat within a stream")
		seen[a.stream] = a.seq
		value := binary.BigEndian.Uint64([]byte(a.body))
		require.True(t, last == 0 || value > last, "no frame of an ended stream comes later")
		last = value
	}
	require.Zero(t, get(n.handler, func() int { return n.handler.overlaps }))
}
