package hub

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOperationsAfterClose(t *testing.T) {
	h := newHub(t, Options{})
	a := join(t, h, room, "ann", "a1")
	o := join(t, h, room, "obs", "o1")
	h.Close()
	h.Close()
	_, err := h.Join(room, "bob", newConn("b1"), JoinOptions{Snapshot: func(Snapshot) { t.Error("snapshot of a refused join") }})
	require.ErrorIs(t, err, ErrClosed)
	require.ErrorIs(t, h.SetTyping(room, "ann", true, a), ErrClosed)
	requirePresence(t, h, room, "ann", "obs")

	require.Equal(t, 2, publish(t, h, room, "chat", "bye", PublishOptions{}), "the last words go out")
	require.True(t, leave(t, h, room, "ann", a).NowAbsent)
	require.Equal(t, []string{`chat room "bye"`, "presence:leave room ann"}, o.take())
}

func TestCloseEndsTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Options{Grace: grace, TypingTTL: ttl})
		o := join(t, h, room, "obs", "o1")
		count := joinWith(t, h, room, "count", "c1", JoinOptions{Presence: PresenceCount})
		a, b := join(t, h, room, "ann", "a1"), join(t, h, room, "bob", "b1")
		require.NoError(t, h.SetTyping(room, "ann", true, a))
		b.close()
		o.take()
		h.Close()
		require.Empty(t, h.timers.pending)
		a.close()
		settle(time.Hour)
		require.Equal(t, []string{"typing room ann false"}, o.take(), "her connection ended, no timer did")
		require.Empty(t, count.take())
		requirePresence(t, h, room, "obs", "count", "ann", "bob")
	})
}

// Close returns only when no callback is running, however many timers fire at the same moment.
func TestCloseWaitsForRunningTimers(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			r := &fakeReplicator{}
			h := New(Options{Grace: grace, Replicator: r})
			for _, m := range []string{"a", "b", "c", "d", "e", "f"} {
				join(t, h, room, m, m).close()
			}
			var wg sync.WaitGroup
			wg.Go(func() {
				time.Sleep(grace)
				h.Close()
				r.take()
			})
			wg.Wait()
			settle(time.Second)
			require.Empty(t, r.take(), "nothing happens after Close has returned")
		})
	}
}

func TestTimersOfAClosedGroup(t *testing.T) {
	var g timerGroup
	require.False(t, g.isClosed())
	g.close()
	require.True(t, g.isClosed())
	late := g.after(0, func() { t.Error("a timer of a closed group ran") })
	require.Nil(t, late)
	late.stop()
}

func TestStoppedTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g timerGroup
		ran := 0
		first := g.after(time.Second, func() { ran++ })
		second := g.after(time.Second, func() { t.Error("a stopped timer ran") })
		second.stop()
		second.stop()
		settle(time.Second)
		require.Equal(t, 1, ran)
		first.stop()
		require.Empty(t, g.pending)
		g.close()
	})
}
