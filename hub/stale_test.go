package hub

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A timer that fired may wait for the channel's lock while what it was for goes on. These tests call such late callbacks.

func TestLateEndOfLinger(t *testing.T) {
	withGrace(t, func(t *testing.T, h *Hub, o *fakeConn) {
		a := join(t, h, room, "ann", "a1")
		a.close()
		o.take()
		s := h.shardOf(room)
		c := s.channels[room]
		id := h.ids.lookup("ann")
		m := c.locals[id]
		until := m.lingerUntil

		settle(time.Second)
		a2 := join(t, h, room, "ann", "a2")
		h.endOfLinger(s, c, id, m, until)
		require.Empty(t, o.take(), "ann is back")
		a2.close()
		h.endOfLinger(s, c, id, m, until)
		require.Empty(t, o.take(), "a later grace is running")

		settle(grace)
		require.Equal(t, []string{"presence:leave room ann"}, o.take())
		join(t, h, room, "ann", "a3").close()
		h.endOfLinger(s, c, id, m, c.locals[id].lingerUntil)
		require.Equal(t, []string{"presence:join room ann"}, o.take(), "that was another stay of ann's")
	})
}

func TestLateEndOfTyping(t *testing.T) {
	withTyping(t, Options{TypingTTL: ttl}, func(t *testing.T, h *Hub, o, a *fakeConn) {
		s := h.shardOf(room)
		c := s.channels[room]
		id := h.ids.lookup("ann")
		end := func(late *timer) {
			s.locked(func(*shard) { h.endOfTyping(c, id, localBoot, late) })
		}
		setTyping(t, h, "ann", true, a)
		first := c.typing[id].find(localBoot).timer
		setTyping(t, h, "ann", true, a)
		end(first)
		require.Equal(t, []string{"typing room ann true"}, o.take(), "refreshed meanwhile")
		setTyping(t, h, "ann", false, a)
		o.take()
		end(first)
		require.Empty(t, o.take(), "cleared meanwhile")
		setTyping(t, h, "ann", true, a)
		end(first)
		require.Equal(t, []string{"typing room ann true"}, o.take(), "set anew meanwhile")
	})
}

func TestLateCount(t *testing.T) {
	h := newHub(t, Options{})
	o := joinWith(t, h, room, "obs", "o1", JoinOptions{Presence: PresenceCount})
	c := h.shardOf(room).channels[room]
	leave(t, h, room, "obs", o)
	joinWith(t, h, room, "obs", "o2", JoinOptions{Presence: PresenceCount})
	h.sendCount(c)
	require.Empty(t, o.take())
}
