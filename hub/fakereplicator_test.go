package hub

import (
	"fmt"
	"slices"
	"sync"
)

// A fakeReplicator keeps what a hub handed to it.
type fakeReplicator struct {
	mu       sync.Mutex
	log      []Delta
	forwards []forward
}

type forward struct {
	event *Event
	opts  PublishOptions
	to    []Boot
}

func (r *fakeReplicator) Append(d Delta) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, d)
	return uint64(len(r.log))
}

func (r *fakeReplicator) Forward(e *Event, opts PublishOptions, to []Boot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forwards = append(r.forwards, forward{e, opts, slices.Clone(to)})
}

// take returns what was appended since the last call, one short line a delta.
func (r *fakeReplicator) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var lines []string
	for _, d := range r.log {
		lines = append(lines, deltaLine(d))
	}
	r.log = nil
	return lines
}

func (r *fakeReplicator) takeForwards() []forward {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.forwards
	r.forwards = nil
	return f
}

func deltaLine(d Delta) string {
	name := map[Op]string{
		OpJoin: "join", OpLeave: "leave", OpInterest: "interest", OpDisinterest: "disinterest", OpTyping: "typing", OpTypingStop: "stop",
	}[d.Op]
	switch d.Op {
	case OpInterest, OpDisinterest:
		return fmt.Sprintf("%s %s", name, d.Channel)
	case OpTyping:
		return fmt.Sprintf("%s %s %s %s", name, d.Channel, d.Member, d.TTL)
	default:
		return fmt.Sprintf("%s %s %s", name, d.Channel, d.Member)
	}
}
