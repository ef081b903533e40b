package client

import (
	"slices"
	"time"
)

// settleTime is how long, after a move, members stay of whom only the old gateway knew: word of them may be on its way to the new one.
const settleTime = time.Second

// presence is what is known about a channel's members. With two connections there are two views: see merged.
type presence struct {
	members   merged
	typing    merged
	begun     bool // there was a snapshot
	truncated bool
	count     int
	settling  *timer
}

func newPresence() presence { return presence{members: newMerged(), typing: newMerged()} }

// Members returns who is present, sorted; with [PresenceFull] only. While there is no connection it is who was there last.
func (ch *Channel) Members() []string {
	ch.c.mu.Lock()
	defer ch.c.mu.Unlock()
	return ch.members.all.sorted()
}

// Has reports whether a member is present; with [PresenceFull] only.
func (ch *Channel) Has(member string) bool {
	ch.c.mu.Lock()
	defer ch.c.mu.Unlock()
	return ch.members.all.has(member)
}

// TypingMembers returns who is typing, sorted; with [PresenceFull] only.
func (ch *Channel) TypingMembers() []string {
	ch.c.mu.Lock()
	defer ch.c.mu.Unlock()
	return ch.typing.all.sorted()
}

// MemberCount returns how many members are present, also where [Channel.Members] does not list them all. With [PresenceNone] it is 0.
func (ch *Channel) MemberCount() int {
	ch.c.mu.Lock()
	defer ch.c.mu.Unlock()
	return ch.count
}

// snapshot takes what a connection was told when it joined.
func (ch *Channel) snapshot(s *seat, b *body) {
	s.count, s.known = b.MemberCount, true
	if ch.mode != PresenceFull {
		ch.recount()
		return
	}
	initial := !ch.begun
	ch.begun, ch.truncated = true, b.Truncated
	joined, left := ch.members.reset(s, b.Members)
	started, stopped := ch.typing.reset(s, b.typingMembers)
	ch.recount()
	ch.emitPresence(joined, left, initial)
	ch.emitTyping(started, stopped)
}

func (ch *Channel) memberJoined(s *seat, member string) {
	if !s.known {
		return
	}
	s.count++
	changed := ch.members.add(s, member)
	ch.recount()
	if changed {
		ch.emitPresence([]string{member}, nil, false)
	}
}

func (ch *Channel) memberLeft(s *seat, member string) {
	if !s.known {
		return
	}
	s.count--
	left, stopped := ch.members.remove(s, member), ch.typing.remove(s, member)
	ch.recount()
	switch {
	case left:
		ch.emitPresence(nil, []string{member}, false)
	case stopped:
		ch.emitTyping(nil, []string{member})
	}
}

func (ch *Channel) memberTypes(s *seat, member string, typing bool) {
	switch {
	case typing && ch.typing.add(s, member):
		ch.emitTyping([]string{member}, nil)
	case !typing && ch.typing.remove(s, member):
		ch.emitTyping(nil, []string{member})
	}
}

func (ch *Channel) counted(s *seat, count int) {
	s.count, s.known = count, true
	ch.recount()
}

// recount takes the number of the newest connection that knows it.
func (ch *Channel) recount() {
	for _, s := range slices.Backward(ch.seats) {
		if !s.known {
			continue
		}
		changed := ch.count != s.count || !ch.begun
		ch.count = s.count
		if changed && ch.mode == PresenceCount {
			ch.begun = true
			ch.emit(Count{Channel: ch.name, Members: ch.count})
		}
		return
	}
}

// dropView forgets what a connection was told, when it is over.
func (ch *Channel) dropView(s *seat) {
	members, typing := ch.members.drop(s), ch.typing.drop(s)
	if ch.gone != nil || !members && !typing {
		return
	}
	ch.settling.stop()
	ch.settling = ch.c.after(settleTime, func() {
		left := ch.members.settle()
		stopped := ch.typing.settle()
		ch.emitPresence(nil, left, false)
		ch.emitTyping(nil, stopped)
	})
}

func (ch *Channel) emitPresence(joined, left []string, initial bool) {
	for _, member := range left {
		ch.typing.forget(member) // its Presence event says it
	}
	if initial || len(joined)+len(left) > 0 {
		ch.emit(Presence{Channel: ch.name, Joined: joined, Left: left, Initial: initial, Truncated: ch.truncated})
	}
}

func (ch *Channel) emitTyping(started, stopped []string) {
	stopped = slices.DeleteFunc(stopped, func(member string) bool { return !ch.mayType(member) })
	if len(started)+len(stopped) > 0 {
		ch.emit(Typing{Channel: ch.name, Started: started, Stopped: stopped})
	}
}

// mayType reports whether the end of a member's typing is news: the departure of one that left is enough.
func (ch *Channel) mayType(member string) bool { return ch.truncated || ch.members.all.has(member) }
