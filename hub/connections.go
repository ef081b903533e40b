package hub

import (
	"slices"
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
	conns map[string]connection
}

// listLimit is the number of subscriptions from which a connection is worth an index.
const listLimit = 16

// A connection is a Conn's subscriptions, by channel. Most have one or two: a short list takes a tenth of the memory of a map. It
// belongs to the lock of its table shard; the subscriptions in it belong to their channels, but for their channels' names, which
// never change.
type connection struct {
	list  []*subscription
	index map[string]*subscription // in place of the list
}

func (c connection) find(channel string) *subscription {
	if c.index != nil {
		return c.index[channel]
	}
	for _, sub := range c.list {
		if sub.channel.name == channel {
			return sub
		}
	}
	return nil
}

func (c connection) with(sub *subscription) connection {
	switch {
	case c.index != nil:
		c.index[sub.channel.name] = sub
	case len(c.list) < listLimit:
		c.list = append(c.list, sub)
	default:
		c.index = make(map[string]*subscription, 2*listLimit)
		for _, s := range append(c.list, sub) {
			c.index[s.channel.name] = s
		}
		c.list = nil
	}
	return c
}

func (c connection) without(sub *subscription) connection {
	if c.index != nil {
		delete(c.index, sub.channel.name)
	} else if i := slices.Index(c.list, sub); i >= 0 {
		c.list = slices.Delete(c.list, i, i+1)
	}
	return c
}

func (c connection) len() int { return len(c.list) + len(c.index) }

func (t *connectionTable) init() {
	for i := range t.shards {
		t.shards[i].conns = make(map[string]connection)
	}
}

func (t *connectionTable) shard(id string) *connectionShard {
	return &t.shards[xxhash.Sum64String(id)%connectionShards]
}

// add notes a connection's subscription, to a channel that it is not in.
func (t *connectionTable) add(sub *subscription) {
	s := t.shard(sub.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[sub.id] = s.conns[sub.id].with(sub)
}

// get returns the connection's subscription to a channel, or nil.
func (t *connectionTable) get(id, channel string) *subscription {
	s := t.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns[id].find(channel)
}

// remove forgets a connection's subscription.
func (t *connectionTable) remove(sub *subscription) {
	s := t.shard(sub.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conns[sub.id].without(sub)
	if c.len() == 0 {
		delete(s.conns, sub.id)
		return
	}
	s.conns[sub.id] = c
}

// channels returns the channels that a connection is in.
func (t *connectionTable) channels(id string) []string {
	s := t.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conns[id]
	if c.len() == 0 {
		return nil
	}
	names := make([]string, 0, c.len())
	for _, sub := range c.list {
		names = append(names, sub.channel.name)
	}
	for name := range c.index {
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
