package dedupe

import "time"

// An entry is one remembered publish.
type entry struct {
	digest  digest
	mid     string
	expires time.Duration // since the cache's start
}

const (
	smallestRing = 64
	// largestRing keeps sequence numbers of 32 bits unambiguous.
	largestRing = 1 << 31
)

// A ring is a queue of entries that grows. Entries are named by sequence numbers, which may wrap around: the number of
// slots is a power of two, and an entry is in the slot of its sequence number modulo that.
type ring struct {
	slots  []entry
	oldest uint32
	len    int
}

func (r *ring) at(seq uint32) *entry { return &r.slots[seq&uint32(len(r.slots)-1)] }

// push appends an entry and returns its sequence number.
func (r *ring) push(e entry) uint32 {
	if r.len == len(r.slots) {
		r.grow()
	}
	seq := r.oldest + uint32(r.len)
	*r.at(seq) = e
	r.len++
	return seq
}

// pop removes the oldest entry and returns it. There must be one.
func (r *ring) pop() entry {
	slot := r.at(r.oldest)
	e := *slot
	*slot = entry{}
	r.oldest++
	r.len--
	return e
}

func (r *ring) grow() {
	bigger := ring{slots: make([]entry, max(smallestRing, 2*len(r.slots))), oldest: r.oldest, len: r.len}
	for i := range uint32(r.len) {
		*bigger.at(r.oldest + i) = *r.at(r.oldest + i)
	}
	*r = bigger
}
