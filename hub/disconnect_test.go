package hub

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDisconnectLeavesAllChannels(t *testing.T) {
	h := newHub(t, Options{})
	o, a, other := newConn("o1"), newConn("a1"), newConn("a2")
	var want []string
	for i := range 50 {
		name := fmt.Sprintf("room%d", i)
		joinAgain(t, h, name, "obs", o)
		joinAgain(t, h, name, "ann", a)
		if i%2 == 0 {
			joinAgain(t, h, name, "ann", other)
		} else {
			want = append(want, "presence:leave "+name+" ann")
		}
	}
	o.take()
	h.Disconnect(a)
	require.ElementsMatch(t, want, o.take(), "one leave for each channel that no other connection of ann is in")
	require.Equal(t, 2, h.Stats().Connections)

	h.Disconnect(a)
	require.Empty(t, o.take(), "again changes nothing")
	h.Disconnect(other)
	h.Disconnect(o)
	requireEmpty(t, h)
}

func TestDisconnectIsOfOneConnection(t *testing.T) {
	h := newHub(t, Options{})
	a := join(t, h, room, "ann", "a1")
	b := join(t, h, room, "bob", "b1")
	a.take()
	h.Disconnect(b)
	require.Equal(t, []string{"presence:leave room bob"}, a.take())
	requirePresence(t, h, room, "ann")
}

func TestBindDisconnectsOnClose(t *testing.T) {
	h := newHub(t, Options{})
	o := join(t, h, room, "obs", "o1")
	a := newConn("a1")
	h.Bind(a)
	joinAgain(t, h, room, "ann", a)
	joinAgain(t, h, "hall", "ann", a)
	o.take()
	a.close()
	require.Equal(t, []string{"presence:leave room ann"}, o.take())
	require.Equal(t, []string{room}, h.ChannelNames())
}

func TestBindOfAClosedConnection(t *testing.T) {
	h := newHub(t, Options{})
	a := newConn("a1")
	joinAgain(t, h, room, "ann", a)
	a.close()
	requirePresence(t, h, room, "ann")
	h.Bind(a)
	requireEmpty(t, h)
}
