package hub

import (
	"time"
)

// A model is what a hub should hold, in the plainest terms: who has which connections, who lingers until when, and what
// the other boots said. Its maps are never emptied of zero values, which count as absent.
type model struct {
	grace  time.Duration
	ttl    time.Duration
	locals map[Entry]*modelMember
	boots  map[Boot]*modelBoot
	typing map[Entry]map[Boot]modelTyping
}

type modelMember struct {
	conns       map[string]bool
	lingerUntil time.Time
}

type modelBoot struct {
	presence map[Entry]bool
	interest map[string]bool
}

type modelTyping struct {
	conn  string
	until time.Time
}

func newModel(grace, ttl time.Duration) *model {
	return &model{grace, ttl, map[Entry]*modelMember{}, map[Boot]*modelBoot{}, map[Entry]map[Boot]modelTyping{}}
}

func (m *model) boot(b Boot) *modelBoot {
	if m.boots[b] == nil {
		m.boots[b] = &modelBoot{map[Entry]bool{}, map[string]bool{}}
	}
	return m.boots[b]
}

func (m *model) local(e Entry) bool {
	l := m.locals[e]
	return l != nil && (len(l.conns) > 0 || time.Now().Before(l.lingerUntil))
}

func (m *model) remote(e Entry) bool {
	for _, b := range m.boots {
		if b.presence[e] {
			return true
		}
	}
	return false
}

func (m *model) present(e Entry) bool { return m.local(e) || m.remote(e) }

// join reports whether the member is newly present.
func (m *model) join(e Entry, conn string) (newly bool) {
	l := m.locals[e]
	if l == nil {
		l = &modelMember{conns: map[string]bool{}}
		m.locals[e] = l
	}
	if l.conns[conn] {
		return false
	}
	newly = !m.present(e)
	l.conns[conn], l.lingerUntil = true, time.Time{}
	return newly
}

// drop removes a connection. An explicit leave lingers only when it is the last and another boot lists the member.
func (m *model) drop(e Entry, conn string, explicit bool) LeaveResult {
	l := m.locals[e]
	if l == nil || !l.conns[conn] {
		return LeaveResult{}
	}
	delete(l.conns, conn)
	linger := m.grace
	if explicit {
		linger = 0
		if len(l.conns) == 0 && m.remote(e) {
			linger = min(time.Second, m.grace)
		}
	}
	if until := time.Now().Add(linger); linger > 0 && until.After(l.lingerUntil) {
		l.lingerUntil = until
	}
	if m.typing[e][0].conn == conn {
		delete(m.typing[e], 0)
	}
	return LeaveResult{WasJoined: true, NowAbsent: !m.present(e)}
}

// setTyping sets or clears a boot's flag; boot 0 is the hub's own.
func (m *model) setTyping(e Entry, b Boot, typing bool, conn string, ttl time.Duration) {
	if !typing {
		delete(m.typing[e], b)
		return
	}
	if m.typing[e] == nil {
		m.typing[e] = map[Boot]modelTyping{}
	}
	m.typing[e][b] = modelTyping{conn, time.Now().Add(ttl)}
}

// expire forgets the typing whose time, or whose member's presence at its boot, is over.
func (m *model) expire() {
	for e, flags := range m.typing {
		for b, f := range flags {
			listed := b == 0 && m.local(e) || b != 0 && m.boot(b).presence[e]
			if !listed || !time.Now().Before(f.until) {
				delete(flags, b)
			}
		}
	}
}

func (m *model) clearTyping(b Boot, inBucket func(channel string) bool) {
	for e, flags := range m.typing {
		if inBucket(e.Channel) {
			delete(flags, b)
		}
	}
}

func (m *model) presentIn(channel string) map[string]bool {
	set := map[string]bool{}
	for e := range m.entries() {
		if e.Channel == channel && m.present(e) {
			set[e.Member] = true
		}
	}
	return set
}

// entries are all that were ever present.
func (m *model) entries() map[Entry]bool {
	all := map[Entry]bool{}
	for e := range m.locals {
		all[e] = true
	}
	for _, b := range m.boots {
		for e := range b.presence {
			all[e] = true
		}
	}
	return all
}

func (m *model) typingIn(channel string) map[string]bool {
	m.expire()
	set := map[string]bool{}
	for e, flags := range m.typing {
		if e.Channel == channel && len(flags) > 0 {
			set[e.Member] = true
		}
	}
	return set
}

func (m *model) connections(channel string) (n int) {
	for e, l := range m.locals {
		if e.Channel == channel {
			n += len(l.conns)
		}
	}
	return n
}

// digest sums up what a boot owns.
func (b *modelBoot) digest() (d Digest) {
	for e, has := range b.presence {
		if has {
			d = d.Toggle(Delta{Op: OpJoin, Channel: e.Channel, Member: e.Member})
		}
	}
	for name, wants := range b.interest {
		if wants {
			d = d.Toggle(Delta{Op: OpInterest, Channel: name})
		}
	}
	return d
}
