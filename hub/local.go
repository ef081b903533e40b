package hub

import "time"

// addLocal counts a new subscription for its member; it reports whether the member is newly present in the merged view.
func (h *Hub) addLocal(c *channel, sub *subscription) (newly bool) {
	m := c.locals[sub.member]
	if m != nil {
		m.connections++
		m.endLinger()
		return false
	}
	if c.locals == nil {
		c.locals = make(map[internID]*localMember)
	}
	c.locals[sub.member] = &localMember{connections: 1}
	return h.addEntry(c, sub.member, localBoot, sub.id)
}

// dropLocal stops counting a subscription, which lingers for so long. It reports whether the member is now absent in the
// merged view.
func (h *Hub) dropLocal(s *shard, c *channel, sub *subscription, linger time.Duration) (nowAbsent bool) {
	m := c.locals[sub.member]
	m.connections--
	if linger > 0 {
		h.extendLinger(s, c, sub.member, m, linger)
	}
	if m.connections > 0 || !m.lingerUntil.IsZero() {
		h.stopTypingOf(c, sub)
		return false
	}
	return h.removeLocal(c, sub.member)
}

// removeLocal ends the presence at this hub of a member that has no connection and no longer lingers.
func (h *Hub) removeLocal(c *channel, id internID) (nowAbsent bool) {
	delete(c.locals, id)
	if len(c.locals) == 0 {
		// The channel may live on for other boots, and a map keeps its room.
		c.locals = nil
	}
	h.counts.localEntries.Add(-1)
	_, nowAbsent = h.removeEntry(c, id, localBoot)
	return nowAbsent
}

func (m *localMember) endLinger() {
	m.timer.stop()
	m.timer = nil
	m.lingerUntil = time.Time{}
}

// extendLinger lets the member count for d from now, if it does not already for longer.
func (h *Hub) extendLinger(s *shard, c *channel, id internID, m *localMember, d time.Duration) {
	until := time.Now().Add(d)
	if !until.After(m.lingerUntil) {
		return
	}
	m.timer.stop()
	m.lingerUntil = until
	m.timer = h.timers.after(d, func() { h.endOfLinger(s, c, id, m, until) })
}

// endOfLinger runs when a linger's time is up. The member may have come back, or linger for longer, meanwhile.
func (h *Hub) endOfLinger(s *shard, c *channel, id internID, m *localMember, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.locals[id] != m || !m.lingerUntil.Equal(until) {
		return
	}
	m.timer, m.lingerUntil = nil, time.Time{}
	if m.connections == 0 {
		h.removeLocal(c, id)
		h.dropIfEmpty(s, c)
	}
}
