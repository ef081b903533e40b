package hub

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// refused says that a join is refused with the error and changes nothing.
func refused(t *testing.T, h *Hub, channel, member string, want error, says string) {
	t.Helper()
	before, names := h.Stats(), h.ChannelNames()
	c := newConn("refused")
	_, err := h.Join(channel, member, c, JoinOptions{Snapshot: func(Snapshot) { t.Error("snapshot of a refused join") }})
	require.ErrorIs(t, err, want)
	require.ErrorContains(t, err, fmt.Sprintf("%q", channel))
	require.ErrorContains(t, err, says)
	require.Equal(t, before, h.Stats())
	require.ElementsMatch(t, names, h.ChannelNames())
	require.Empty(t, h.connections.channels(c.id))
}

func TestMaxChannels(t *testing.T) {
	h := newHub(t, Options{MaxChannels: 2})
	a := join(t, h, "c1", "ann", "a1")
	joinAgain(t, h, "c2", "ann", a)
	refused(t, h, "c3", "ann", ErrTooManyChannels, "this hub has 2 already")
	joinAgain(t, h, "c2", "bob", newConn("b1"))
	joinAgain(t, h, "c2", "ann", a)
	require.Equal(t, 2, h.Stats().LocalChannels)

	leave(t, h, "c1", "ann", a)
	joinAgain(t, h, "c3", "ann", a)
	refused(t, h, "c1", "ann", ErrTooManyChannels, "")
}

func TestMaxChannelsCountsLocalConnectionsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, Options{MaxChannels: 1, Grace: grace})
		for i := range 5 {
			h.ApplyRemote(7, Delta{Op: OpJoin, Channel: fmt.Sprintf("remote%d", i), Member: "zoe"})
			h.ApplyRemote(7, Delta{Op: OpInterest, Channel: fmt.Sprintf("remote%d", i)})
		}
		join(t, h, "c1", "ann", "a1").close()
		require.Equal(t, 6, h.Stats().Channels)
		require.Zero(t, h.Stats().LocalChannels, "a lingering member has no connection")
		b := join(t, h, "remote0", "bob", "b1")
		refused(t, h, "c1", "ann", ErrTooManyChannels, "this hub has 1 already")
		b.close()
		join(t, h, "c1", "ann", "a2")
	})
}

func TestMaxPresenceEntries(t *testing.T) {
	h := newHub(t, Options{MaxPresenceEntries: 2})
	a := join(t, h, room, "ann", "a1")
	joinAgain(t, h, "hall", "ann", a)
	refused(t, h, room, "bob", ErrTooManyEntries, "this hub has 2 already")
	refused(t, h, "attic", "bob", ErrTooManyEntries, "this hub has 2 already")
	require.Equal(t, 2, h.Stats().LocalChannels)

	a2 := join(t, h, room, "ann", "a2")
	h.ApplyRemote(7, Delta{Op: OpJoin, Channel: room, Member: "zoe"})
	require.Equal(t, 2, h.Stats().LocalEntries, "neither devices nor other hubs' members count")

	h.Disconnect(a2)
	h.Disconnect(a)
	join(t, h, room, "bob", "b1")
	join(t, h, "attic", "bob", "b2")
	refused(t, h, room, "ann", ErrTooManyEntries, "")
}

func TestMaxPresenceEntriesCountsLingeringMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, Options{MaxPresenceEntries: 1, Grace: grace})
		join(t, h, room, "ann", "a1").close()
		refused(t, h, room, "bob", ErrTooManyEntries, "")
		join(t, h, room, "ann", "a2").close()
		settle(grace)
		join(t, h, room, "bob", "b1")
	})
}

func TestBothBoundsAtOnce(t *testing.T) {
	h := newHub(t, Options{MaxChannels: 1, MaxPresenceEntries: 1})
	a := join(t, h, room, "ann", "a1")
	refused(t, h, "hall", "ann", ErrTooManyChannels, "")
	refused(t, h, room, "bob", ErrTooManyEntries, "")
	h.Disconnect(a)
	requireEmpty(t, h)
	join(t, h, "hall", "bob", "b1")
}

func TestSnapshotLimit(t *testing.T) {
	h := newHub(t, Options{SnapshotLimit: 3})
	var all []string
	var got Snapshot
	for i := range 5 {
		name := fmt.Sprintf("m%d", i)
		all = append(all, name)
		c := joinWith(t, h, room, name, name, JoinOptions{Snapshot: func(s Snapshot) { got = s }})
		require.NoError(t, h.SetTyping(room, name, true, c))
		require.Equal(t, i >= 3, got.Truncated)
		require.Len(t, got.Members, min(3, i+1))
		require.Subset(t, all, got.Members)
		require.Equal(t, i+1, got.MemberCount)
		require.Len(t, got.Typing, min(3, i))
	}
	require.ElementsMatch(t, all, h.Presence(room), "only snapshots are cut")
	require.ElementsMatch(t, all, h.TypingMembers(room))
	require.Len(t, h.Snapshot(room).Typing, 3)
}
