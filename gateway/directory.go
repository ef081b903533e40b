package gateway

import (
	"hash/maphash"
	"sync"
)

// directoryShards is how many parts the members are in. A power of two.
const directoryShards = 16

// A directory finds a member's sessions. It costs a few words a member: a table over all sessions would be looked through for each
// notification to one member.
type directory struct {
	seed   maphash.Seed
	shards [directoryShards]directoryShard
}

type directoryShard struct {
	mu sync.Mutex
	// first has each member's first session; the others follow in session.after.
	first map[string]*session
}

func (d *directory) init() {
	d.seed = maphash.MakeSeed()
	for i := range d.shards {
		d.shards[i].first = make(map[string]*session)
	}
}

func (d *directory) shard(member string) *directoryShard {
	return &d.shards[maphash.String(d.seed, member)%directoryShards]
}

// add puts a session in.
func (d *directory) add(s *session) {
	shard := d.shard(s.member)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if s.after = shard.first[s.member]; s.after != nil {
		s.after.before = s
	}
	shard.first[s.member] = s
}

// remove takes it out again.
func (d *directory) remove(s *session) {
	shard := d.shard(s.member)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if s.after != nil {
		s.after.before = s.before
	}
	switch {
	case s.before != nil:
		s.before.after = s.after
	case s.after != nil:
		shard.first[s.member] = s.after
	default:
		delete(shard.first, s.member)
	}
	s.before, s.after = nil, nil
}

// of returns a member's sessions, the latest first.
func (d *directory) of(member string) []*session {
	shard := d.shard(member)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	var list []*session
	for s := shard.first[member]; s != nil; s = s.after {
		list = append(list, s)
	}
	return list
}
