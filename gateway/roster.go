package gateway

import (
	"sync"
	"sync/atomic"
)

// rosterShards is how many parts the sessions are in, so that a sweep holds up few of them at a time.
const rosterShards = 16

// A roster is the open sessions of a gateway.
type roster struct {
	next   atomic.Uint32
	count  atomic.Int64
	shards [rosterShards]rosterShard
}

type rosterShard struct {
	mu       sync.Mutex
	sessions []*session
}

// add puts a session into the roster.
func (r *roster) add(s *session) {
	r.count.Add(1)
	s.rosterShard = uint8(r.next.Add(1) % rosterShards)
	shard := &r.shards[s.rosterShard]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	s.rosterSlot = len(shard.sessions)
	shard.sessions = append(shard.sessions, s)
}

// remove takes it out again.
func (r *roster) remove(s *session) {
	shard := &r.shards[s.rosterShard]
	shard.mu.Lock()
	last := len(shard.sessions) - 1
	moved := shard.sessions[last]
	shard.sessions[s.rosterSlot] = moved
	moved.rosterSlot = s.rosterSlot
	shard.sessions[last] = nil
	shard.sessions = shard.sessions[:last]
	shard.mu.Unlock()
	r.count.Add(-1)
}

func (r *roster) len() int { return int(r.count.Load()) }

// copyShard appends the sessions of one part to buf, so that the caller can visit them without the lock.
func (r *roster) copyShard(i int, buf []*session) []*session {
	shard := &r.shards[i]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	return append(buf, shard.sessions...)
}

// all returns the sessions that are open now.
func (r *roster) all() []*session {
	var list []*session
	for i := range r.shards {
		list = r.copyShard(i, list)
	}
	return list
}
