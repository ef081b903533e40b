package link

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/hub"
)

// pipe forwards bytes between two connections until it is frozen: then both sides see silence, as behind a network that
// drops everything.
type pipe struct {
	listener net.Listener
	target   string
	frozen   atomic.Bool
	running  sync.WaitGroup
}

func startPipe(t *testing.T, n *node) *pipe {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &pipe{listener: listener, target: n.listener.Addr().String()}
	p.running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", p.target)
			if err != nil {
				_ = conn.Close()
				continue
			}
			p.running.Go(func() { p.forward(conn, to) })
			p.running.Go(func() { p.forward(to, conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		p.running.Wait()
	})
	return p
}

// forward swallows what comes after the freeze, the end of the connection included.
func (p *pipe) forward(from, to net.Conn) {
	began := p.frozen.Load()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			_ = from.Close()
			if p.frozen.Load() == began {
				_ = to.Close()
			}
			return
		}
		if p.frozen.Load() == began {
			_, _ = to.Write(buf[:n])
		}
	}
}

func (p *pipe) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", p.listener.Addr().String())
}

// TestSilenceIsNoticedOnBothSides freezes a connection: no side is told that it has ended.
func TestSilenceIsNoticedOnBothSides(t *testing.T) {
	silent := fast()
	silent.Silence = 400 * time.Millisecond
	n := startNode(t, bootB, func(c *ReceiverConfig) { c.Timing = silent })
	p := startPipe(t, n)
	s, e := startSender(t, n, bootB, func(c *SenderConfig) { c.Timing = silent; c.Dial = p.dial })
	_, err := s.Enqueue(ClassState, FirstKind, []byte("one"))
	require.NoError(t, err)
	flush(t, s)
	p.frozen.Store(true)
	_, err = s.Enqueue(ClassState, FirstKind, []byte("two"))
	require.NoError(t, err)
	eventually(t, func() bool { return count(e, &e.downs)() > 0 }, "the sender notices")
	require.ErrorIs(t, e.downs[0], os.ErrDeadlineExceeded)
	require.ErrorContains(t, e.downs[0], "nothing came from the peer for 400ms")
	eventually(t, func() bool { return len(get(n.handler, func() []error { return n.handler.eofs })) > 0 }, "the receiver notices")
	flush(t, s)
	require.Equal(t, []string{"one", "two"}, n.handler.received(bootA))
	require.Zero(t, count(e, &e.resets)())
}

// TestIdleLinkLives shows that heartbeats keep an idle link up, and that activity is reported.
func TestIdleLinkLives(t *testing.T) {
	timing := fast()
	timing.Heartbeat = 50 * time.Millisecond
	n := startNode(t, bootB, func(c *ReceiverConfig) { c.Timing = timing })
	s, e := startSender(t, n, bootB, func(c *SenderConfig) { c.Timing = timing })
	awaitState(t, s, StateLinked)
	eventually(t, func() bool { return get(n.handler, func() int { return n.handler.activity }) > 20 }, "activity")
	require.Zero(t, count(e, &e.downs)())
	require.WithinDuration(t, time.Now(), n.Peers()[0].LastActivity, patience)
}

// TestSlowHandlerIsNotSilence applies frames for longer than the silence in all.
func TestSlowHandlerIsNotSilence(t *testing.T) {
	timing := fast()
	timing.Silence = 3 * time.Second
	n := startNode(t, bootB, func(c *ReceiverConfig) { c.Timing = timing })
	n.handler.onFrame = func(*Peer, Frame) error {
		time.Sleep(timing.Silence / 8)
		return nil
	}
	s, e := startSender(t, n, bootB, func(c *SenderConfig) { c.Timing = timing })
	for i := range uint64(12) {
		_, err := s.Enqueue(ClassState, FirstKind, number(i))
		require.NoError(t, err)
	}
	flush(t, s)
	require.Len(t, n.handler.received(bootA), 12)
	require.Zero(t, count(e, &e.downs)())
	require.Greater(t, get(n.handler, func() int { return n.handler.activity }), 10, "it was heard all the time")
}

// TestSecondConnectionWaitsForTheFirstOnesHandler breaks a connection while a frame of it is being applied.
func TestSecondConnectionWaitsForTheFirstOnesHandler(t *testing.T) {
	n := startNode(t, bootB)
	entered, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	n.handler.onFrame = func(*Peer, Frame) error {
		once.Do(func() {
			close(entered)
			<-release
		})
		return nil
	}
	s, _ := startSender(t, n, bootB)
	for i := range uint64(3) {
		_, err := s.Enqueue(ClassState, FirstKind, number(i))
		require.NoError(t, err)
	}
	<-entered
	n.reset()
	eventually(t, func() bool { return get(n.handler, func() int { return len(n.handler.peers) }) == 2 }, "second hello")
	require.Len(t, n.handler.streamList(), 1, "the first frame is still being applied")
	close(release)
	flush(t, s)
	require.Equal(t, []uint64{1, 2, 3}, n.handler.seqs(bootA))
	require.Zero(t, get(n.handler, func() int { return n.handler.overlaps }))
	streams := n.handler.streamList()
	require.Len(t, streams, 2)
	require.Equal(t, uint64(1), streams[1].Applied, "the frame that was being applied counts")
}

// TestBusy is when that handler takes too long.
func TestBusy(t *testing.T) {
	n := startNode(t, bootB, func(c *ReceiverConfig) { c.Timing.Replace = time.Millisecond })
	entered, release := make(chan struct{}), make(chan struct{})
	n.handler.onFrame = func(_ *Peer, f Frame) error {
		if f.Seq == 1 {
			close(entered)
			<-release
		}
		return nil
	}
	s, e := startSender(t, n, bootB)
	for i := range uint64(3) {
		_, err := s.Enqueue(ClassState, FirstKind, number(i))
		require.NoError(t, err)
	}
	<-entered
	n.reset()
	eventually(t, func() bool { return n.refusals(ReasonBusy) > 3 }, "refused again and again")
	require.Equal(t, StateConnecting, s.Status().State)
	close(release)
	flush(t, s)
	require.Equal(t, []uint64{1, 2, 3}, n.handler.seqs(bootA))
	require.Zero(t, count(e, &e.refused)()+count(e, &e.resets)())
}

// TestStaleHello comes late, from behind a slow network, and must not supplant the newer connection.
func TestStaleHello(t *testing.T) {
	n := startNode(t, bootB)
	newer, r := sayHello(t, n, func(h *hello) { h.attempt = 5 })
	require.Equal(t, codeOK, r.code)
	for _, attempt := range []uint64{4, 5} {
		_, r = sayHello(t, n, func(h *hello) { h.attempt = attempt })
		require.Equal(t, codeStale, r.code)
	}
	require.Equal(t, 2, n.refusals(ReasonStale))
	writeFrame(t, newer, header{kind: FirstKind, seq: 1}, nil)
	eventually(t, func() bool { return len(n.handler.seqs(bootA)) == 1 }, "the newer one goes on")

	_, r = sayHello(t, n, func(h *hello) { h.attempt, h.instance, h.fresh = 1, 2, false; h.next = 2 })
	require.Equal(t, codeOK, r.code, "another sender of the same boot counts for itself")
	require.True(t, r.known)
	require.Equal(t, uint64(1), r.applied)
}

// TestLostAnswer is when the receiver has begun a stream and the sender does not know.
func TestLostAnswer(t *testing.T) {
	n := startNode(t, bootB)
	conn, r := sayHello(t, n, func(*hello) {})
	require.Equal(t, codeOK, r.code)
	require.False(t, r.known)
	require.NoError(t, conn.Close())
	_, r = sayHello(t, n, func(h *hello) { h.attempt = 2 })
	require.Equal(t, codeOK, r.code)
	require.True(t, r.known)
	require.Zero(t, r.applied)
}

func TestUnknownStreams(t *testing.T) {
	n := startNode(t, bootB)
	_, r := sayHello(t, n, func(h *hello) { h.fresh, h.next = false, 4 })
	require.Equal(t, codeUnknownStream, r.code)
	require.Empty(t, n.Peers(), "nothing is kept of it")

	conn, r := sayHello(t, n, func(h *hello) { h.attempt = 2 })
	require.Equal(t, codeOK, r.code)
	writeFrame(t, conn, header{kind: FirstKind, seq: 1}, nil)
	eventually(t, func() bool { return len(n.handler.seqs(bootA)) == 1 }, "applied")
	_, r = sayHello(t, n, func(h *hello) { h.attempt, h.fresh, h.first, h.next = 3, false, 3, 4 })
	require.Equal(t, codeUnknownStream, r.code, "frame 2 is in between")
	_, r = sayHello(t, n, func(h *hello) { h.attempt, h.fresh, h.first, h.next = 4, false, 1, 1 })
	require.Equal(t, codeUnknownStream, r.code, "frame 1 was never sent")
	_, r = sayHello(t, n, func(h *hello) { h.attempt, h.stream = 5, 8 })
	require.Equal(t, codeOK, r.code)
	streams := n.handler.streamList()
	require.True(t, streams[len(streams)-1].Replaces)
}

// TestCloseAtAnyMoment closes senders while they dial, shake hands, wait for the answer, and are linked.
func TestCloseAtAnyMoment(t *testing.T) {
	n := startNode(t, bootB)
	silent := fakePeer(t, func(conn *tls.Conn, _ *hello) { _, _ = io.Copy(io.Discard, conn) })
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = mute.Close() }()
	for name, dial := range map[string]func(context.Context) (net.Conn, error){
		"dialing": func(ctx context.Context) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
		"tls":    (&node{listener: mute}).dial,
		"answer": silent.dial,
		"linked": n.dial,
	} {
		t.Run(name, func(t *testing.T) {
			for i := range 20 {
				s, e := startSender(t, n, bootB, func(c *SenderConfig) { c.Dial = dial })
				_, err := s.Enqueue(ClassState, FirstKind, number(uint64(i)))
				require.NoError(t, err)
				time.Sleep(time.Duration(i) * time.Millisecond / 4)
				s.Close()
				s.Close()
				require.Equal(t, StateClosed, s.Status().State)
				require.Zero(t, count(e, &e.downs)(), "closing is no failure")
			}
		})
	}
}

// TestReceiverCloses ends every Serve, whatever it is doing.
func TestReceiverCloses(t *testing.T) {
	n := startNode(t, bootB)
	s, e := startSender(t, n, bootB)
	awaitState(t, s, StateLinked)
	dialPlain(t, n)
	dialRaw(t, n)
	n.Close()
	eventually(t, func() bool { return count(e, &e.downs)() > 0 }, "down")
	require.Len(t, get(n.handler, func() []error { return n.handler.eofs }), 1)
	n.Close()
	conn, other := net.Pipe()
	n.Serve(context.Background(), conn)
	_, err := other.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}

func TestServeEndsWithItsContext(t *testing.T) {
	n := startNode(t, bootB)
	conn, other := net.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.Serve(ctx, conn)
	}()
	cancel()
	<-done
	_, err := other.Read(make([]byte, 1))
	require.Error(t, err)
}

// TestManySendersAtOnce is several boots at one receiver, with connections reset.
func TestManySendersAtOnce(t *testing.T) {
	const boots, each = 6, 3000
	n := startNode(t, bootB)
	var sending sync.WaitGroup
	for i := range hub.Boot(boots) {
		boot := 0x100 + i
		s, _ := startSender(t, n, bootB, func(c *SenderConfig) {
			c.Self = self(boot)
			c.TLS = clientTLS(testKeys(t, "test", boot), bootB)
		})
		sending.Go(func() {
			sendNumbered(t, s, uint64(boot), each)
			if err := s.Flush(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	for range 10 {
		time.Sleep(10 * time.Millisecond)
		n.reset()
	}
	sending.Wait()
	for i := range hub.Boot(boots) {
		seqs := n.handler.seqs(0x100 + i)
		require.Len(t, seqs, each)
		for j, seq := range seqs {
			require.Equal(t, uint64(j+1), seq)
		}
	}
	require.Len(t, n.Peers(), boots)
	require.Zero(t, get(n.handler, func() int { return n.handler.overlaps }))
}

// TestHandshakesAreBounded meets peers that accept a connection and say nothing.
func TestHandshakesAreBounded(t *testing.T) {
	timing := fast()
	timing.Handshake = 50 * time.Millisecond
	n := startNode(t, bootB, func(c *ReceiverConfig) { c.Timing = timing })
	for _, secure := range []bool{false, true} {
		conn := dialPlain(t, n)
		if secure {
			// On a busy machine this may end too early to succeed, which is as good.
			_ = tls.Client(conn, testKeys(t, "test", bootA).ClientConfig(bootB)).Handshake()
		}
		_, err := io.Copy(io.Discard, conn)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the receiver gives up first")
	}
	eventually(t, func() bool { return n.refusals(ReasonHandshake) == 2 }, "counted")

	silent := fakePeer(t, func(conn *tls.Conn, _ *hello) { _, _ = io.Copy(io.Discard, conn) })
	s, _ := startSender(t, silent, bootB, func(c *SenderConfig) { c.Timing = timing })
	eventually(t, func() bool { return errors.Is(s.Status().Err, os.ErrDeadlineExceeded) }, "the sender gives up")
}

// TestFramesThatWereSentBeforeACrashAreApplied lets a sender die with unread acknowledgements.
func TestFramesThatWereSentBeforeACrashAreApplied(t *testing.T) {
	n := startNode(t, bootB)
	n.handler.onFrame = func(*Peer, Frame) error {
		time.Sleep(time.Millisecond)
		return nil
	}
	conn, r := sayHello(t, n, func(*hello) {})
	require.Equal(t, codeOK, r.code)
	for i := range uint64(100) {
		writeFrame(t, conn, header{kind: FirstKind, seq: i + 1}, nil)
	}
	require.NoError(t, conn.NetConn().(*net.TCPConn).CloseWrite())
	eventually(t, func() bool { return len(n.handler.seqs(bootA)) == 100 }, "all are applied")
}
