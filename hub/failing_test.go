package hub

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFailingConnectionsStopNobodyElse(t *testing.T) {
	h := newHub(t, Options{})
	var conns []*fakeConn
	for i := range 9 {
		c := join(t, h, room, fmt.Sprintf("m%d", i), fmt.Sprintf("c%d", i))
		c.fail(i%3 == 0)
		conns = append(conns, c)
	}
	before := h.Stats().DeliveryErrors
	for _, c := range conns {
		c.take()
	}
	require.Equal(t, 6, publish(t, h, room, "chat", "hi", PublishOptions{}), "only connections that took it count")
	for i, c := range conns {
		if i%3 == 0 {
			require.Empty(t, c.take())
		} else {
			require.Equal(t, []string{`chat room "hi"`}, c.take())
		}
	}
	require.EqualValues(t, 3, h.Stats().DeliveryErrors-before)
	require.Equal(t, 9, h.ConnectionCount(room), "failing is not leaving")

	conns[0].fail(false)
	require.Equal(t, 7, publish(t, h, room, "chat", "again", PublishOptions{}))
}

func TestFailingConnectionsStopNoPresence(t *testing.T) {
	h := newHub(t, Options{})
	bad := join(t, h, room, "bad", "x1")
	good := join(t, h, room, "good", "g1")
	bad.fail(true)
	a := join(t, h, room, "ann", "a1")
	require.NoError(t, h.SetTyping(room, "ann", true, a))
	leave(t, h, room, "ann", a)
	h.DeliverGap("gw", []string{room})
	require.Equal(t, []string{
		"presence:join room ann", "typing room ann true", "presence:leave room ann", "gap room gw",
	}, good.take())
	require.EqualValues(t, 4, h.Stats().DeliveryErrors)
}

func TestClosedConnectionThatIsNotBound(t *testing.T) {
	h := newHub(t, Options{})
	a, b := newConn("a1"), join(t, h, room, "bob", "b1")
	joinAgain(t, h, room, "ann", a)
	a.close()
	require.Equal(t, 1, publish(t, h, room, "chat", "hi", PublishOptions{}))
	require.Equal(t, []string{"presence:join room ann", `chat room "hi"`}, b.take())
	h.Disconnect(a)
	require.Equal(t, []string{"presence:leave room ann"}, b.take())
}

// A panickingConn breaks its contract.
type panickingConn struct{ *fakeConn }

func (panickingConn) Deliver(*Event) error { panic("in Deliver") }

// A program that recovers from a panic, as HTTP servers do, must not find a channel locked for ever.
func TestPanicsLeaveNoLockHeld(t *testing.T) {
	for name, call := range map[string]func(*Hub){
		"publish": func(h *Hub) { _, _ = h.Publish(room, "chat", 1, PublishOptions{}) },
		"gap":     func(h *Hub) { h.DeliverGap("gw", []string{room}) },
		"gap all": func(h *Hub) { h.DeliverGapAll("gw", 0) },
		"drop":    func(h *Hub) { h.DropRemote(bootB) },
		"join":    func(h *Hub) { _, _ = h.Join(room, "bob", newConn("b1"), JoinOptions{}) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t, Options{})
			remoteJoin(h, bootB, "zoe")
			_, err := h.Join(room, "ann", panickingConn{newConn("a1")}, JoinOptions{})
			require.NoError(t, err)
			require.Panics(t, func() { call(h) })
			require.True(t, h.IsPresent(room, "ann"))
		})
	}
}
