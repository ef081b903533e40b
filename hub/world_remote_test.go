package hub

import (
	"slices"

	"github.com/stretchr/testify/require"
)

func (w *world) applyRemote(s step) {
	w.model.expire()
	b, e := w.model.boot(s.boot), Entry{s.channel, s.member}
	d := Delta{Op: s.op, Channel: s.channel, Member: s.member}
	changes := false
	switch s.op {
	case OpJoin, OpLeave:
		changes = b.presence[e] != (s.op == OpJoin)
		b.presence[e] = s.op == OpJoin
	case OpInterest, OpDisinterest:
		d.Member = ""
		changes = b.interest[s.channel] != (s.op == OpInterest)
		b.interest[s.channel] = s.op == OpInterest
	case OpTyping:
		d.TTL = s.wait
		if b.presence[e] {
			w.model.setTyping(e, s.boot, true, "", s.wait)
		}
	case OpTypingStop:
		w.model.setTyping(e, s.boot, false, "", 0)
	}
	require.Equal(w.t, changes, w.hub.ApplyRemote(s.boot, d), "%s", deltaLine(d))
	w.model.expire()
}

// replace gives a boot a new state in one bucket, which the step's bits choose.
func (w *world) replace(s step) {
	bucket, bits := Bucket(s.channel), s.bits
	inBucket := func(channel string) bool { return Bucket(channel) == bucket }
	take := func() bool {
		bits >>= 1
		return bits&1 == 1
	}
	b := w.model.boot(s.boot)
	var state BucketState
	for _, name := range slices.DeleteFunc(slices.Clone(worldChannels), func(c string) bool { return !inBucket(c) }) {
		if b.interest[name] = take(); b.interest[name] {
			state.Interest = append(state.Interest, name)
		}
		for i := range worldMembers {
			e := Entry{name, memberName(i)}
			if b.presence[e] = take(); b.presence[e] {
				state.Presence = append(state.Presence, e)
			}
		}
	}
	w.hub.ReplaceRemote(s.boot, bucket, state)
	w.model.clearTyping(s.boot, inBucket)
	w.model.expire()
}

// check compares everything that the hub says, and every client knows, with the model.
func (w *world) check(settled bool) {
	var present []string
	for _, name := range worldChannels {
		want := w.model.presentIn(name)
		require.Equal(w.t, want, setOf(w.hub.Presence(name)), "presence of %s", name)
		require.Equal(w.t, len(want), w.hub.MemberCount(name), "member count of %s", name)
		require.Equal(w.t, w.model.connections(name), w.hub.ConnectionCount(name), "connections in %s", name)
		require.Equal(w.t, w.model.typingIn(name), setOf(w.hub.TypingMembers(name)), "typing in %s", name)
		if len(want) > 0 {
			present = append(present, name)
		}
		for i := range worldMembers {
			require.Equal(w.t, want[memberName(i)], w.hub.IsPresent(name, memberName(i)))
		}
	}
	require.ElementsMatch(w.t, present, w.hub.ChannelNames())
	requireConsistent(w.t, w.hub)
	for _, b := range []Boot{bootB, bootC} {
		require.Equal(w.t, w.model.boot(b).digest(), w.hub.RemoteDigest(b), "digest of boot %s", b)
	}
	for _, c := range w.clients {
		c.requireUpToDate(w.t, w.hub, settled)
	}
}

// end takes everything away and looks for what is left.
func (w *world) end() {
	w.hub.DropRemote(bootB)
	w.hub.DropRemote(bootC)
	for _, c := range w.clients {
		c.replay(w.t)
		c.close()
	}
	settle(w.model.grace)
	requireEmpty(w.t, w.hub)
	requireNoBoots(w.t, w.hub)
}
