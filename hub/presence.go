package hub

// Presence returns the ids of the members present in the channel, in no order.
func (h *Hub) Presence(channelName string) []string {
	s := h.shardOf(channelName)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[channelName]
	if c == nil {
		return nil
	}
	names, _ := h.memberNames(c, 0)
	return names
}

// IsPresent says whether the member is present in the channel.
func (h *Hub) IsPresent(channelName, memberID string) bool {
	s := h.shardOf(channelName)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[channelName]
	id := h.ids.lookup(memberID)
	return c != nil && id != 0 && c.members.boots(id) > 0
}

// MemberCount returns how many members are present in the channel.
func (h *Hub) MemberCount(channelName string) int {
	s := h.shardOf(channelName)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.channels[channelName]; c != nil {
		return c.members.members
	}
	return 0
}

// ConnectionCount returns how many connections of this hub are in the channel.
func (h *Hub) ConnectionCount(channelName string) int {
	s := h.shardOf(channelName)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.channels[channelName]; c != nil {
		return len(c.subscriptions)
	}
	return 0
}

// ChannelNames returns the names of the channels in which a member is present, in no order.
func (h *Hub) ChannelNames() []string {
	var names []string
	h.eachShard(func(s *shard) {
		for name, c := range s.channels {
			if c.members.members > 0 {
				names = append(names, name)
			}
		}
	})
	return names
}

// Snapshot returns the channel's state; that of a channel that nobody is in is empty.
func (h *Hub) Snapshot(channelName string) Snapshot {
	s := h.shardOf(channelName)
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.channels[channelName]; c != nil {
		return h.snapshot(c)
	}
	return Snapshot{Channel: channelName}
}

// snapshotFor is what a joiner of a mode gets: who only counts is spared the lists, which in a channel of 10,000 cost more
// than everything else in a join.
func (h *Hub) snapshotFor(c *channel, mode PresenceMode) Snapshot {
	if mode == PresenceCount {
		return Snapshot{Channel: c.name, MemberCount: c.members.members, Truncated: true}
	}
	return h.snapshot(c)
}

func (h *Hub) snapshot(c *channel) Snapshot {
	members, cut := h.memberNames(c, h.opts.SnapshotLimit)
	// Who types is present: where that list is cut, this one is.
	typing := h.typingNames(c, h.opts.SnapshotLimit)
	return Snapshot{Channel: c.name, Members: members, MemberCount: c.members.members, Typing: typing, Truncated: cut}
}

// memberNames lists present members up to a limit, 0 being none, and reports whether that cut the list.
func (h *Hub) memberNames(c *channel, limit int) (names []string, cut bool) {
	n := c.members.members
	if limit > 0 && n > limit {
		n, cut = limit, true
	}
	names = make([]string, 0, n)
	c.members.eachMember(func(id internID) bool {
		if len(names) == n {
			return false
		}
		names = append(names, h.ids.name(id))
		return true
	})
	return names, cut
}
