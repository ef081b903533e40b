package hub

// The methods in this file are the seam for the mesh. Those that name the same boot must not run at the same time.

// ApplyRemote applies one change of another boot's entries, and reports whether that changed its presence or interest:
// deltas may be applied again. Connections get presence and typing events for what changes in the merged view. Typing of a
// member that the boot does not list is ignored.
func (h *Hub) ApplyRemote(boot Boot, d Delta) (changed bool) {
	n := h.boots.number(boot)
	s := h.shardOf(d.Channel)
	s.mu.Lock()
	defer s.mu.Unlock()
	return h.applyRemote(s, boot, n, d)
}

func (h *Hub) applyRemote(s *shard, boot Boot, n bootIndex, d Delta) (changed bool) {
	c := h.remoteChannel(s, d)
	if c == nil {
		return false
	}
	switch d.Op {
	case OpJoin:
		changed = h.remoteJoin(c, n, d.Member)
	case OpLeave:
		changed, _ = h.removeEntry(c, h.ids.lookup(d.Member), n)
	case OpInterest, OpDisinterest:
		changed = c.setInterested(boot, d.Op == OpInterest)
	case OpTyping:
		h.remoteTyping(c, n, d)
	case OpTypingStop:
		h.clearTyping(c, h.ids.lookup(d.Member), n, "")
	}
	if changed {
		h.boots.toggle(n, d)
	}
	h.dropIfEmpty(s, c)
	return changed
}

// remoteChannel returns the channel of a delta; nil if there is none and the delta does not make it.
func (h *Hub) remoteChannel(s *shard, d Delta) *channel {
	if d.Op == OpJoin || d.Op == OpInterest {
		return h.channelFor(s, d.Channel)
	}
	return s.channels[d.Channel]
}

func (h *Hub) remoteJoin(c *channel, n bootIndex, member string) (changed bool) {
	id := h.ids.acquire(member)
	defer h.ids.release(id)
	if c.members.has(id, n) {
		return false
	}
	h.addEntry(c, id, n, "")
	return true
}

func (h *Hub) remoteTyping(c *channel, n bootIndex, d Delta) {
	if id := h.ids.lookup(d.Member); id != 0 && c.members.has(id, n) {
		h.startTyping(c, id, n, d.TTL, "")
	}
}

// ReplaceRemote makes the boot's entries in one bucket equal to state, as net changes: connections hear only of what
// differs. The boot's typing in the bucket ends. Entries whose channel is of another bucket are ignored.
func (h *Hub) ReplaceRemote(boot Boot, bucket int, state BucketState) {
	n := h.boots.number(boot)
	s := &h.shards[bucket]
	s.mu.Lock()
	defer s.mu.Unlock()
	have := h.collect(s, boot, n)
	for _, e := range state.Presence {
		if Bucket(e.Channel) != bucket {
			continue
		}
		if _, ok := have.presence[e]; ok {
			delete(have.presence, e)
			continue
		}
		h.applyRemote(s, boot, n, Delta{Op: OpJoin, Channel: e.Channel, Member: e.Member})
	}
	for _, name := range state.Interest {
		if Bucket(name) != bucket {
			continue
		}
		if _, ok := have.interest[name]; ok {
			delete(have.interest, name)
			continue
		}
		h.applyRemote(s, boot, n, Delta{Op: OpInterest, Channel: name})
	}
	h.dropCollected(s, boot, n, have)
	h.clearTypingIn(s, n)
}

// DropRemote removes all entries of a boot: members that no other boot lists leave.
func (h *Hub) DropRemote(boot Boot) {
	n, ok := h.boots.lookup(boot)
	if !ok {
		return
	}
	h.eachShard(func(s *shard) { h.dropCollected(s, boot, n, h.collect(s, boot, n)) })
	h.boots.forget(boot, n)
}

// ClearRemoteTyping ends all typing of a boot.
func (h *Hub) ClearRemoteTyping(boot Boot) {
	n, ok := h.boots.lookup(boot)
	if !ok {
		return
	}
	h.eachShard(func(s *shard) { h.clearTypingIn(s, n) })
}

func (h *Hub) clearTypingIn(s *shard, n bootIndex) {
	for _, c := range s.channels {
		for id := range c.typing {
			h.clearTyping(c, id, n, "")
		}
	}
}

// RemoteDigest sums up what the hub holds of a boot.
func (h *Hub) RemoteDigest(boot Boot) Digest { return h.boots.digest(boot) }

// LocalBucket calls fn with this hub's own entries in one bucket, while no channel of the bucket can change: what fn hands
// to the replicator's links is exactly in step with the deltas before and after. fn must not call the hub.
func (h *Hub) LocalBucket(bucket int, fn func(BucketState)) {
	s := &h.shards[bucket]
	s.mu.Lock()
	defer s.mu.Unlock()
	var state BucketState
	for name, c := range s.channels {
		if len(c.subscriptions) > 0 {
			state.Interest = append(state.Interest, name)
		}
		for id := range c.locals {
			state.Presence = append(state.Presence, Entry{name, h.ids.name(id)})
		}
	}
	fn(state)
}

// A collection is what the hub holds of one boot in one bucket.
type collection struct {
	presence map[Entry]struct{}
	interest map[string]struct{}
}

// collect lists a boot's entries in a shard.
func (h *Hub) collect(s *shard, boot Boot, n bootIndex) collection {
	have := collection{presence: make(map[Entry]struct{}), interest: make(map[string]struct{})}
	for name, c := range s.channels {
		c.members.each(func(x slot) {
			if x.boot == n {
				have.presence[Entry{name, h.ids.name(x.member)}] = struct{}{}
			}
		})
		if c.isInterested(boot) {
			have.interest[name] = struct{}{}
		}
	}
	return have
}

// dropCollected removes a boot's entries.
func (h *Hub) dropCollected(s *shard, boot Boot, n bootIndex, have collection) {
	for e := range have.presence {
		h.applyRemote(s, boot, n, Delta{Op: OpLeave, Channel: e.Channel, Member: e.Member})
	}
	for name := range have.interest {
		h.applyRemote(s, boot, n, Delta{Op: OpDisinterest, Channel: name})
	}
}
