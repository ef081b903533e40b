package hub

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The numbers and the hash travel between releases, so a change of them is a break of the mesh's wire format.
func TestWireFormatOfDigests(t *testing.T) {
	require.Equal(t, []Op{1, 2, 3, 4, 5, 6}, []Op{OpJoin, OpLeave, OpInterest, OpDisinterest, OpTyping, OpTypingStop})
	require.Equal(t, 256, Buckets)
	require.Equal(t, 97, Bucket("room"))
	d := Digest{}.Toggle(Delta{Op: OpJoin, Channel: "room", Member: "ann"})
	require.Equal(t, Digest{Count: 1, Hash: 0x789e60e3d38b14e4}, d)
	d = Digest{}.Toggle(Delta{Op: OpInterest, Channel: "room"})
	require.Equal(t, Digest{Count: 1, Hash: 0xa94f55c680dfea5e}, d)
	require.Equal(t, "00000000000000ff", Boot(255).String())
}

func TestToggle(t *testing.T) {
	deltas := []Delta{
		{Op: OpJoin, Channel: "a", Member: "b"},
		{Op: OpJoin, Channel: "ab", Member: "c"},
		{Op: OpJoin, Channel: "a", Member: "bc"},
		{Op: OpInterest, Channel: "a"},
		{Op: OpInterest, Channel: "ab"},
	}
	var all Digest
	seen := map[uint64]bool{}
	for _, d := range deltas {
		all = all.Toggle(d)
		seen[Digest{}.Toggle(d).Hash] = true
	}
	require.EqualValues(t, len(deltas), all.Count)
	require.Len(t, seen, len(deltas), "each entry has a hash of its own")

	rand.Shuffle(len(deltas), func(i, j int) { deltas[i], deltas[j] = deltas[j], deltas[i] })
	var shuffled Digest
	for _, d := range deltas {
		shuffled = shuffled.Toggle(d)
	}
	require.Equal(t, all, shuffled, "whatever the order")

	for _, d := range deltas {
		d.Op++
		all = all.Toggle(d)
	}
	require.Equal(t, Digest{}, all)
	require.Equal(t, shuffled, shuffled.Toggle(Delta{Op: OpTyping, Channel: "a", Member: "b"}))
	require.Equal(t, shuffled, shuffled.Toggle(Delta{Op: OpTypingStop, Channel: "a", Member: "b"}))
}

// What a receiver sums up from applied deltas is what the owner sums up from its log and from its state.
func TestDigestsAgree(t *testing.T) {
	r := &fakeReplicator{}
	owner, receiver := newHub(t, Options{Replicator: r}), newHub(t, Options{})
	var conns []*fakeConn
	for i := range 300 {
		channel, member := fmt.Sprintf("c%d", i%17), fmt.Sprintf("m%d", i%29)
		conns = append(conns, join(t, owner, channel, member, fmt.Sprint(i)))
		receiver.ApplyRemote(bootC, Delta{Op: OpJoin, Channel: channel, Member: member})
	}
	for _, c := range conns[:200] {
		c.close()
	}
	var fromLog Digest
	for _, d := range r.log {
		fromLog = fromLog.Toggle(d)
		require.True(t, receiver.ApplyRemote(bootB, d))
	}
	require.Equal(t, fromLog, receiver.RemoteDigest(bootB))
	require.Equal(t, fromLog, digestOf(localState(owner)...))
}
