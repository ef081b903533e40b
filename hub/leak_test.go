package hub

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEmptyChannelsAreDropped(t *testing.T) {
	h := newHub(t, Options{})
	for i := range 1000 {
		name, member := fmt.Sprintf("room%d", i), fmt.Sprintf("m%d", i)
		c := join(t, h, name, member, member)
		require.NoError(t, h.SetTyping(name, member, true, c))
		require.Equal(t, Stats{Channels: 1, LocalChannels: 1, Members: 1, PresenceEntries: 1, LocalEntries: 1, Connections: 1}, h.Stats())
		if i%2 == 0 {
			c.close()
		} else {
			leave(t, h, name, member, c)
		}
		requireEmpty(t, h)
	}
	slots := 0
	for i := range h.ids.shards {
		slots += len(h.ids.shards[i].slots)
	}
	require.LessOrEqual(t, slots, internShards, "numbers are used again")
}

func TestRefusedOperationsLeaveNothing(t *testing.T) {
	h := newHub(t, Options{MaxPresenceEntries: 1})
	a := join(t, h, room, "ann", "a1")
	for i := range 100 {
		_, err := h.Join(fmt.Sprintf("room%d", i), fmt.Sprintf("m%d", i), newConn(fmt.Sprint(i)), JoinOptions{})
		require.ErrorIs(t, err, ErrTooManyEntries)
		require.ErrorIs(t, h.SetTyping(room, "bob", true, nil), ErrNotPresent)
	}
	h.Disconnect(a)
	requireEmpty(t, h)
}

// A channel that was huge once gives the room back, and keeps its connections in order meanwhile.
func TestAShrunkChannelGivesRoomBack(t *testing.T) {
	const n = 2000
	h := newHub(t, Options{})
	o := joinWith(t, h, room, "obs", "o1", JoinOptions{Presence: PresenceNone})
	var conns []*fakeConn
	for i := range n {
		id := fmt.Sprintf("c%d", i)
		conns = append(conns, joinWith(t, h, room, id, id, JoinOptions{Presence: PresenceNone}))
	}
	c := h.shardOf(room).channels[room]
	for i, conn := range conns {
		conn.close()
		if i%200 == 0 {
			require.Equal(t, n-i, publish(t, h, room, "chat", "hi", PublishOptions{}), "everyone left gets it")
			requireConsistent(t, h)
		}
	}
	require.LessOrEqual(t, cap(c.subscriptions), 64)
	require.LessOrEqual(t, len(c.members.slots), 2*minSlots)
	require.NotEmpty(t, o.take())
	o.close()
	h.Disconnect(o)
	requireEmpty(t, h)
}

// What only local members and typing need is gone with them, though the channel lives on for other boots.
func TestRemoteChannelsKeepNoLocalTables(t *testing.T) {
	h := newHub(t, Options{})
	remoteJoin(h, bootB, "zoe")
	a := join(t, h, room, "ann", "a1")
	require.NoError(t, h.SetTyping(room, "ann", true, a))
	leave(t, h, room, "ann", a)
	c := h.shardOf(room).channels[room]
	require.Nil(t, c.locals)
	require.Nil(t, c.typing)
	require.Equal(t, Stats{Channels: 1, Members: 1, PresenceEntries: 1}, h.Stats())
}
