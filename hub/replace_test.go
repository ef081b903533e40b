package hub

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
)

var sortState = cmp.Options{
	cmpopts.SortSlices(func(a, b string) bool { return a < b }),
	cmpopts.SortSlices(func(a, b Entry) bool { return a.Channel+"/"+a.Member < b.Channel+"/"+b.Member }),
	cmpopts.EquateEmpty(),
}

// siblings returns n channels of the same bucket as name.
func siblings(name string, n int) []string {
	var found []string
	for i := 0; len(found) < n; i++ {
		if s := fmt.Sprintf("%s-%d", name, i); Bucket(s) == Bucket(name) {
			found = append(found, s)
		}
	}
	return found
}

func TestReplaceRemoteAppliesNetChanges(t *testing.T) {
	h := newHub(t, Options{})
	sib := siblings(room, 2)
	o := join(t, h, room, "obs", "o1")
	so := join(t, h, sib[0], "obs", "o2")
	for _, d := range []Delta{
		{Op: OpJoin, Channel: room, Member: "stays"},
		{Op: OpJoin, Channel: room, Member: "goes"},
		{Op: OpJoin, Channel: room, Member: "elsewhere"},
		{Op: OpJoin, Channel: sib[0], Member: "goes"},
		{Op: OpInterest, Channel: room},
		{Op: OpInterest, Channel: sib[0]},
	} {
		h.ApplyRemote(bootB, d)
	}
	remoteJoin(h, bootC, "elsewhere")
	o.take()
	so.take()

	state := BucketState{
		Presence: []Entry{{room, "stays"}, {room, "comes"}, {room, "comes"}, {sib[1], "comes"}},
		Interest: []string{room, sib[1], sib[1]},
	}
	h.ReplaceRemote(bootB, Bucket(room), state)
	require.ElementsMatch(t, []string{"presence:join room comes", "presence:leave room goes"}, o.take())
	require.Equal(t, []string{"presence:leave " + sib[0] + " goes"}, so.take())
	requirePresence(t, h, room, "obs", "stays", "comes", "elsewhere")
	requirePresence(t, h, sib[1], "comes")
	unique := BucketState{Presence: []Entry{{room, "stays"}, {room, "comes"}, {sib[1], "comes"}}, Interest: []string{room, sib[1]}}
	require.Equal(t, digestOf(unique), h.RemoteDigest(bootB))

	h.ReplaceRemote(bootB, Bucket(room), state)
	require.Empty(t, o.take(), "the same again changes nothing")
	h.ReplaceRemote(bootB, Bucket(room), BucketState{})
	require.ElementsMatch(t, []string{"presence:leave room comes", "presence:leave room stays"}, o.take())
	require.Equal(t, Digest{}, h.RemoteDigest(bootB))
}

func TestReplaceRemoteIgnoresOtherBuckets(t *testing.T) {
	h := newHub(t, Options{})
	bucket := (Bucket(room) + 1) % Buckets
	h.ReplaceRemote(bootB, bucket, BucketState{Presence: []Entry{{room, "zoe"}}, Interest: []string{room}})
	requireEmpty(t, h)

	remoteJoin(h, bootB, "zoe")
	h.ReplaceRemote(bootB, bucket, BucketState{})
	requirePresence(t, h, room, "zoe")
}

// digestOf builds the digest of a state from the deltas that would make it.
func digestOf(states ...BucketState) (d Digest) {
	for _, s := range states {
		for _, e := range s.Presence {
			d = d.Toggle(Delta{Op: OpJoin, Channel: e.Channel, Member: e.Member})
		}
		for _, name := range s.Interest {
			d = d.Toggle(Delta{Op: OpInterest, Channel: name})
		}
	}
	return d
}

// localState reads all buckets of a hub.
func localState(h *Hub) []BucketState {
	states := make([]BucketState, Buckets)
	for i := range states {
		h.LocalBucket(i, func(s BucketState) { states[i] = s })
	}
	return states
}

func TestLocalBucket(t *testing.T) {
	h := newHub(t, Options{Grace: grace})
	sib := siblings(room, 1)[0]
	join(t, h, room, "ann", "a1")
	join(t, h, room, "ann", "a2")
	join(t, h, sib, "bob", "b1").close()
	remoteJoin(h, bootB, "zoe")
	h.ApplyRemote(bootB, Delta{Op: OpInterest, Channel: "hall"})
	want := BucketState{Presence: []Entry{{room, "ann"}, {sib, "bob"}}, Interest: []string{room}}
	for i, got := range localState(h) {
		if i == Bucket(room) {
			require.Empty(t, cmp.Diff(want, got, sortState), "own entries only; who lingers is present, but wants no publishes")
		} else {
			require.Empty(t, cmp.Diff(BucketState{}, got, sortState))
		}
	}
}
