package client

import (
	"maps"
	"slices"
	"sync/atomic"
)

// A backlog is what a channel's events come to when the program is too slow for them: messages are counted, and of presence and
// typing only the net change is kept.
type backlog struct {
	channel string
	dropped *atomic.Int64

	lost      int
	gaps      []Gap
	members   changes // true: joined
	typing    changes // true: started
	initial   bool
	truncated bool
	count     *Count
	ended     *Ended
}

func newBacklog(channel string, dropped *atomic.Int64) *backlog {
	return &backlog{channel: channel, dropped: dropped, members: changes{}, typing: changes{}}
}

func (b *backlog) add(e Event) {
	switch e := e.(type) {
	case Message:
		b.lost++
		b.dropped.Add(1)
	case Presence:
		b.initial = b.initial || e.Initial
		b.truncated = b.truncated || e.Truncated
		b.members.note(e.Joined, true)
		b.members.note(e.Left, false)
		for _, name := range e.Left {
			delete(b.typing, name)
		}
	case Typing:
		b.typing.note(e.Started, true)
		b.typing.note(e.Stopped, false)
	case Count:
		b.count = &e
	case Gap:
		if !slices.Contains(b.gaps, e) {
			b.gaps = append(b.gaps, e)
		}
	case Ended:
		b.ended = &e
	}
}

// changes are net changes of a set.
type changes map[string]bool

// note adds changes in one direction; each one undoes the opposite one.
func (c changes) note(list []string, value bool) {
	for _, name := range list {
		if before, ok := c[name]; ok && before != value {
			delete(c, name)
		} else {
			c[name] = value
		}
	}
}

func (b *backlog) take() []Event {
	var events []Event
	if b.lost > 0 {
		events = append(events, Gap{Channel: b.channel, Cause: GapSlow, Lost: b.lost})
	}
	for _, g := range b.gaps {
		events = append(events, g)
	}
	if joined, left := b.members.split(); b.initial || len(joined)+len(left) > 0 {
		events = append(events, Presence{
			Channel: b.channel, Joined: joined, Left: left, Initial: b.initial, Truncated: b.truncated,
		})
	}
	if started, stopped := b.typing.split(); len(started)+len(stopped) > 0 {
		events = append(events, Typing{Channel: b.channel, Started: started, Stopped: stopped})
	}
	if b.count != nil {
		events = append(events, *b.count)
	}
	if b.ended != nil {
		events = append(events, *b.ended)
	}
	*b = *newBacklog(b.channel, b.dropped)
	return events
}

func (c changes) split() (yes, no []string) {
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if c[name] {
			yes = append(yes, name)
		} else {
			no = append(no, name)
		}
	}
	return yes, no
}
