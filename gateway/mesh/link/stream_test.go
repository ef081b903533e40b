package link

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFramesArriveInOrder(t *testing.T) {
	n := startNode(t, bootB)
	s, e := newSender(t, n, bootB, func(c *SenderConfig) { c.Published = func() bool { return true } })
	seq, err := s.Enqueue(ClassState, FirstKind, []byte("before start"))
	require.NoError(t, err)
	require.Equal(t, uint64(1), seq)
	require.Equal(t, StateConnecting, s.Status().State)
	s.Start()
	awaitState(t, s, StateLinked)
	for i := range 10 {
		_, err := s.Enqueue(ClassPublish, FirstKind|Optional, fmt.Append(nil, i))
		require.NoError(t, err)
	}
	_, err = s.Enqueue(ClassState, KindRequest, nil)
	require.NoError(t, err)
	flush(t, s)
	require.Equal(t, []string{"before start", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", ""}, n.handler.received(bootA))
	require.Equal(t, uint64(12), s.Acked())
	require.Zero(t, s.Pending(ClassState)+s.Pending(ClassPublish))

	require.Equal(t, []Stream{{ID: n.handler.streamList()[0].ID, Fresh: true}}, n.handler.streamList())
	peer := get(n.handler, func() Peer { return n.handler.peers[0] })
	require.True(t, peer.Published)
	require.Equal(t, "node-"+bootA.String(), peer.Node)
	require.Equal(t, uint16(1), peer.Version)
	require.Equal(t, 1, count(e, &e.linked)())
	require.False(t, e.linked[0].Resumed)
	require.Equal(t, bootB, s.Status().Peer.Boot)
	require.Equal(t, "node-"+bootB.String(), s.Status().Peer.Node)
	require.Zero(t, count(e, &e.resets)())
	stats := s.Stats()
	require.Equal(t, uint64(12), stats.FramesAcked)
	require.Equal(t, uint64(1), stats.Connections)
	peers := n.Peers()
	require.Len(t, peers, 1)
	require.Equal(t, uint64(12), peers[0].Applied)
	require.True(t, peers[0].Connected)
}

func TestLargeFrames(t *testing.T) {
	n := startNode(t, bootB)
	s, _ := startSender(t, n, bootB)
	var want []string
	for _, size := range []int{bufferBytes - headerBytes, bufferBytes - headerBytes + 1, 0, DefaultMaxFrame, 1} {
		body := make([]byte, size)
		for i := range body {
			body[i] = byte(i * size)
		}
		want = append(want, string(body))
		_, err := s.Enqueue(ClassState, FirstKind, body)
		require.NoError(t, err)
	}
	flush(t, s)
	require.Equal(t, want, n.handler.received(bootA))
	_, err := s.Enqueue(ClassState, FirstKind, make([]byte, DefaultMaxFrame+1))
	require.ErrorIs(t, err, ErrTooLarge)
}

func TestResumeAfterBreaks(t *testing.T) {
	for _, side := range []string{"receiver", "sender"} {
		t.Run(side, func(t *testing.T) {
			n := startNode(t, bootB)
			dial, reset := trackedDial(n)
			s, e := startSender(t, n, bootB, func(c *SenderConfig) { c.Dial = dial })
			for i := range uint64(5) {
				_, err := s.Enqueue(ClassState, FirstKind, number(i))
				require.NoError(t, err)
				flush(t, s)
				linked := count(e, &e.linked)()
				if side == "receiver" {
					n.reset()
				} else {
					reset()
				}
				eventually(t, func() bool { return count(e, &e.linked)() > linked }, "linked again")
			}
			_, err := s.Enqueue(ClassState, FirstKind, number(5))
			require.NoError(t, err)
			flush(t, s)
			require.Equal(t, []uint64{1, 2, 3, 4, 5, 6}, n.handler.seqs(bootA))
			for i, stream := range n.handler.streamList() {
				require.Equal(t, i == 0, stream.Fresh)
			}
			e.mu.Lock()
			defer e.mu.Unlock()
			require.Empty(t, e.resets)
			require.Empty(t, e.refused)
			require.Len(t, e.downs, len(e.linked)-1)
			require.True(t, e.linked[len(e.linked)-1].Resumed)
			require.NotEmpty(t, get(n.handler, func() []error { return n.handler.eofs }))
		})
	}
}

func TestForgettingMakesTheSenderBeginAnew(t *testing.T) {
	n := startNode(t, bootB)
	var s *Sender
	gated := make(chan error, 2)
	s, e := newSender(t, n, bootB)
	e.onReset = func() {
		_, err := s.Enqueue(ClassState, FirstKind, []byte("refused"))
		gated <- err
		seq, err := s.EnqueueForced(ClassState, FirstKind, []byte("snapshot"))
		if seq != 1 {
			err = fmt.Errorf("seq %d", seq)
		}
		gated <- err
	}
	s.Start()
	_, err := s.Enqueue(ClassState, FirstKind, []byte("old"))
	require.NoError(t, err)
	flush(t, s)
	<-n.Forget(bootA)
	require.ErrorIs(t, <-gated, ErrReset)
	require.NoError(t, <-gated)
	flush(t, s)
	require.Equal(t, []string{"old", "snapshot"}, n.handler.received(bootA))
	require.Equal(t, []uint64{1, 1}, n.handler.seqs(bootA))
	streams := n.handler.streamList()
	require.Len(t, streams, 2)
	require.True(t, streams[1].Fresh)
	require.False(t, streams[1].Replaces, "nothing was held any more")
	require.NotEqual(t, streams[0].ID, streams[1].ID)
	require.Equal(t, 1, n.refusals(ReasonUnknownStream))
	require.Equal(t, uint64(1), s.Stats().Resets)
}

func TestForgetOfAnUnknownBoot(t *testing.T) {
	n := startNode(t, bootB)
	<-n.Forget(bootC)
	require.Empty(t, n.Peers())
}

// TestForgetWaitsForTheHandler is what keeps a replica from growing entries after it was dropped.
func TestForgetWaitsForTheHandler(t *testing.T) {
	n := startNode(t, bootB)
	entered, release := make(chan struct{}), make(chan struct{})
	n.handler.onFrame = func(_ *Peer, f Frame) error {
		if string(f.Body) == "slow" {
			close(entered)
			<-release
		}
		return nil
	}
	s, e := startSender(t, n, bootB)
	for _, body := range []string{"slow", "never"} {
		_, err := s.Enqueue(ClassState, FirstKind, []byte(body))
		require.NoError(t, err)
	}
	<-entered
	forgotten := n.Forget(bootA)
	select {
	case <-forgotten:
		require.Fail(t, "Forget did not wait for the handler")
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	<-forgotten
	eventually(t, func() bool { return count(e, &e.resets)() == 1 }, "the sender begins anew")
	require.Equal(t, 2, e.resets[0].LostState)
	require.Equal(t, []string{"slow"}, n.handler.received(bootA))
	require.ErrorIs(t, get(n.handler, func() error { return n.handler.eofs[0] }), errForgotten)
}

// TestForgetFromTheHandler is how the mesh turns down a stream that continues what it has dropped.
func TestForgetFromTheHandler(t *testing.T) {
	n := startNode(t, bootB)
	s, e := startSender(t, n, bootB)
	_, err := s.Enqueue(ClassPublish, FirstKind, []byte("old"))
	require.NoError(t, err)
	flush(t, s)
	n.handler.set(func() {
		n.handler.onStream = func(_ *Peer, st Stream) {
			if !st.Fresh {
				n.Forget(bootA)
			}
		}
	})
	n.reset()
	eventually(t, func() bool { return count(e, &e.resets)() == 1 }, "the sender begins anew")
	_, err = s.EnqueueForced(ClassPublish, FirstKind, []byte("new"))
	require.NoError(t, err)
	flush(t, s)
	require.Equal(t, []string{"old", "new"}, n.handler.received(bootA))
	require.Len(t, get(n.handler, func() []error { return n.handler.eofs }), 2)
}

func TestRestart(t *testing.T) {
	n := startNode(t, bootB)
	s, e := startSender(t, n, bootB)
	_, err := s.Enqueue(ClassPublish, FirstKind, []byte("one"))
	require.NoError(t, err)
	flush(t, s)
	s.Restart("a test wants it")
	eventually(t, func() bool { return count(e, &e.resets)() == 1 }, "reset")
	require.Equal(t, "a test wants it", e.resets[0].Reason)
	eventually(t, func() bool { return count(e, &e.linked)() == 2 }, "linked again")
	seq, err := s.Enqueue(ClassPublish, FirstKind, []byte("two"))
	require.NoError(t, err)
	require.Equal(t, uint64(1), seq)
	flush(t, s)
	require.Equal(t, []string{"one", "two"}, n.handler.received(bootA))
	streams := n.handler.streamList()
	require.True(t, streams[1].Fresh)
	require.True(t, streams[1].Replaces)
}

func TestFlushEndsWithItsContext(t *testing.T) {
	s, _ := newSender(t, startNode(t, bootB), bootB)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.NoError(t, s.Flush(ctx), "there is nothing to wait for")
	_, err := s.Enqueue(ClassState, FirstKind, nil)
	require.NoError(t, err)
	require.ErrorIs(t, s.Flush(ctx), context.Canceled)
}

func TestFlushEndsWithTheStream(t *testing.T) {
	n := startNode(t, bootB)
	s, _ := newSender(t, n, bootB)
	_, err := s.Enqueue(ClassState, FirstKind, nil)
	require.NoError(t, err)
	blocked := make(chan error, 1)
	go func() { blocked <- s.Flush(context.Background()) }()
	eventually(t, func() bool { return isAwaited(s) }, "Flush waits")
	s.Restart("")
	n.handler.set(func() { n.handler.hello = errTest })
	s.Start()
	require.ErrorIs(t, <-blocked, ErrReset)

	_, err = s.Enqueue(ClassState, FirstKind, nil)
	for err != nil {
		require.ErrorIs(t, err, ErrReset)
		_, err = s.Enqueue(ClassState, FirstKind, nil)
	}
	go func() { blocked <- s.Flush(context.Background()) }()
	eventually(t, func() bool { return isAwaited(s) }, "Flush waits")
	s.Close()
	require.ErrorIs(t, <-blocked, ErrClosed)
	_, err = s.Enqueue(ClassState, FirstKind, nil)
	require.ErrorIs(t, err, ErrClosed)
	_, err = s.EnqueueForced(ClassState, FirstKind, nil)
	require.ErrorIs(t, err, ErrClosed)
	require.Equal(t, StateClosed, s.Status().State)
}

// isAwaited says that somebody waits for the sender's progress.
func isAwaited(s *Sender) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stream.progress != nil
}
