package hub

// addEntry makes a member present at a boot where it was not, and tells the other connections when it is newly present
// in the merged view. The connection with id except is the one that joined.
func (h *Hub) addEntry(c *channel, id internID, b bootIndex, except string) (newly bool) {
	h.ids.retain(id)
	h.counts.entries.Add(1)
	newly = c.members.add(id, b)
	if b == localBoot {
		h.append(Delta{Op: OpJoin, Channel: c.name, Member: h.ids.name(id)})
	}
	if newly {
		h.sendPresence(c, TypePresenceJoin, h.ids.name(id), except)
	}
	return newly
}

// removeEntry makes a member absent at a boot, ends its typing there, and tells the connections when it is then absent in
// the merged view. It reports whether the boot listed the member, and whether it was the last one that did.
func (h *Hub) removeEntry(c *channel, id internID, b bootIndex) (removed, nowAbsent bool) {
	at, boots := c.members.find(id, b)
	if at < 0 {
		return false, false
	}
	name := h.ids.name(id)
	if boots == 1 {
		h.forgetTyping(c, id)
	} else {
		h.clearTyping(c, id, b, "")
	}
	nowAbsent = c.members.remove(at)
	h.counts.entries.Add(-1)
	if b == localBoot {
		h.append(Delta{Op: OpLeave, Channel: c.name, Member: name})
	}
	h.ids.release(id)
	if nowAbsent {
		h.sendPresence(c, TypePresenceLeave, name, "")
	}
	return true, nowAbsent
}
