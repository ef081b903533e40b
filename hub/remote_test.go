package hub

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const bootB, bootC Boot = 0xb, 0xc

func remoteJoin(h *Hub, b Boot, member string) bool {
	return h.ApplyRemote(b, Delta{Op: OpJoin, Channel: room, Member: member})
}

func remoteLeave(h *Hub, b Boot, member string) bool {
	return h.ApplyRemote(b, Delta{Op: OpLeave, Channel: room, Member: member})
}

func TestMergedPresence(t *testing.T) {
	h := newHub(t, Options{})
	o := join(t, h, room, "obs", "o1")

	require.True(t, remoteJoin(h, bootB, "zoe"))
	require.Equal(t, []string{"presence:join room zoe"}, o.take())
	require.True(t, remoteJoin(h, bootC, "zoe"))
	a := newConn("z1")
	require.False(t, joinAgain(t, h, room, "zoe", a).NewlyPresent, "present elsewhere already")
	require.Empty(t, o.take())
	requirePresence(t, h, room, "obs", "zoe")
	require.Equal(t, 2, h.ConnectionCount(room), "of this hub only")

	require.True(t, remoteLeave(h, bootB, "zoe"))
	require.Equal(t, LeaveResult{WasJoined: true}, leave(t, h, room, "zoe", a))
	require.Empty(t, o.take())
	require.True(t, remoteLeave(h, bootC, "zoe"))
	require.Equal(t, []string{"presence:leave room zoe"}, o.take())
	requirePresence(t, h, room, "obs")
}

func TestRemotePresenceWithoutLocalConnections(t *testing.T) {
	h := newHub(t, Options{})
	remoteJoin(h, bootB, "zoe")
	require.Equal(t, []string{room}, h.ChannelNames())
	require.Equal(t, Stats{Channels: 1, Members: 1, PresenceEntries: 1}, h.Stats())
	require.Equal(t, Snapshot{Channel: room, Members: []string{"zoe"}, MemberCount: 1}, h.Snapshot(room))
	remoteLeave(h, bootB, "zoe")
	requireEmpty(t, h)
}

func TestDeltasMayComeAgain(t *testing.T) {
	h := newHub(t, Options{})
	o := join(t, h, room, "obs", "o1")
	for _, d := range []Delta{
		{Op: OpJoin, Channel: room, Member: "zoe"},
		{Op: OpInterest, Channel: room},
		{Op: OpLeave, Channel: room, Member: "zoe"},
		{Op: OpDisinterest, Channel: room},
	} {
		require.True(t, h.ApplyRemote(bootB, d), "%s", deltaLine(d))
		require.False(t, h.ApplyRemote(bootB, d), "%s again", deltaLine(d))
	}
	require.Equal(t, []string{"presence:join room zoe", "presence:leave room zoe"}, o.take())
	require.Equal(t, Digest{}, h.RemoteDigest(bootB))
}

func TestDeltasThatChangeNothingMakeNoChannel(t *testing.T) {
	h := newHub(t, Options{})
	for _, op := range []Op{OpLeave, OpDisinterest, OpTyping, OpTypingStop, 0, 99} {
		require.False(t, h.ApplyRemote(bootB, Delta{Op: op, Channel: room, Member: "zoe"}), "op %d", op)
		requireEmpty(t, h)
	}
}

// A leave at one boot of a member that another boot lists changes that boot's entries, though not the merged view.
func TestLeaveAtOneOfTwoBootsIsAChange(t *testing.T) {
	h := newHub(t, Options{})
	remoteJoin(h, bootB, "zoe")
	before := h.RemoteDigest(bootC)
	remoteJoin(h, bootC, "zoe")
	require.True(t, remoteLeave(h, bootC, "zoe"))
	require.Equal(t, before, h.RemoteDigest(bootC))
}

func TestRemoteInterestKeepsAChannelAlive(t *testing.T) {
	h := newHub(t, Options{})
	h.ApplyRemote(bootB, Delta{Op: OpInterest, Channel: room})
	require.Equal(t, 1, h.Stats().Channels)
	require.Empty(t, h.ChannelNames(), "nobody is present")
	a := join(t, h, room, "ann", "a1")
	leave(t, h, room, "ann", a)
	require.Equal(t, 1, h.Stats().Channels)
	h.ApplyRemote(bootB, Delta{Op: OpDisinterest, Channel: room})
	requireEmpty(t, h)
}

func TestDropRemote(t *testing.T) {
	h := newHub(t, Options{})
	o := join(t, h, room, "obs", "o1")
	for _, d := range []Delta{
		{Op: OpJoin, Channel: room, Member: "zoe"},
		{Op: OpJoin, Channel: room, Member: "yan"},
		{Op: OpJoin, Channel: room, Member: "obs"},
		{Op: OpJoin, Channel: "hall", Member: "zoe"},
		{Op: OpInterest, Channel: room},
		{Op: OpInterest, Channel: "attic"},
	} {
		require.True(t, h.ApplyRemote(bootB, d))
	}
	remoteJoin(h, bootC, "yan")
	o.take()

	h.DropRemote(bootB)
	require.Equal(t, []string{"presence:leave room zoe"}, o.take(), "yan is at another hub, obs is here")
	require.Equal(t, Digest{}, h.RemoteDigest(bootB))
	require.Equal(t, []string{room}, h.ChannelNames())
	require.Equal(t, 1, h.Stats().Channels)
	h.DropRemote(bootB)
	require.Empty(t, o.take())

	h.DropRemote(bootC)
	require.Equal(t, []string{"presence:leave room yan"}, o.take())
	h.Disconnect(o)
	requireEmpty(t, h)
	requireNoBoots(t, h)
}

func TestBootNumbersAreReused(t *testing.T) {
	h := newHub(t, Options{})
	for i := range 2_000 {
		b := Boot(i + 1)
		remoteJoin(h, b, "zoe")
		if i%100 == 99 {
			requirePresence(t, h, room, "zoe")
			for j := range 100 {
				h.DropRemote(b - Boot(j))
			}
		}
	}
	require.LessOrEqual(t, len(h.boots.digests), 101)
	requireNoBoots(t, h)
	requireEmpty(t, h)
}
