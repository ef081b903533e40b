package hub

import (
	"fmt"
	"time"
)

// Bind calls [Hub.Disconnect] when the connection closes; at once, if it already has. A connection must not say that it
// has closed before its last Join has returned: nothing would ever remove what joins after that.
func (h *Hub) Bind(conn Conn) {
	conn.OnClose(func() { h.Disconnect(conn) })
}

// Join adds a connection of a member to a channel; the other connections there get presence:join when the member was
// absent. It is idempotent for each connection: a second join changes the presence mode and gives a new snapshot, and
// changes nothing else. A join that meets a member in its grace ends the grace.
//
// Joins and leaves of one connection must not run at the same time as its [Hub.Disconnect], and joins not after it.
//
// The error is [ErrInvalidName], [ErrMemberMismatch], [ErrTooManyChannels], [ErrTooManyEntries] or [ErrClosed]; then
// nothing has changed and the snapshot callback was not called.
func (h *Hub) Join(channelName, memberID string, conn Conn, opts JoinOptions) (JoinResult, error) {
	if err := checkNames(channelName, memberID); err != nil {
		return JoinResult{}, fmt.Errorf("joining: %w", err)
	}
	if h.timers.isClosed() {
		return JoinResult{}, fmt.Errorf("joining: %w", ErrClosed)
	}
	s := h.shardOf(channelName)
	s.mu.Lock()
	defer s.mu.Unlock()

	c := h.channelFor(s, channelName)
	defer h.dropIfEmpty(s, c)
	newly, err := h.join(c, memberID, conn, opts)
	if err != nil {
		return JoinResult{}, fmt.Errorf("joining channel %q: %w", channelName, err)
	}
	if opts.Snapshot != nil {
		opts.Snapshot(h.snapshotFor(c, opts.Presence))
	}
	return JoinResult{NewlyPresent: newly, InterestSeq: c.interestSeq}, nil
}

func checkNames(channelName, memberID string) error {
	if err := CheckName("channel", channelName); err != nil {
		return err
	}
	return CheckName("member id", memberID)
}

func (h *Hub) join(c *channel, memberID string, conn Conn, opts JoinOptions) (newly bool, err error) {
	if sub := h.connections.get(conn.ID(), c.name); sub != nil {
		if h.ids.name(sub.member) != memberID {
			return false, ErrMemberMismatch
		}
		c.setMode(sub, opts.Presence)
		return false, nil
	}
	// The reference held here keeps the number while the bounds are checked; the subscription then keeps it.
	id := h.ids.acquire(memberID)
	if err := h.reserve(c, id); err != nil {
		h.ids.release(id)
		return false, err
	}
	sub := &subscription{conn: conn, id: conn.ID(), channel: c, member: id, session: opts.Session, mode: opts.Presence}
	c.subscribe(sub)
	h.connections.add(sub)
	if len(c.subscriptions) == 1 {
		c.interestSeq = h.append(Delta{Op: OpInterest, Channel: c.name})
	}
	return h.addLocal(c, sub), nil
}

// reserve counts what a new subscription adds against the hub's bounds.
func (h *Hub) reserve(c *channel, id internID) error {
	newChannel := len(c.subscriptions) == 0
	newEntry := c.locals[id] == nil
	if newChannel && exceeds(h.counts.localChannels.Add(1), h.opts.MaxChannels) {
		h.counts.localChannels.Add(-1)
		return fmt.Errorf("this hub has %d already: %w", h.opts.MaxChannels, ErrTooManyChannels)
	}
	if newEntry && exceeds(h.counts.localEntries.Add(1), h.opts.MaxPresenceEntries) {
		h.counts.localEntries.Add(-1)
		if newChannel {
			h.counts.localChannels.Add(-1)
		}
		return fmt.Errorf("this hub has %d already: %w", h.opts.MaxPresenceEntries, ErrTooManyEntries)
	}
	return nil
}

func exceeds(n int64, bound int) bool { return bound > 0 && n > int64(bound) }

// Leave removes a connection of a member from a channel at once; the other connections get presence:leave when the
// member is then absent. While another hub lists the member, it stays listed here too for a second, or
// [Options.Grace] if that is shorter: it may be moving. A connection that is not in the channel changes nothing. The error
// is an [ErrInvalidName].
func (h *Hub) Leave(channelName, memberID string, conn Conn) (LeaveResult, error) {
	if err := checkNames(channelName, memberID); err != nil {
		return LeaveResult{}, fmt.Errorf("leaving: %w", err)
	}
	s := h.shardOf(channelName)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[channelName]
	if c == nil {
		return LeaveResult{}, nil
	}
	sub := h.connections.get(conn.ID(), channelName)
	if sub == nil || h.ids.name(sub.member) != memberID {
		return LeaveResult{}, nil
	}
	return LeaveResult{WasJoined: true, NowAbsent: h.unsubscribe(s, c, sub, h.holdFor(c, sub.member))}, nil
}

// holdFor is how long an explicit leave by one of the member's connections waits: only the last one's does.
func (h *Hub) holdFor(c *channel, id internID) time.Duration {
	if c.locals[id].connections == 1 && c.members.boots(id) > 1 {
		return min(leaveHold, h.opts.Grace)
	}
	return 0
}

// Disconnect removes a connection that vanished from all its channels. A member that has no other connection stays
// present for [Options.Grace], unless it comes back to the channel before; then it leaves.
func (h *Hub) Disconnect(conn Conn) {
	for _, name := range h.connections.channels(conn.ID()) {
		h.disconnectFrom(name, conn.ID())
	}
}

func (h *Hub) disconnectFrom(channelName, connID string) {
	s := h.shardOf(channelName)
	s.mu.Lock()
	defer s.mu.Unlock()
	if sub := h.connections.get(connID, channelName); sub != nil {
		h.unsubscribe(s, s.channels[channelName], sub, h.opts.Grace)
	}
}

// unsubscribe removes a subscription whose member goes on counting for linger. It reports whether the member is now
// absent in the merged view.
func (h *Hub) unsubscribe(s *shard, c *channel, sub *subscription, linger time.Duration) (nowAbsent bool) {
	c.unsubscribe(sub)
	h.connections.remove(sub)
	if len(c.subscriptions) == 0 {
		h.counts.localChannels.Add(-1)
		h.append(Delta{Op: OpDisinterest, Channel: c.name})
	}
	nowAbsent = h.dropLocal(s, c, sub, linger)
	h.ids.release(sub.member)
	h.dropIfEmpty(s, c)
	return nowAbsent
}
