package hub

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDeliverRemote(t *testing.T) {
	r := &fakeReplicator{}
	h := newHub(t, Options{Replicator: r})
	a, b := join(t, h, room, "ann", "a1"), join(t, h, room, "bob", "b1")
	h.ApplyRemote(bootB, Delta{Op: OpInterest, Channel: room})
	a.take()
	e := &Event{Type: "chat", Channel: room, From: "zoe", MID: "m1", Payload: json.RawMessage("1"), UnixMilli: 5}
	b.fail(true)
	require.Equal(t, 1, h.DeliverRemote(e, PublishOptions{From: "zoe"}))
	require.Same(t, e, a.takeEvents()[0])
	require.EqualValues(t, 1, h.Stats().DeliveryErrors)
	require.Empty(t, r.takeForwards(), "another hub's publish goes no further")
}

func TestDeliverGap(t *testing.T) {
	h := newHub(t, Options{})
	a := join(t, h, room, "ann", "a1")
	b := join(t, h, "hall", "bob", "b1")
	c := join(t, h, "attic", "cid", "c1")
	h.ApplyRemote(bootB, Delta{Op: OpInterest, Channel: "cellar"})
	h.DeliverGap("gw-1", []string{room, "hall", "cellar", "nowhere"})
	e := a.takeEvents()
	require.Len(t, e, 1)
	require.Equal(t, TypeGap, e[0].Type)
	require.Equal(t, room, e[0].Channel)
	require.JSONEq(t, `{"channel":"room","gateway":"gw-1"}`, string(e[0].Payload))
	require.Equal(t, []string{"gap hall gw-1"}, b.take())
	require.Empty(t, c.take())
	require.Equal(t, 4, h.Stats().Channels, "a gap makes no channel")
}

func TestDeliverGapAll(t *testing.T) {
	h := newHub(t, Options{})
	a := join(t, h, room, "ann", "a1")
	b := join(t, h, "hall", "bob", "b1")
	h.ApplyRemote(bootB, Delta{Op: OpInterest, Channel: room})
	h.ApplyRemote(bootB, Delta{Op: OpInterest, Channel: "attic"})
	h.ApplyRemote(bootC, Delta{Op: OpInterest, Channel: "hall"})

	h.DeliverGapAll("gw", bootB)
	require.Equal(t, []string{"gap room gw"}, a.take())
	require.Empty(t, b.take(), "that boot does not want the hall's publishes")

	h.DeliverGapAll("gw", 0)
	require.Equal(t, []string{"gap room gw"}, a.take())
	require.Equal(t, []string{"gap hall gw"}, b.take())

	h.DropRemote(bootB)
	h.DeliverGapAll("gw", bootB)
	require.Empty(t, a.take())
}
