package hub

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMemberStaysWhileOneDeviceIsLeft(t *testing.T) {
	h := newHub(t, Options{})
	o := join(t, h, room, "obs", "o1")
	phone := join(t, h, room, "ann", "phone")
	require.Equal(t, []string{"presence:join room ann"}, o.take())

	laptop := newConn("laptop")
	require.False(t, joinAgain(t, h, room, "ann", laptop).NewlyPresent)
	require.Empty(t, o.take())
	require.Empty(t, phone.take(), "a member's own devices hear of no second join")
	require.Equal(t, 3, h.ConnectionCount(room))
	require.Equal(t, 2, h.MemberCount(room))

	require.Equal(t, LeaveResult{WasJoined: true}, leave(t, h, room, "ann", phone))
	require.Empty(t, o.take())
	requirePresence(t, h, room, "obs", "ann")

	h.Disconnect(laptop)
	require.Equal(t, []string{"presence:leave room ann"}, o.take())
	requirePresence(t, h, room, "obs")
}

func TestManyDevicesLeaveInAnyOrder(t *testing.T) {
	h := newHub(t, Options{})
	o := join(t, h, room, "obs", "o1")
	var conns []*fakeConn
	for i := range 10 {
		conns = append(conns, join(t, h, room, "ann", fmt.Sprintf("a%d", i)))
	}
	require.Equal(t, []string{"presence:join room ann"}, o.take())
	for n, i := range []int{3, 0, 9, 5, 1, 8, 2, 7, 4, 6} {
		require.Empty(t, o.take())
		if n%2 == 0 {
			leave(t, h, room, "ann", conns[i])
		} else {
			conns[i].close()
		}
		require.Equal(t, 10-n, h.ConnectionCount(room))
	}
	require.Equal(t, []string{"presence:leave room ann"}, o.take())
}

func TestDevicesReceiveTheirOwnMembersPublishes(t *testing.T) {
	h := newHub(t, Options{})
	phone := join(t, h, room, "ann", "phone")
	laptop := join(t, h, room, "ann", "laptop")
	require.Equal(t, 2, publish(t, h, room, "chat", "hi", PublishOptions{From: "ann"}))
	require.Equal(t, []string{`chat room "hi"`}, phone.take())
	require.Equal(t, []string{`chat room "hi"`}, laptop.take())
}
