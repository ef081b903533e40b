package hub

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

const grace = 5 * time.Second

// settle lets d pass and everything that is due then happen.
func settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// withGrace runs a test on a hub with a grace and an observer in the room, in a bubble with its own clock.
func withGrace(t *testing.T, fn func(t *testing.T, h *Hub, o *fakeConn)) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, Options{Grace: grace})
		fn(t, h, join(t, h, room, "obs", "o1"))
	})
}

func TestReconnectInsideTheGraceIsInvisible(t *testing.T) {
	withGrace(t, func(t *testing.T, h *Hub, o *fakeConn) {
		a := join(t, h, room, "ann", "a1")
		o.take()
		for range 100 {
			a.close()
			requirePresence(t, h, room, "obs", "ann")
			require.Equal(t, 1, h.ConnectionCount(room))
			settle(grace - time.Millisecond)
			a = newConn("a2")
			h.Bind(a)
			require.False(t, joinAgain(t, h, room, "ann", a).NewlyPresent)
		}
		settle(10 * grace)
		require.Empty(t, o.take())
		requirePresence(t, h, room, "obs", "ann")
	})
}

func TestLeaveComesAtTheEndOfTheGrace(t *testing.T) {
	withGrace(t, func(t *testing.T, h *Hub, o *fakeConn) {
		join(t, h, room, "ann", "a1").close()
		o.take()
		settle(grace - time.Nanosecond)
		require.Empty(t, o.take())
		settle(time.Nanosecond)
		require.Equal(t, []string{"presence:leave room ann"}, o.take())
		requirePresence(t, h, room, "obs")
		require.True(t, joinAgain(t, h, room, "ann", newConn("a2")).NewlyPresent)
	})
}

func TestGraceRunsFromTheLastConnection(t *testing.T) {
	withGrace(t, func(t *testing.T, h *Hub, o *fakeConn) {
		a1, a2 := join(t, h, room, "ann", "a1"), join(t, h, room, "ann", "a2")
		o.take()
		a1.close()
		settle(3 * time.Second)
		a2.close()
		settle(grace - time.Millisecond)
		require.Empty(t, o.take())
		settle(time.Millisecond)
		require.Equal(t, []string{"presence:leave room ann"}, o.take(), "once")
		settle(grace)
		require.Empty(t, o.take())
	})
}

func TestLeaveDoesNotWait(t *testing.T) {
	withGrace(t, func(t *testing.T, h *Hub, o *fakeConn) {
		a := join(t, h, room, "ann", "a1")
		o.take()
		require.True(t, leave(t, h, room, "ann", a).NowAbsent)
		require.Equal(t, []string{"presence:leave room ann"}, o.take())
	})
}

func TestLeaveDoesNotEndAnotherConnectionsGrace(t *testing.T) {
	withGrace(t, func(t *testing.T, h *Hub, o *fakeConn) {
		a1, a2 := join(t, h, room, "ann", "a1"), join(t, h, room, "ann", "a2")
		o.take()
		a1.close()
		settle(time.Second)
		require.Equal(t, LeaveResult{WasJoined: true}, leave(t, h, room, "ann", a2), "a1 may come back")
		settle(grace - time.Second - time.Millisecond)
		require.Empty(t, o.take())
		settle(time.Millisecond)
		require.Equal(t, []string{"presence:leave room ann"}, o.take())
	})
}

func TestReturnEndsTheGrace(t *testing.T) {
	withGrace(t, func(t *testing.T, h *Hub, o *fakeConn) {
		join(t, h, room, "ann", "a1").close()
		a2 := join(t, h, room, "ann", "a2")
		o.take()
		require.True(t, leave(t, h, room, "ann", a2).NowAbsent, "nothing of a1 is left to wait for")
		require.Equal(t, []string{"presence:leave room ann"}, o.take())
		settle(grace)
		require.Empty(t, o.take())
	})
}

func TestGraceIsPerChannel(t *testing.T) {
	withGrace(t, func(t *testing.T, h *Hub, o *fakeConn) {
		joinAgain(t, h, "hall", "obs", o)
		a := join(t, h, room, "ann", "a1")
		joinAgain(t, h, "hall", "ann", a)
		a.close()
		joinAgain(t, h, room, "ann", newConn("a2"))
		o.take()
		settle(grace)
		require.Equal(t, []string{"presence:leave hall ann"}, o.take(), "ann came back to the room only")
	})
}

func TestLingeringMembersKeepAChannelAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, Options{Grace: grace})
		join(t, h, room, "ann", "a1").close()
		require.Equal(t, Stats{Channels: 1, Members: 1, PresenceEntries: 1, LocalEntries: 1}, h.Stats())
		require.Equal(t, []string{room}, h.ChannelNames())
		var got Snapshot
		b := joinWith(t, h, room, "bob", "b1", JoinOptions{Snapshot: func(s Snapshot) { got = s }})
		require.ElementsMatch(t, []string{"ann", "bob"}, got.Members)
		settle(grace)
		require.Equal(t, []string{"presence:leave room ann"}, b.take())
		leave(t, h, room, "bob", b)
		requireEmpty(t, h)
	})
}
