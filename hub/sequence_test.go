package hub

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// lastSeq publishes once and returns the number that the connection saw.
func lastSeq(t require.TestingT, h *Hub, channel string, c *fakeConn) uint64 {
	c.takeEvents()
	publish(t, h, channel, "chat", "hi", PublishOptions{})
	events := c.takeEvents()
	require.Len(t, events, 1)
	return events[0].Seq
}

func TestPublishesAreNumbered(t *testing.T) {
	r := &fakeReplicator{}
	h := newHub(t, Options{Replicator: r})
	a := join(t, h, room, "ann", "a1")
	h.ApplyRemote(bootB, Delta{Op: OpInterest, Channel: room})
	first := lastSeq(t, h, room, a)
	require.NotZero(t, first)
	for i := range uint64(100) {
		require.Equal(t, first+1+i, lastSeq(t, h, room, a))
	}
	require.Equal(t, first+100, r.takeForwards()[100].event.Seq, "other hubs see the same number")
	join(t, h, room, "bob", "b1")
	require.Zero(t, a.takeEvents()[0].Seq, "the hub's own events have none")
}

// Numbers are consecutive while a channel lives and rise over its lives, however short those are: time stands still here.
func TestNumbersAreNeverUsedAgain(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		lives := rapid.SliceOfN(rapid.IntRange(0, 5), 1, 30).Draw(rt, "publishes a life")
		channels := append(siblings(room, 2), room)
		inBubble(t, rt, func(t require.TestingT) {
			h := New(Options{})
			defer h.Close()
			last := map[string]uint64{}
			for i, publishes := range lives {
				name := channels[i%len(channels)]
				c := join(t, h, name, "ann", "a1")
				for n := range publishes {
					seq := lastSeq(t, h, name, c)
					require.Greater(t, seq, last[name])
					require.True(t, n == 0 || seq == last[name]+1)
					last[name] = seq
				}
				c.close()
			}
		})
	})
}

func TestNumbersOfChannelsThatLiveSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, Options{})
		other := siblings(room, 1)[0]
		a, b := join(t, h, room, "ann", "a1"), join(t, h, other, "bob", "b1")
		seen := lastSeq(t, h, room, a)
		for range 50 {
			lastSeq(t, h, other, b)
		}
		require.Equal(t, seen+1, lastSeq(t, h, room, a))
		b.close()
		require.Equal(t, seen+2, lastSeq(t, h, room, a), "a channel that is dropped moves no other's numbers")
	})
}
