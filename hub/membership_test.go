package hub

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestJoinAndLeave(t *testing.T) {
	h := newHub(t, Options{})
	a := newConn("a1")
	require.Equal(t, JoinResult{NewlyPresent: true}, joinAgain(t, h, room, "ann", a))
	require.Empty(t, a.take(), "a joiner does not hear of itself")
	requirePresence(t, h, room, "ann")

	b := newConn("b1")
	require.Equal(t, JoinResult{NewlyPresent: true}, joinAgain(t, h, room, "bob", b))
	require.Equal(t, []string{"presence:join room bob"}, a.take())
	require.Empty(t, b.take())
	requirePresence(t, h, room, "ann", "bob")

	require.Equal(t, LeaveResult{WasJoined: true, NowAbsent: true}, leave(t, h, room, "bob", b))
	require.Equal(t, []string{"presence:leave room bob"}, a.take())
	require.Empty(t, b.take(), "who left hears nothing")
	requirePresence(t, h, room, "ann")

	leave(t, h, room, "ann", a)
	requirePresence(t, h, room)
	requireEmpty(t, h)
}

func TestPresencePayloads(t *testing.T) {
	h := newHub(t, Options{})
	a := join(t, h, room, "ann", "a1")
	b := join(t, h, room, `b"ob`, "b1")
	leave(t, h, room, `b"ob`, b)
	events := a.takeEvents()
	require.Len(t, events, 2)
	for i, typ := range []string{TypePresenceJoin, TypePresenceLeave} {
		e := events[i]
		require.Equal(t, typ, e.Type)
		require.Equal(t, room, e.Channel)
		require.JSONEq(t, `{"channel":"room","memberId":"b\"ob"}`, string(e.Payload))
		require.Empty(t, e.From)
		require.Empty(t, e.MID)
		require.Positive(t, e.UnixMilli)
		require.True(t, json.Valid(e.Payload))
	}
}

func TestJoinIsIdempotentForAConnection(t *testing.T) {
	h := newHub(t, Options{})
	o := join(t, h, room, "obs", "o1")
	a := join(t, h, room, "ann", "a1")
	o.take()

	require.Equal(t, JoinResult{}, joinAgain(t, h, room, "ann", a))
	require.Empty(t, o.take())
	require.Equal(t, 2, h.ConnectionCount(room))
	require.Equal(t, LeaveResult{WasJoined: true, NowAbsent: true}, leave(t, h, room, "ann", a), "one leave is enough")
	require.Equal(t, []string{"presence:leave room ann"}, o.take())
}

func TestSecondJoinAsAnotherMember(t *testing.T) {
	h := newHub(t, Options{})
	a := join(t, h, room, "ann", "a1")
	_, err := h.Join(room, "bob", a, JoinOptions{Snapshot: func(Snapshot) { t.Error("snapshot of a refused join") }})
	require.ErrorIs(t, err, ErrMemberMismatch)
	require.ErrorContains(t, err, `"room"`)
	requirePresence(t, h, room, "ann")

	require.True(t, joinAgain(t, h, "hall", "bob", a).NewlyPresent, "another channel, another member")
	h.Disconnect(a)
	requireEmpty(t, h)
}

func TestLeaveOfNothing(t *testing.T) {
	h := newHub(t, Options{})
	a := join(t, h, room, "ann", "a1")
	for name, got := range map[string]LeaveResult{
		"unknown channel":    leave(t, h, "hall", "ann", a),
		"unknown connection": leave(t, h, room, "ann", newConn("a2")),
		"another member's":   leave(t, h, room, "bob", a),
	} {
		require.Equal(t, LeaveResult{}, got, name)
	}
	requirePresence(t, h, room, "ann")
	require.Equal(t, []string{room}, h.ChannelNames())
}

func TestChannelsAreApart(t *testing.T) {
	h := newHub(t, Options{})
	a := join(t, h, room, "ann", "a1")
	b := join(t, h, "hall", "bob", "b1")
	require.Empty(t, a.take())
	joinAgain(t, h, "hall", "ann", a)
	require.Equal(t, []string{"presence:join hall ann"}, b.take())
	require.ElementsMatch(t, []string{room, "hall"}, h.ChannelNames())
	leave(t, h, room, "ann", a)
	requirePresence(t, h, room)
	requirePresence(t, h, "hall", "ann", "bob")
	require.False(t, h.IsPresent(room, "ann"))
}

func TestUnknownChannel(t *testing.T) {
	h := newHub(t, Options{})
	require.Empty(t, h.Presence(room))
	require.False(t, h.IsPresent(room, "ann"))
	require.Zero(t, h.MemberCount(room))
	require.Zero(t, h.ConnectionCount(room))
	require.Empty(t, h.ChannelNames())
	require.Empty(t, h.TypingMembers(room))
	require.Equal(t, Snapshot{Channel: room}, h.Snapshot(room))
	require.Zero(t, publish(t, h, room, "chat", "hi", PublishOptions{}))
	require.Zero(t, h.DeliverRemote(&Event{Type: "chat", Channel: room}, PublishOptions{}))
	h.DeliverGap("gw", []string{room})
	h.Disconnect(newConn("a1"))
	requireEmpty(t, h)
}
