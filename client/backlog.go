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
	members   map[string]bool // true: joined
	typing    map[string]bool // true: started
	initial   bool
	truncated bool
	count     *Count
	ended     *Ended
}

func (b *backlog) add(e Event) {
	switch e := e.(type) {
	case Message:
		b.lost++
		b.dropped.Add(1)
	case Presence:
		b.initial = b.initial || e.Initial
		b.truncated = b.truncated || e.Truncated
		tally(&b.members, e.Joined, true)
		tally(&b.members, e.Left, false)
		for _, name := range e.Left {
			delete(b.typing, name)
		}
	case Typing:
		tally(&b.typing, e.Started, true)
		tally(&b.typing, e.Stopped, false)
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

// tally notes changes in one direction; each one undoes the opposite one.
func tally(changes *map[string]bool, list []string, value bool) {
	for _, name := range list {
		if before, ok := (*changes)[name]; ok && before != value {
			delete(*changes, name)
			continue
		}
		if *changes == nil {
			*changes = map[string]bool{}
		}
		(*changes)[name] = value
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
	if joined, left := split(b.members); b.initial || len(joined)+len(left) > 0 {
		events = append(events, Presence{
			Channel: b.channel, Joined: joined, Left: left, Initial: b.initial, Truncated: b.truncated,
		})
	}
	if started, stopped := split(b.typing); len(started)+len(stopped) > 0 {
		events = append(events, Typing{Channel: b.channel, Started: started, Stopped: stopped})
	}
	if b.count != nil {
		events = append(events, *b.count)
	}
	if b.ended != nil {
		events = append(events, *b.ended)
	}
	*b = backlog{channel: b.channel, dropped: b.dropped}
	return events
}

func split(changes map[string]bool) (yes, no []string) {
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		if changes[name] {
			yes = append(yes, name)
		} else {
			no = append(no, name)
		}
	}
	return yes, no
}
