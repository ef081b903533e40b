package hub

import (
	"fmt"
	"time"
)

// A typingState is one member's typing in one channel: the OR over boots.
type typingState struct {
	flags []typingFlag
}

// A typingFlag is a member's typing at one boot.
type typingFlag struct {
	boot bootIndex
	// connID is the connection that set the flag; empty for other boots and where none was given.
	connID string
	// appended is when the flag was last given to the replicator.
	appended time.Time
	timer    *timer
}

// find returns a boot's flag, or nil. The nil state has none.
func (t *typingState) find(b bootIndex) *typingFlag {
	if t == nil {
		return nil
	}
	for i := range t.flags {
		if t.flags[i].boot == b {
			return &t.flags[i]
		}
	}
	return nil
}

// SetTyping sets or clears a member's typing flag; the channel's connections but for conn, which may be nil, get a
// typing event when that changes the merged view. Unless refreshed, the flag clears itself after [Options.TypingTTL], or
// when conn leaves. The error is [ErrNotPresent] for a member that is not present at this hub, [ErrInvalidName] or
// [ErrClosed].
func (h *Hub) SetTyping(channelName, memberID string, typing bool, conn Conn) error {
	if err := checkNames(channelName, memberID); err != nil {
		return fmt.Errorf("typing: %w", err)
	}
	if h.timers.isClosed() {
		return fmt.Errorf("typing: %w", ErrClosed)
	}
	s := h.shardOf(channelName)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[channelName]
	id := h.ids.lookup(memberID)
	if c == nil || id == 0 || c.locals[id] == nil {
		return fmt.Errorf("typing in channel %q: %w", channelName, ErrNotPresent)
	}
	connID := ""
	if conn != nil {
		connID = conn.ID()
	}
	if typing {
		h.startTypingHere(c, id, memberID, connID)
	} else {
		h.clearTyping(c, id, localBoot, connID)
	}
	return nil
}

// startTypingHere sets or refreshes the local flag. Refreshes reach the other hubs only when a quarter of the time to
// live has passed, which is why they are told to wait that much longer.
func (h *Hub) startTypingHere(c *channel, id internID, memberID, connID string) {
	f := h.startTyping(c, id, localBoot, h.opts.TypingTTL, connID)
	f.connID = connID
	slack := h.opts.TypingTTL / 4
	now := time.Now()
	if !f.appended.IsZero() && now.Sub(f.appended) < slack {
		return
	}
	f.appended = now
	h.append(Delta{Op: OpTyping, Channel: c.name, Member: memberID, TTL: h.opts.TypingTTL + slack})
}

// startTyping sets or refreshes a boot's flag, which ends by itself after ttl unless that is 0.
func (h *Hub) startTyping(c *channel, id internID, b bootIndex, ttl time.Duration, except string) *typingFlag {
	if c.typing == nil {
		c.typing = make(map[internID]*typingState)
	}
	t := c.typing[id]
	if t == nil {
		t = &typingState{}
		c.typing[id] = t
		h.sendTyping(c, id, true, except)
	}
	f := t.find(b)
	if f == nil {
		t.flags = append(t.flags, typingFlag{boot: b})
		f = &t.flags[len(t.flags)-1]
	}
	f.timer.stop()
	f.timer = h.typingTimer(c, id, b, ttl)
	return f
}

// typingTimer returns nil, which never fires, for a ttl of 0.
func (h *Hub) typingTimer(c *channel, id internID, b bootIndex, ttl time.Duration) *timer {
	if ttl <= 0 {
		return nil
	}
	var self *timer
	// The callback cannot read self before it is set: the lock is held here until then.
	self = h.timers.after(ttl, func() { h.shardOf(c.name).locked(func(*shard) { h.endOfTyping(c, id, b, self) }) })
	return self
}

// endOfTyping runs when a flag's time is up. A refresh may have replaced the timer, or the flag may have been cleared, while
// the callback waited for the lock.
func (h *Hub) endOfTyping(c *channel, id internID, b bootIndex, t *timer) {
	if f := c.typing[id].find(b); f != nil && f.timer == t {
		h.clearTyping(c, id, b, "")
	}
}

// stopTypingOf clears the local flag if the subscription's connection set it.
func (h *Hub) stopTypingOf(c *channel, sub *subscription) {
	if f := c.typing[sub.member].find(localBoot); f != nil && f.connID == sub.id {
		h.clearTyping(c, sub.member, localBoot, sub.id)
	}
}

// clearTyping clears one boot's flag and tells the connections when no other boot has it.
func (h *Hub) clearTyping(c *channel, id internID, b bootIndex, except string) {
	t := c.typing[id]
	f := t.find(b)
	if f == nil {
		return
	}
	f.timer.stop()
	last := len(t.flags) - 1
	*f = t.flags[last]
	t.flags[last] = typingFlag{}
	t.flags = t.flags[:last]
	if b == localBoot {
		h.append(Delta{Op: OpTypingStop, Channel: c.name, Member: h.ids.name(id)})
	}
	if len(t.flags) == 0 {
		c.endTyping(id)
		h.sendTyping(c, id, false, except)
	}
}

// forgetTyping clears all flags of a member silently: its presence:leave says it.
func (h *Hub) forgetTyping(c *channel, id internID) {
	t := c.typing[id]
	if t == nil {
		return
	}
	for i := range t.flags {
		t.flags[i].timer.stop()
	}
	c.endTyping(id)
}

func (c *channel) endTyping(id internID) {
	delete(c.typing, id)
	if len(c.typing) == 0 {
		// Most channels have nobody typing, and a map keeps its room.
		c.typing = nil
	}
}

// TypingMembers returns the members flagged as typing in a channel, in no order.
func (h *Hub) TypingMembers(channelName string) []string {
	s := h.shardOf(channelName)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[channelName]
	if c == nil {
		return nil
	}
	return h.typingNames(c, 0)
}

// typingNames lists typing members up to a limit, 0 being none.
func (h *Hub) typingNames(c *channel, limit int) (names []string) {
	for id := range c.typing {
		if limit > 0 && len(names) == limit {
			break
		}
		names = append(names, h.ids.name(id))
	}
	return names
}
