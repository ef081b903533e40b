package hub

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

const ttl = 4 * time.Second

// withTyping runs a test on a hub with a typing TTL, an observer and ann in the room, in a bubble with its own clock.
func withTyping(t *testing.T, opts Options, fn func(t *testing.T, h *Hub, o, a *fakeConn)) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, opts)
		o := join(t, h, room, "obs", "o1")
		a := join(t, h, room, "ann", "a1")
		o.take()
		fn(t, h, o, a)
	})
}

func setTyping(t require.TestingT, h *Hub, member string, typing bool, c *fakeConn) {
	if c == nil {
		require.NoError(t, h.SetTyping(room, member, typing, nil))
		return
	}
	require.NoError(t, h.SetTyping(room, member, typing, c))
}

func TestTypingIsToldOnce(t *testing.T) {
	withTyping(t, Options{TypingTTL: ttl}, func(t *testing.T, h *Hub, o, a *fakeConn) {
		setTyping(t, h, "ann", true, a)
		setTyping(t, h, "ann", true, a)
		require.Equal(t, []string{"typing room ann true"}, o.take(), "a refresh is no event")
		require.Equal(t, []string{"ann"}, h.TypingMembers(room))
		setTyping(t, h, "ann", false, a)
		setTyping(t, h, "ann", false, a)
		require.Equal(t, []string{"typing room ann false"}, o.take())
		require.Empty(t, h.TypingMembers(room))
		require.Empty(t, a.take(), "the typing connection itself is left out")
		settle(10 * ttl)
		require.Empty(t, o.take())
	})
}

func TestTypingPayload(t *testing.T) {
	withTyping(t, Options{}, func(t *testing.T, h *Hub, o, a *fakeConn) {
		setTyping(t, h, "ann", true, a)
		e := o.takeEvents()[0]
		require.Equal(t, TypeTyping, e.Type)
		require.JSONEq(t, `{"channel":"room","memberId":"ann","typing":true}`, string(e.Payload))
	})
}

func TestTypingWithoutAConnectionLeavesNobodyOut(t *testing.T) {
	withTyping(t, Options{}, func(t *testing.T, h *Hub, o, a *fakeConn) {
		setTyping(t, h, "ann", true, nil)
		require.Equal(t, []string{"typing room ann true"}, a.take())
		require.Equal(t, []string{"typing room ann true"}, o.take())
		setTyping(t, h, "ann", false, nil)
		require.Equal(t, []string{"typing room ann false"}, a.take())
	})
}

func TestTypingEndsAfterItsTTL(t *testing.T) {
	withTyping(t, Options{TypingTTL: ttl}, func(t *testing.T, h *Hub, o, a *fakeConn) {
		setTyping(t, h, "ann", true, a)
		o.take()
		settle(ttl - time.Nanosecond)
		require.Empty(t, o.take())
		settle(time.Nanosecond)
		require.Equal(t, []string{"typing room ann false"}, o.take())
		require.Empty(t, h.TypingMembers(room))
		setTyping(t, h, "ann", true, a)
		require.Equal(t, []string{"typing room ann true"}, o.take(), "and may begin again")
	})
}

func TestTypingRefresh(t *testing.T) {
	withTyping(t, Options{TypingTTL: ttl}, func(t *testing.T, h *Hub, o, a *fakeConn) {
		for range 20 {
			setTyping(t, h, "ann", true, a)
			settle(ttl - time.Millisecond)
		}
		require.Equal(t, []string{"typing room ann true"}, o.take())
		settle(time.Millisecond)
		require.Equal(t, []string{"typing room ann false"}, o.take())
	})
}

func TestTypingWithoutTTLStays(t *testing.T) {
	withTyping(t, Options{}, func(t *testing.T, h *Hub, o, a *fakeConn) {
		setTyping(t, h, "ann", true, a)
		settle(24 * time.Hour)
		require.Equal(t, []string{"typing room ann true"}, o.take())
		require.Equal(t, []string{"ann"}, h.TypingMembers(room))
	})
}

func TestDepartureClearsTypingSilently(t *testing.T) {
	for name, depart := range map[string]func(*Hub, *fakeConn){
		"leave":      func(h *Hub, a *fakeConn) { _, _ = h.Leave(room, "ann", a) },
		"disconnect": func(_ *Hub, a *fakeConn) { a.close() },
	} {
		for kind, byConn := range map[string]bool{"set by its connection": true, "set by nobody": false} {
			t.Run(name+" "+kind, func(t *testing.T) {
				withTyping(t, Options{TypingTTL: ttl}, func(t *testing.T, h *Hub, o, a *fakeConn) {
					setter := a
					if !byConn {
						setter = nil
					}
					setTyping(t, h, "ann", true, setter)
					o.take()
					depart(h, a)
					require.Equal(t, []string{"presence:leave room ann"}, o.take())
					require.Empty(t, h.TypingMembers(room))
					join(t, h, room, "ann", "a2")
					settle(10 * ttl)
					require.Equal(t, []string{"presence:join room ann"}, o.take(), "nothing of the old flag is left")
				})
			})
		}
	}
}

func TestTypingEndsWithItsConnection(t *testing.T) {
	withTyping(t, Options{TypingTTL: ttl, Grace: grace}, func(t *testing.T, h *Hub, o, a *fakeConn) {
		a2 := join(t, h, room, "ann", "a2")
		setTyping(t, h, "ann", true, a)
		leave(t, h, room, "ann", a2)
		require.Equal(t, []string{"typing room ann true"}, o.take(), "another connection's end changes nothing")
		a.close()
		require.Equal(t, []string{"typing room ann false"}, o.take(), "ann lingers, but types no more")
		requirePresence(t, h, room, "obs", "ann")

		a3, a4 := join(t, h, room, "ann", "a3"), join(t, h, room, "ann", "a4")
		setTyping(t, h, "ann", true, a3)
		setTyping(t, h, "ann", true, a4)
		a3.close()
		require.Equal(t, []string{"typing room ann true"}, o.take(), "the flag belongs to the connection that refreshed it")
		a4.close()
		require.Equal(t, []string{"typing room ann false"}, o.take())
	})
}

func TestTypingByAnAbsentMember(t *testing.T) {
	h := newHub(t, Options{})
	require.ErrorIs(t, h.SetTyping(room, "ann", true, nil), ErrNotPresent)
	requireEmpty(t, h)

	join(t, h, room, "obs", "o1")
	b := join(t, h, "hall", "bob", "b1")
	for _, typing := range []bool{true, false} {
		require.ErrorIs(t, h.SetTyping(room, "ann", typing, nil), ErrNotPresent)
		require.ErrorIs(t, h.SetTyping(room, "bob", typing, b), ErrNotPresent, "present in another channel only")
		require.ErrorContains(t, h.SetTyping("attic", "ann", typing, nil), `"attic"`)
	}
	require.ElementsMatch(t, []string{room, "hall"}, h.ChannelNames())
	require.Equal(t, 2, h.Stats().Channels)

	h.ApplyRemote(7, Delta{Op: OpJoin, Channel: room, Member: "zoe"})
	require.ErrorIs(t, h.SetTyping(room, "zoe", true, nil), ErrNotPresent, "present at another hub only")
}
