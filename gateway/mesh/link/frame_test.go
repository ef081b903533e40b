package link

import (
	"crypto/tls"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestUnknownKinds(t *testing.T) {
	n := startNode(t, bootB)
	s, _ := startSender(t, n, bootB)
	for _, kind := range []Kind{FirstKind, 0x40 | Optional, FirstKind | Optional} {
		_, err := s.Enqueue(ClassState, kind, []byte{byte(kind)})
		require.NoError(t, err)
	}
	flush(t, s)
	require.Equal(t, []Kind{FirstKind, FirstKind | Optional}, get(n.handler, func() []Kind { return n.handler.kinds }))
	require.Equal(t, []uint64{1, 3}, n.handler.seqs(bootA), "a skipped frame has its number")

	_, err := s.Enqueue(ClassState, 0x41, nil)
	require.NoError(t, err)
	eventually(t, func() bool { return n.refusals(ReasonFrame) > 1 }, "refused each time it comes")
	eventually(t, func() bool {
		err := s.Status().Err
		return err != nil && s.Acked() == 3 && strings.Contains(err.Error(), "frame 4 is of kind 0x41, which this release does not know")
	}, "the sender hears why")
}

func TestBadFrames(t *testing.T) {
	tests := []struct {
		name string
		h    header
		want string
	}{
		{"too large", header{length: 100<<20 + 1, kind: FirstKind, seq: 2}, "has 104857601 bytes, want at most 1048576"},
		{"a hole", header{kind: FirstKind, seq: 3}, "frame 3 of kind 0x20 came, want frame 2"},
		{"a repeat", header{kind: FirstKind, seq: 1}, "frame 1 of kind 0x20 came, want frame 2"},
		{"no number", header{kind: FirstKind}, "frame 0 of kind 0x20 came, want frame 2"},
		{"unknown control kind", header{kind: 0x0f}, "unknown control kind 0x0f"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := startNode(t, bootB)
			conn, r := sayHello(t, n, func(*hello) {})
			require.Equal(t, codeOK, r.code)
			writeFrame(t, conn, header{kind: kindHeartbeat}, nil)
			writeFrame(t, conn, header{kind: 0x0f | Optional, length: 3}, []byte("opt"))
			writeFrame(t, conn, header{kind: FirstKind, seq: 1, length: 1}, []byte("x"))
			writeFrame(t, conn, tt.h, nil)
			text, acked := readFault(t, conn)
			require.Contains(t, text, tt.want)
			require.Equal(t, uint64(1), acked)
			_ = conn.Close()
			eventually(t, func() bool { return n.refusals(ReasonFrame) == 1 }, "counted")
			require.Equal(t, []string{"x"}, n.handler.received(bootA))
			eventually(t, func() bool { return len(get(n.handler, func() []error { return n.handler.eofs })) == 1 }, "EOF")
		})
	}
}

// TestGarbageAfterHello breaks the TLS record layer.
func TestGarbageAfterHello(t *testing.T) {
	n := startNode(t, bootB)
	conn, r := sayHello(t, n, func(*hello) {})
	require.Equal(t, codeOK, r.code)
	_, err := conn.NetConn().Write([]byte("this is no TLS record, however one looks at it"))
	require.NoError(t, err)
	eventually(t, func() bool { return len(get(n.handler, func() []error { return n.handler.eofs })) == 1 }, "EOF")
}

// TestHandlerError breaks the connection without acknowledging the frame, which comes again.
func TestHandlerError(t *testing.T) {
	n := startNode(t, bootB)
	failures := 3
	n.handler.onFrame = func(_ *Peer, f Frame) error {
		if f.Seq == 2 && failures > 0 {
			failures--
			return errTest
		}
		return nil
	}
	s, e := startSender(t, n, bootB)
	for i := range uint64(3) {
		_, err := s.Enqueue(ClassState, FirstKind, number(i))
		require.NoError(t, err)
	}
	flush(t, s)
	require.Equal(t, []uint64{1, 2, 3}, n.handler.seqs(bootA))
	require.Equal(t, 3, n.refusals(ReasonHandler))
	e.mu.Lock()
	defer e.mu.Unlock()
	require.Len(t, e.downs, 3)
	require.ErrorContains(t, e.downs[0], "peer broke off: applying frame 2 of kind 0x20: test says no")
	require.Empty(t, e.resets)
}

func TestSenderRefusesBadAcknowledgements(t *testing.T) {
	tests := []struct {
		name string
		h    header
		want string
	}{
		{"of what was not sent", header{kind: kindAck, seq: 2}, "peer acknowledged frame 2, and 1 was the last one sent"},
		{"unknown kind", header{kind: 0x30}, "unknown kind 0x30"},
		{"too large", header{kind: 0x0f | Optional, length: 2 << 20}, "want at most 1048576"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := fakePeer(t, func(conn *tls.Conn, h *hello) {
				_, _ = conn.Write(answerAs(func(r *reply) { r.known = !h.fresh }))
				r := newFrameReader(conn, 4<<10, DefaultMaxFrame, func() {})
				if _, _, err := r.next(); err != nil {
					return
				}
				var head [headerBytes]byte
				for _, h := range []header{{kind: 0x0f | Optional}, {kind: kindAck}, tt.h} {
					h.put(&head)
					_, _ = conn.Write(head[:])
				}
				_, _ = io.Copy(io.Discard, conn)
			})
			s, e := startSender(t, n, bootB)
			_, err := s.Enqueue(ClassState, FirstKind, nil)
			require.NoError(t, err)
			eventually(t, func() bool { return count(e, &e.downs)() > 0 }, "down")
			e.mu.Lock()
			defer e.mu.Unlock()
			require.ErrorContains(t, e.downs[0], tt.want)
			require.Empty(t, e.resets)
		})
	}
}

// TestReceiverThatKnowsTooMuch is one whose state cannot be this stream's.
func TestReceiverThatKnowsTooMuch(t *testing.T) {
	n := fakePeer(t, func(conn *tls.Conn, _ *hello) {
		_, _ = conn.Write(answerAs(func(r *reply) { r.known, r.applied = true, 77 }))
		_, _ = io.Copy(io.Discard, conn)
	})
	s, e := startSender(t, n, bootB)
	eventually(t, func() bool { return count(e, &e.resets)() > 0 }, "reset")
	require.Contains(t, e.resets[0].Reason, "peer says that it applied frame 77, want 0 to 0")
	require.Eventually(t, func() bool { return s.Stats().Resets > 2 }, patience, time.Millisecond)
}

// A frame that can never be applied holds up nothing for ever: the sender begins anew. But not again and again without a pause.
func TestFrameThatIsNeverApplied(t *testing.T) {
	n := startNode(t, bootB)
	n.handler.onFrame = func(_ *Peer, f Frame) error {
		if string(f.Body) == "poison" {
			return errTest
		}
		return nil
	}
	s, e := startSender(t, n, bootB)
	for _, body := range []string{"before", "poison", "lost"} {
		_, err := s.Enqueue(ClassPublish, FirstKind, []byte(body))
		require.NoError(t, err)
	}
	eventually(t, func() bool { return count(e, &e.resets)() == 1 }, "the sender begins anew")
	require.Equal(t, 2, e.resets[0].LostPublish)
	require.Equal(t, mostFailures-1, n.refusals(ReasonHandler))
	require.Equal(t, 1, n.refusals(ReasonStuck))
	_, err := s.EnqueueForced(ClassPublish, FirstKind, []byte("after"))
	require.NoError(t, err)
	flush(t, s)
	require.Equal(t, []string{"before", "after"}, n.handler.received(bootA))
	streams := n.handler.streamList()
	require.True(t, streams[len(streams)-1].Replaces, "so that connections are told of a gap")

	_, err = s.Enqueue(ClassPublish, FirstKind, []byte("poison"))
	require.NoError(t, err)
	eventually(t, func() bool { return n.refusals(ReasonHandler) > 2*mostFailures }, "it is tried on")
	require.Equal(t, 1, n.refusals(ReasonStuck))
	require.Equal(t, 1, count(e, &e.resets)())
}
