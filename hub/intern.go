package hub

import (
	"sync"

	"github.com/cespare/xxhash/v2"
)

// internShards spreads the interner's locks. A power of two.
const internShards = 16

// An internID stands for one member id while anything refers to it; 0 stands for none.
type internID uint32

// An interner maps member ids to small numbers, so that presence tables hold 4 bytes and no pointer a member. It counts
// references and reuses the numbers of ids that nobody refers to.
type interner struct{ shards [internShards]internShard }

type internShard struct {
	mu      sync.RWMutex
	numbers map[string]internID
	slots   []internSlot
	free    []uint32
}

type internSlot struct {
	name string
	refs uint32
}

func (in *interner) init() {
	for i := range in.shards {
		in.shards[i].numbers = make(map[string]internID)
	}
}

func internShardOf(name string) uint32 { return uint32(xxhash.Sum64String(name)>>32) % internShards }

// acquire returns the id's number and adds a reference to it.
func (in *interner) acquire(name string) internID {
	n := internShardOf(name)
	s := &in.shards[n]
	s.mu.Lock()
	defer s.mu.Unlock()
	if id, ok := s.numbers[name]; ok {
		s.slots[id.slot()].refs++
		return id
	}
	var slot uint32
	if k := len(s.free); k > 0 {
		slot = s.free[k-1]
		s.free = s.free[:k-1]
	} else {
		slot = uint32(len(s.slots))
		s.slots = append(s.slots, internSlot{})
	}
	s.slots[slot] = internSlot{name: name, refs: 1}
	id := internID(slot*internShards + n + 1)
	s.numbers[name] = id
	return id
}

// retain adds a reference to a number that something refers to.
func (in *interner) retain(id internID) {
	s := &in.shards[id.shard()]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slots[id.slot()].refs++
}

// release takes a reference back.
func (in *interner) release(id internID) {
	s := &in.shards[id.shard()]
	s.mu.Lock()
	defer s.mu.Unlock()
	slot := &s.slots[id.slot()]
	slot.refs--
	if slot.refs == 0 {
		delete(s.numbers, slot.name)
		slot.name = ""
		s.free = append(s.free, id.slot())
	}
}

// lookup returns the number of an id that something refers to, or 0.
func (in *interner) lookup(name string) internID {
	s := &in.shards[internShardOf(name)]
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.numbers[name]
}

// name returns the id behind a number that something refers to.
func (in *interner) name(id internID) string {
	s := &in.shards[id.shard()]
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.slots[id.slot()].name
}

func (in *interner) len() int {
	n := 0
	for i := range in.shards {
		s := &in.shards[i]
		s.mu.RLock()
		n += len(s.numbers)
		s.mu.RUnlock()
	}
	return n
}

func (id internID) shard() uint32 { return (uint32(id) - 1) % internShards }
func (id internID) slot() uint32  { return (uint32(id) - 1) / internShards }
