package hub

import (
	"sync"

	"github.com/cespare/xxhash/v2"
)

// connectionShards spreads the connection table's locks. A power of two.
const connectionShards = 64

// A connectionTable knows which channels each local connection is in.
type connectionTable struct {
	shards [connectionShards]connectionShard
}

type connectionShard struct {
	mu    sync.Mutex
	conns map[string]*connection
}

// A connection is a Conn in at least one channel. The map belongs to the lock of its table shard; the subscriptions in it
// belong to their channels.
type connection struct {
	channels map[string]*subscription
}

func (t *connectionTable) init() {
	for i := range t.shards {
		t.shards[i].conns = make(map[string]*connection)
	}
}

func (t *connectionTable) shard(id string) *connectionShard {
	return &t.shards[xxhash.Sum64String(id)%connectionShards]
}

// add notes a connection's subscription to a channel.
func (t *connectionTable) add(sub *subscription, channel string) {
	s := t.shard(sub.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conns[sub.id]
	if c == nil {
		c = &connection{channels: make(map[string]*subscription, 1)}
		s.conns[sub.id] = c
	}
	c.channels[channel] = sub
}

// get returns the connection's subscription to a channel, or nil.
func (t *connectionTable) get(id, channel string) *subscription {
	s := t.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conns[id]
	if c == nil {
		return nil
	}
	return c.channels[channel]
}

// remove forgets a connection's subscription to a channel.
func (t *connectionTable) remove(id, channel string) {
	s := t.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conns[id]
	if c == nil {
		return
	}
	delete(c.channels, channel)
	if len(c.channels) == 0 {
		delete(s.conns, id)
	}
}

// channels returns the channels that a connection is in.
func (t *connectionTable) channels(id string) []string {
	s := t.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conns[id]
	if c == nil {
		return nil
	}
	names := make([]string, 0, len(c.channels))
	for name := range c.channels {
		names = append(names, name)
	}
	return names
}

func (t *connectionTable) len() int {
	n := 0
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		n += len(s.conns)
		s.mu.Unlock()
	}
	return n
}
