package hub

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPresenceModes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, Options{TypingTTL: ttl})
		full := joinWith(t, h, room, "full", "c1", JoinOptions{Presence: PresenceFull})
		count := joinWith(t, h, room, "count", "c2", JoinOptions{Presence: PresenceCount})
		none := joinWith(t, h, room, "none", "c3", JoinOptions{Presence: PresenceNone})
		settle(time.Second)
		full.take()
		count.take()

		a := join(t, h, room, "ann", "a1")
		require.NoError(t, h.SetTyping(room, "ann", true, a))
		require.NoError(t, h.SetTyping(room, "ann", false, a))
		publish(t, h, room, "chat", "hi", PublishOptions{})
		h.DeliverGap("gw", []string{room})
		leave(t, h, room, "ann", a)
		settle(time.Second)

		require.Equal(t, []string{
			"presence:join room ann", "typing room ann true", "typing room ann false", `chat room "hi"`, "gap room gw", "presence:leave room ann",
		}, full.take())
		require.Equal(t, []string{`chat room "hi"`, "gap room gw", "presence:count room 3"}, count.take())
		require.Equal(t, []string{`chat room "hi"`, "gap room gw"}, none.take())
	})
}

func TestPresenceModeStrings(t *testing.T) {
	require.Equal(t, "full", PresenceFull.String())
	require.Equal(t, "count", PresenceCount.String())
	require.Equal(t, "none", PresenceNone.String())
}

func TestSecondJoinChangesTheMode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, Options{})
		o := join(t, h, room, "obs", "o1")
		var got []Snapshot
		change := func(mode PresenceMode) {
			settle(time.Second)
			o.take()
			_, err := h.Join(room, "obs", o, JoinOptions{Presence: mode, Snapshot: func(s Snapshot) { got = append(got, s) }})
			require.NoError(t, err)
		}
		hear := func(member string) []string {
			c := join(t, h, room, member, member)
			settle(time.Second)
			leave(t, h, room, member, c)
			settle(time.Second)
			return o.take()
		}
		require.Len(t, hear("a"), 2)
		change(PresenceNone)
		require.Empty(t, hear("b"))
		change(PresenceCount)
		require.Equal(t, []string{"presence:count room 2", "presence:count room 1"}, hear("c"))
		change(PresenceCount)
		require.Equal(t, []string{"presence:count room 2", "presence:count room 1"}, hear("d"))
		change(PresenceFull)
		require.Equal(t, []string{"presence:join room e", "presence:leave room e"}, hear("e"))
		require.Len(t, got, 4, "each join gives a snapshot")

		leave(t, h, room, "obs", o)
		requireEmpty(t, h)
	})
}

func TestCountsAreCoalesced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, Options{CountInterval: time.Second})
		o := joinWith(t, h, room, "obs", "o1", JoinOptions{Presence: PresenceCount})
		settle(time.Second)
		o.take()
		for i := range 100 {
			join(t, h, room, fmt.Sprintf("m%d", i), fmt.Sprintf("c%d", i))
		}
		settle(time.Second - time.Nanosecond)
		require.Empty(t, o.take())
		settle(time.Nanosecond)
		require.Equal(t, []string{"presence:count room 101"}, o.take(), "one event for a hundred changes")
		settle(10 * time.Second)
		require.Empty(t, o.take(), "and none without a change")

		leaving := time.Now()
		for time.Since(leaving) < 5*time.Second {
			h.ApplyRemote(7, Delta{Op: OpJoin, Channel: room, Member: "zoe"})
			h.ApplyRemote(7, Delta{Op: OpLeave, Channel: room, Member: "zoe"})
			settle(10 * time.Millisecond)
		}
		require.InDelta(t, 5, len(o.take()), 1, "at most one an interval, however long the changes go on")
	})
}

func TestCountIsOfTheMergedView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, Options{})
		o := joinWith(t, h, room, "obs", "o1", JoinOptions{Presence: PresenceCount})
		settle(defaultCountInterval)
		require.Equal(t, []string{"presence:count room 1"}, o.take())
		for _, boot := range []Boot{7, 8} {
			h.ApplyRemote(boot, Delta{Op: OpJoin, Channel: room, Member: "zoe"})
		}
		settle(defaultCountInterval)
		require.Equal(t, []string{"presence:count room 2"}, o.take())
		h.DropRemote(7)
		settle(defaultCountInterval)
		require.Empty(t, o.take(), "zoe is present at another hub")
		h.DropRemote(8)
		settle(defaultCountInterval)
		require.Equal(t, []string{"presence:count room 1"}, o.take())
	})
}

func TestCountTimerEndsWithItsChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, Options{})
		o := joinWith(t, h, room, "obs", "o1", JoinOptions{Presence: PresenceCount})
		leave(t, h, room, "obs", o)
		requireEmpty(t, h)
		full := join(t, h, room, "full", "f1")
		settle(time.Second)
		require.Empty(t, o.take())
		require.Empty(t, full.take())
	})
}
