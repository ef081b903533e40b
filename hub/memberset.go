package hub

// A slot says that one member is present at one boot. It has no pointers, so that the garbage collector does not look
// into tables of a million of them.
type slot struct {
	member internID
	boot   bootIndex
}

// minSlots is the smallest capacity of a table. A power of two.
const minSlots = 4

// A memberSet is the set of (member, boot) pairs of one channel: an open-addressing hash table with linear probing,
// keyed by member, with one slot a pair. Three quarters full at the most, it takes 11 to 21 bytes a pair.
type memberSet struct {
	slots   []slot
	used    int
	members int
}

func (m *memberSet) home(id internID) int {
	// Fibonacci hashing spreads numbers that follow one another.
	return int((uint32(id) * 2654435769) >> 8 & uint32(len(m.slots)-1))
}

// find returns the position of a pair, or -1, and at how many boots the member is present.
func (m *memberSet) find(id internID, b bootIndex) (at, boots int) {
	at = -1
	if m.used == 0 {
		return at, 0
	}
	for i := m.home(id); m.slots[i].member != 0; i = m.next(i) {
		if m.slots[i].member != id {
			continue
		}
		boots++
		if m.slots[i].boot == b {
			at = i
		}
	}
	return at, boots
}

func (m *memberSet) next(i int) int { return (i + 1) & (len(m.slots) - 1) }

func (m *memberSet) has(id internID, b bootIndex) bool {
	at, _ := m.find(id, b)
	return at >= 0
}

// boots returns at how many boots the member is present.
func (m *memberSet) boots(id internID) int {
	_, n := m.find(id, localBoot)
	return n
}

// add puts in a pair that is not there, and says whether the member is new to the set.
func (m *memberSet) add(id internID, b bootIndex) (first bool) {
	if (m.used+1)*4 > len(m.slots)*3 {
		m.resize(max(minSlots, 2*len(m.slots)))
	}
	first = m.boots(id) == 0
	m.place(slot{id, b})
	m.used++
	if first {
		m.members++
	}
	return first
}

func (m *memberSet) place(s slot) {
	i := m.home(s.member)
	for m.slots[i].member != 0 {
		i = m.next(i)
	}
	m.slots[i] = s
}

// remove takes out the pair at a position that find returned, and says whether the member is gone from the set.
func (m *memberSet) remove(at int) (last bool) {
	id := m.slots[at].member
	m.closeGap(at)
	m.used--
	last = m.boots(id) == 0
	if last {
		m.members--
	}
	if m.used == 0 {
		m.slots = nil
	} else if len(m.slots) > minSlots && m.used*8 < len(m.slots) {
		m.resize(len(m.slots) / 2)
	}
	return last
}

// closeGap empties a position and moves later slots of the same run back, so that no search stops too early.
func (m *memberSet) closeGap(at int) {
	for i := m.next(at); m.slots[i].member != 0; i = m.next(i) {
		home := m.home(m.slots[i].member)
		if distance(home, i, len(m.slots)) >= distance(at, i, len(m.slots)) {
			m.slots[at] = m.slots[i]
			at = i
		}
	}
	m.slots[at] = slot{}
}

func distance(from, to, size int) int { return (to - from) & (size - 1) }

func (m *memberSet) resize(size int) {
	old := m.slots
	m.slots = make([]slot, size)
	for _, s := range old {
		if s.member != 0 {
			m.place(s)
		}
	}
}

// each calls fn for every pair. fn must not change the set.
func (m *memberSet) each(fn func(slot)) {
	for _, s := range m.slots {
		if s.member != 0 {
			fn(s)
		}
	}
}

// eachMember calls fn once for every member until it returns false. fn must not change the set.
func (m *memberSet) eachMember(fn func(internID) bool) {
	for i, s := range m.slots {
		if s.member != 0 && m.firstOf(s.member) == i && !fn(s.member) {
			return
		}
	}
}

// firstOf returns the position of the member's first slot in probing order.
func (m *memberSet) firstOf(id internID) int {
	i := m.home(id)
	for m.slots[i].member != id {
		i = m.next(i)
	}
	return i
}
