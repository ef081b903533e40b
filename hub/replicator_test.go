package hub

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReplicatorGetsTransitionsInOrder(t *testing.T) {
	r := &fakeReplicator{}
	h := newHub(t, Options{Replicator: r})
	a1 := join(t, h, room, "ann", "a1")
	require.Equal(t, []string{"interest room", "join room ann"}, r.take())

	a2 := join(t, h, room, "ann", "a2")
	b1 := join(t, h, room, "bob", "b1")
	require.Equal(t, []string{"join room bob"}, r.take(), "a second connection is no transition")

	leave(t, h, room, "ann", a1)
	require.Empty(t, r.take())
	leave(t, h, room, "ann", a2)
	require.Equal(t, []string{"leave room ann"}, r.take())
	leave(t, h, room, "bob", b1)
	require.Equal(t, []string{"disinterest room", "leave room bob"}, r.take())
	requireEmpty(t, h)
}

func TestReplicatorHearsNothingOfOtherBoots(t *testing.T) {
	r := &fakeReplicator{}
	h := newHub(t, Options{Replicator: r, TypingTTL: time.Minute})
	h.ApplyRemote(7, Delta{Op: OpInterest, Channel: room})
	h.ApplyRemote(7, Delta{Op: OpJoin, Channel: room, Member: "zoe"})
	h.ApplyRemote(7, Delta{Op: OpTyping, Channel: room, Member: "zoe"})
	h.DropRemote(7)
	require.Empty(t, r.take())
}

func TestReplicatorHearsOfALingerAtItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &fakeReplicator{}
		h := newHub(t, Options{Replicator: r, Grace: 5 * time.Second})
		a := join(t, h, room, "ann", "a1")
		r.take()
		a.close()
		require.Equal(t, []string{"disinterest room"}, r.take(), "nobody here wants publishes, ann is still present")

		join(t, h, room, "ann", "a2").close()
		require.Equal(t, []string{"interest room", "disinterest room"}, r.take())
		time.Sleep(5 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{"leave room ann"}, r.take())
		requireEmpty(t, h)
	})
}

func TestInterestSeqIsThePositionOfTheInterest(t *testing.T) {
	r := &fakeReplicator{}
	h := newHub(t, Options{Replicator: r})
	a := newConn("a1")
	require.EqualValues(t, 1, joinAgain(t, h, room, "ann", a).InterestSeq)
	require.EqualValues(t, 1, joinAgain(t, h, room, "bob", newConn("b1")).InterestSeq, "later joins wait for the same position")
	require.EqualValues(t, 1, joinAgain(t, h, room, "ann", a).InterestSeq, "so does a repeated one")
	require.EqualValues(t, 4, joinAgain(t, h, "hall", "ann", a).InterestSeq)

	h.Disconnect(a)
	require.EqualValues(t, 9, joinAgain(t, h, "hall", "cid", newConn("c1")).InterestSeq, "interest that ended begins anew")

	require.Zero(t, joinAgain(t, newHub(t, Options{}), room, "ann", newConn("a1")).InterestSeq)
}

func TestReplicatorTyping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &fakeReplicator{}
		h := newHub(t, Options{Replicator: r, TypingTTL: 4 * time.Second})
		a := join(t, h, room, "ann", "a1")
		r.take()

		require.NoError(t, h.SetTyping(room, "ann", true, a))
		require.Equal(t, []string{"typing room ann 5s"}, r.take(), "a quarter more than the time to live")
		time.Sleep(999 * time.Millisecond)
		require.NoError(t, h.SetTyping(room, "ann", true, a))
		require.Empty(t, r.take(), "refreshes inside that quarter stay here")
		time.Sleep(time.Millisecond)
		require.NoError(t, h.SetTyping(room, "ann", true, a))
		require.Equal(t, []string{"typing room ann 5s"}, r.take())
		require.NoError(t, h.SetTyping(room, "ann", false, a))
		require.Equal(t, []string{"stop room ann"}, r.take())

		require.NoError(t, h.SetTyping(room, "ann", true, a))
		r.take()
		time.Sleep(4 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{"stop room ann"}, r.take(), "the flag ended by itself")

		require.NoError(t, h.SetTyping(room, "ann", true, a))
		r.take()
		leave(t, h, room, "ann", a)
		require.Equal(t, []string{"disinterest room", "leave room ann"}, r.take(), "a leave says that the typing ended")
	})
}

func TestForward(t *testing.T) {
	r := &fakeReplicator{}
	h := newHub(t, Options{Replicator: r})
	publish(t, h, room, "chat", "hi", PublishOptions{})
	require.Empty(t, r.takeForwards(), "nobody wants it")

	h.ApplyRemote(7, Delta{Op: OpInterest, Channel: room})
	h.ApplyRemote(8, Delta{Op: OpInterest, Channel: room})
	h.ApplyRemote(9, Delta{Op: OpInterest, Channel: "hall"})
	a := join(t, h, room, "ann", "a1")
	opts := PublishOptions{From: "bob", MID: "m1", ExceptConnID: "b1"}
	require.Equal(t, 1, publish(t, h, room, "chat", "hi", opts))
	got := r.takeForwards()
	require.Len(t, got, 1)
	require.ElementsMatch(t, []Boot{7, 8}, got[0].to)
	require.Equal(t, opts, got[0].opts)
	require.Same(t, a.takeEvents()[0], got[0].event, "one event for all receivers")

	h.ApplyRemote(7, Delta{Op: OpDisinterest, Channel: room})
	h.DropRemote(8)
	publish(t, h, room, "chat", "hi", PublishOptions{})
	require.Empty(t, r.takeForwards())

	publish(t, h, room, "chat", "hi", PublishOptions{Key: "k1"})
	publish(t, h, "nowhere", "chat", "hi", PublishOptions{Key: "k2"})
	got = r.takeForwards()
	require.Len(t, got, 2, "a key must be known everywhere, wherever the retry comes in")
	require.Empty(t, got[0].to)
	require.Empty(t, got[1].to)
}
