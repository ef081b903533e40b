package hub

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func remoteTyping(h *Hub, b Boot, member string, ttl time.Duration) {
	h.ApplyRemote(b, Delta{Op: OpTyping, Channel: room, Member: member, TTL: ttl})
}

func remoteTypingStop(h *Hub, b Boot, member string) {
	h.ApplyRemote(b, Delta{Op: OpTypingStop, Channel: room, Member: member})
}

// withTypingBoots runs a test where ann is present here and at two other boots.
func withTypingBoots(t *testing.T, fn func(t *testing.T, h *Hub, o, a *fakeConn)) {
	withTyping(t, Options{TypingTTL: ttl}, func(t *testing.T, h *Hub, o, a *fakeConn) {
		remoteJoin(h, bootB, "ann")
		remoteJoin(h, bootC, "ann")
		fn(t, h, o, a)
	})
}

func TestTypingIsTheOrOverBoots(t *testing.T) {
	withTypingBoots(t, func(t *testing.T, h *Hub, o, a *fakeConn) {
		remoteTyping(h, bootB, "ann", time.Minute)
		require.Equal(t, []string{"typing room ann true"}, o.take())
		remoteTyping(h, bootC, "ann", time.Minute)
		setTyping(t, h, "ann", true, a)
		remoteTypingStop(h, bootB, "ann")
		remoteTypingStop(h, bootB, "ann")
		setTyping(t, h, "ann", false, a)
		require.Empty(t, o.take())
		require.Equal(t, []string{"ann"}, h.TypingMembers(room))
		remoteTypingStop(h, bootC, "ann")
		require.Equal(t, []string{"typing room ann false"}, o.take())
	})
}

func TestTypingEndsWhenOnlyItsBootDropsTheMember(t *testing.T) {
	withTypingBoots(t, func(t *testing.T, h *Hub, o, a *fakeConn) {
		remoteTyping(h, bootB, "ann", 0)
		remoteTyping(h, bootC, "ann", 0)
		remoteLeave(h, bootB, "ann")
		require.Equal(t, []string{"typing room ann true"}, o.take())
		h.DropRemote(bootC)
		require.Equal(t, []string{"typing room ann false"}, o.take(), "ann is still here, and types nowhere")
		setTyping(t, h, "ann", true, a)
		leave(t, h, room, "ann", a)
		require.Equal(t, []string{"typing room ann true", "presence:leave room ann"}, o.take())
	})
}

func TestRemoteTypingEndsAfterItsOwnTTL(t *testing.T) {
	withTypingBoots(t, func(t *testing.T, h *Hub, o, _ *fakeConn) {
		remoteTyping(h, bootB, "ann", 10*time.Second)
		remoteTyping(h, bootC, "ann", time.Second)
		settle(9 * time.Second)
		require.Equal(t, []string{"typing room ann true"}, o.take())
		remoteTyping(h, bootB, "ann", 10*time.Second)
		settle(10*time.Second - time.Nanosecond)
		require.Empty(t, o.take(), "a refresh starts the time anew")
		settle(time.Nanosecond)
		require.Equal(t, []string{"typing room ann false"}, o.take())
	})
}

func TestRemoteTypingOfAMemberThatTheBootDoesNotList(t *testing.T) {
	withTyping(t, Options{}, func(t *testing.T, h *Hub, o, _ *fakeConn) {
		remoteTyping(h, bootB, "ann", 0)
		remoteTyping(h, bootB, "nobody", 0)
		require.Empty(t, o.take())
		require.Empty(t, h.TypingMembers(room))
	})
}

func TestClearRemoteTyping(t *testing.T) {
	withTypingBoots(t, func(t *testing.T, h *Hub, o, a *fakeConn) {
		remoteJoin(h, bootB, "zoe")
		o.take()
		remoteTyping(h, bootB, "ann", 0)
		remoteTyping(h, bootB, "zoe", 0)
		setTyping(t, h, "ann", true, a)
		o.take()
		h.ClearRemoteTyping(bootC)
		require.Empty(t, o.take())
		h.ClearRemoteTyping(bootB)
		require.Equal(t, []string{"typing room zoe false"}, o.take(), "ann types here, too")
		requirePresence(t, h, room, "obs", "ann", "zoe")
		h.ClearRemoteTyping(0xdead)
	})
}

// A departure says that the typing ended, also where it comes with a whole boot or a snapshot.
func TestRemoteDepartureClearsTypingSilently(t *testing.T) {
	for name, depart := range map[string]func(*Hub){
		"leave":   func(h *Hub) { remoteLeave(h, bootB, "zoe") },
		"drop":    func(h *Hub) { h.DropRemote(bootB) },
		"replace": func(h *Hub) { h.ReplaceRemote(bootB, Bucket(room), BucketState{}) },
	} {
		t.Run(name, func(t *testing.T) {
			withTyping(t, Options{}, func(t *testing.T, h *Hub, o, _ *fakeConn) {
				remoteJoin(h, bootB, "zoe")
				remoteTyping(h, bootB, "zoe", time.Minute)
				o.take()
				depart(h)
				require.Equal(t, []string{"presence:leave room zoe"}, o.take())
				remoteJoin(h, bootB, "zoe")
				settle(time.Hour)
				require.Equal(t, []string{"presence:join room zoe"}, o.take())
			})
		})
	}
}

func TestReplaceRemoteEndsTheBootsTyping(t *testing.T) {
	withTypingBoots(t, func(t *testing.T, h *Hub, o, _ *fakeConn) {
		remoteTyping(h, bootB, "ann", 0)
		remoteTyping(h, bootC, "ann", 0)
		o.take()
		state := BucketState{Presence: []Entry{{room, "ann"}}}
		h.ReplaceRemote(bootB, Bucket(room), state)
		require.Empty(t, o.take())
		h.ReplaceRemote(bootC, Bucket(room), state)
		require.Equal(t, []string{"typing room ann false"}, o.take())
	})
}
