package hub

import (
	"fmt"
	"maps"
	"slices"

	"github.com/stretchr/testify/require"
)

// A view is what a client knows of a channel: the snapshot that its join got, and the events replayed on it. It is strict:
// an event that changes nothing, or that the connection's mode does not deliver, is a failure.
type view struct {
	member  string
	mode    PresenceMode
	present map[string]bool
	typing  map[string]bool
	count   int
}

func newView(member string, mode PresenceMode, s Snapshot) *view {
	v := &view{member: member, mode: mode, present: setOf(s.Members), typing: setOf(s.Typing), count: s.MemberCount}
	delete(v.typing, member)
	return v
}

func setOf(names []string) map[string]bool {
	set := map[string]bool{}
	for _, n := range names {
		set[n] = true
	}
	return set
}

// apply replays one event of the channel. The member's own typing is left out: its connections hear only part of it.
func (v *view) apply(e *Event) error {
	b := bodyOf(e)
	switch {
	case e.Type == TypePresenceCount && v.mode == PresenceCount:
		v.count = b.MemberCount
		return nil
	case v.mode != PresenceFull:
		return fmt.Errorf("%q came to a connection of mode %s", line(e), v.mode)
	case e.Type == TypePresenceJoin:
		return v.change(e, v.present, b.MemberID, true)
	case e.Type == TypePresenceLeave && b.MemberID == v.member:
		return fmt.Errorf("%q came to a connection of that member", line(e))
	case e.Type == TypePresenceLeave:
		delete(v.typing, b.MemberID)
		return v.change(e, v.present, b.MemberID, false)
	case e.Type == TypeTyping && b.MemberID == v.member:
		return nil
	case e.Type == TypeTyping && !v.present[b.MemberID]:
		return fmt.Errorf("%q of an absent member", line(e))
	case e.Type == TypeTyping:
		return v.change(e, v.typing, b.MemberID, b.Typing)
	default:
		return fmt.Errorf("unexpected %q", line(e))
	}
}

func (v *view) change(e *Event, set map[string]bool, member string, to bool) error {
	if set[member] == to {
		return fmt.Errorf("%q, which member %s knew already", line(e), v.member)
	}
	if to {
		set[member] = true
	} else {
		delete(set, member)
	}
	return nil
}

// requireUpToDate says that what the client knows is what the hub says. Counts come late: see settled.
func (v *view) requireUpToDate(t require.TestingT, h *Hub, channel string, settled bool) {
	if v.mode == PresenceFull {
		typing := setOf(h.TypingMembers(channel))
		delete(typing, v.member)
		require.Equal(t, setOf(h.Presence(channel)), v.present, "presence of %s as %s sees it", channel, v.member)
		require.Equal(t, typing, v.typing, "typing in %s as %s sees it", channel, v.member)
	}
	if v.mode == PresenceCount && settled {
		require.Equal(t, h.MemberCount(channel), v.count, "member count of %s as %s sees it", channel, v.member)
	}
}

// A client is a connection with a view of each channel that it is in.
type client struct {
	*fakeConn
	member string
	views  map[string]*view
}

func newClient(id, member string) *client {
	return &client{newConn(id), member, map[string]*view{}}
}

// join joins and starts the view at the snapshot. A second join's snapshot must say what the client knows already.
func (c *client) join(t require.TestingT, h *Hub, channel string, mode PresenceMode) JoinResult {
	c.replay(t)
	var s Snapshot
	calls := 0
	r, err := h.Join(channel, c.member, c, JoinOptions{Presence: mode, Snapshot: func(got Snapshot) { s, calls = got, calls+1 }})
	require.NoError(t, err)
	require.Equal(t, 1, calls, "one snapshot a join")
	require.Equal(t, mode == PresenceCount, s.Truncated)
	if !s.Truncated {
		require.Len(t, s.Members, s.MemberCount)
	}
	v := newView(c.member, mode, s)
	if old := c.views[channel]; old != nil && old.mode == PresenceFull && !s.Truncated {
		require.Equal(t, old.present, v.present, "second snapshot of %s", channel)
		require.Equal(t, old.typing, v.typing, "second snapshot of %s", channel)
	}
	c.views[channel] = v
	return r
}

// replay applies what came since the last call.
func (c *client) replay(t require.TestingT) {
	for _, e := range c.takeEvents() {
		v := c.views[e.Channel]
		require.NotNil(t, v, "%s got %q, but is in %v", c.id, line(e), slices.Collect(maps.Keys(c.views)))
		require.NoError(t, v.apply(e))
	}
}

// leave forgets the view. What comes after it fails the next replay.
func (c *client) leave(t require.TestingT, h *Hub, channel string) LeaveResult {
	r := leave(t, h, channel, c.member, c.fakeConn)
	c.replay(t)
	delete(c.views, channel)
	return r
}

func (c *client) requireUpToDate(t require.TestingT, h *Hub, settled bool) {
	c.replay(t)
	for channel, v := range c.views {
		v.requireUpToDate(t, h, channel, settled)
	}
}
