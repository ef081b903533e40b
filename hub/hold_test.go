package hub

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// withMove runs a test on a hub with a replicator where ann is present here and at another boot.
func withMove(t *testing.T, opts Options, fn func(t *testing.T, h *Hub, r *fakeReplicator, o, a *fakeConn)) {
	synctest.Test(t, func(t *testing.T) {
		r := &fakeReplicator{}
		opts.Replicator = r
		h := newHub(t, opts)
		o, a := join(t, h, room, "obs", "o1"), join(t, h, room, "ann", "a1")
		remoteJoin(h, bootB, "ann")
		o.take()
		r.take()
		fn(t, h, r, o, a)
	})
}

func TestLeaveWaitsWhileAnotherBootListsTheMember(t *testing.T) {
	for name, test := range map[string]struct{ grace, hold time.Duration }{
		"a second":              {5 * time.Second, time.Second},
		"a grace below that":    {300 * time.Millisecond, 300 * time.Millisecond},
		"no grace, no waiting":  {0, 0},
		"a grace of one second": {time.Second, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			withMove(t, Options{Grace: test.grace}, func(t *testing.T, h *Hub, r *fakeReplicator, o, a *fakeConn) {
				require.Equal(t, LeaveResult{WasJoined: true}, leave(t, h, room, "ann", a))
				if test.hold > 0 {
					settle(test.hold - time.Nanosecond)
					require.Empty(t, r.take())
					settle(time.Nanosecond)
				}
				require.Equal(t, []string{"leave room ann"}, r.take())
				require.Empty(t, o.take(), "ann is still at the other boot")
				remoteLeave(h, bootB, "ann")
				require.Equal(t, []string{"presence:leave room ann"}, o.take())
			})
		})
	}
}

func TestHeldMemberStaysWhenTheOtherBootDropsIt(t *testing.T) {
	withMove(t, Options{Grace: grace}, func(t *testing.T, h *Hub, r *fakeReplicator, o, a *fakeConn) {
		leave(t, h, room, "ann", a)
		remoteLeave(h, bootB, "ann")
		require.Empty(t, o.take())
		settle(time.Second)
		require.Equal(t, []string{"presence:leave room ann"}, o.take())
		require.Equal(t, []string{"leave room ann"}, r.take())
	})
}

func TestReturnEndsTheHold(t *testing.T) {
	withMove(t, Options{Grace: grace}, func(t *testing.T, h *Hub, r *fakeReplicator, o, a *fakeConn) {
		leave(t, h, room, "ann", a)
		settle(time.Second / 2)
		joinAgain(t, h, room, "ann", newConn("a2"))
		settle(grace)
		require.Empty(t, r.take())
		require.Empty(t, o.take())
	})
}

// Only the last connection's leave is held: the leave of one of two must not delay a later, last one.
func TestLeaveOfOneOfTwoConnectionsHoldsNothing(t *testing.T) {
	withMove(t, Options{Grace: grace}, func(t *testing.T, h *Hub, r *fakeReplicator, o, a *fakeConn) {
		a2 := join(t, h, room, "ann", "a2")
		leave(t, h, room, "ann", a)
		remoteLeave(h, bootB, "ann")
		require.Equal(t, LeaveResult{WasJoined: true, NowAbsent: true}, leave(t, h, room, "ann", a2))
		require.Equal(t, []string{"presence:leave room ann"}, o.take())
		require.Equal(t, []string{"leave room ann"}, r.take())
	})
}

func TestOtherBootsNeverChangeALinger(t *testing.T) {
	withMove(t, Options{Grace: grace}, func(t *testing.T, h *Hub, r *fakeReplicator, o, a *fakeConn) {
		a.close()
		for range 4 {
			settle(time.Second)
			remoteLeave(h, bootB, "ann")
			remoteJoin(h, bootC, "ann")
			h.DropRemote(bootC)
			remoteJoin(h, bootB, "ann")
		}
		settle(time.Second - time.Nanosecond)
		require.Empty(t, r.take(), "a boot that lists the member does not shorten its linger here")
		settle(time.Nanosecond)
		require.Equal(t, []string{"leave room ann"}, r.take())
		require.Empty(t, o.take())
	})
}

func TestHoldDoesNotShortenALinger(t *testing.T) {
	withMove(t, Options{Grace: grace}, func(t *testing.T, h *Hub, r *fakeReplicator, _, a *fakeConn) {
		a2 := join(t, h, room, "ann", "a2")
		a.close()
		leave(t, h, room, "ann", a2)
		settle(grace - time.Nanosecond)
		require.Empty(t, r.take())
		settle(time.Nanosecond)
		require.Equal(t, []string{"leave room ann"}, r.take())
	})
}
