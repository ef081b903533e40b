package dedupe

import "time"

// An entry is one remembered publish.
type entry struct {
	digest  digest
	owner   uint64 // the member, hashed
	mid     string
	body    uint64        // what was published, hashed; 0: not known
	expires time.Duration // since the cache's start

	// older and newer are neighbors in the order of arrival, next is the owner's next newer one. 0: none.
	older, newer, next ref
}

// A ref names an entry by its slot. 0 is none.
type ref uint32

const (
	// fewEntries are not worth giving back.
	fewEntries = 64
	// mostEntries is what refs can name.
	mostEntries = 1 << 31
)

// queues holds entries in the order in which they came, all together and those of each owner. Slots of removed entries are used again.
type queues struct {
	slots          []entry // the first one is never used
	free           ref     // the first free slot; the others follow by next
	oldest, newest ref
	owners         map[uint64]ownQueue
}

type ownQueue struct {
	oldest, newest ref
	len            int
}

func (q *queues) at(r ref) *entry { return &q.slots[r] }

// count is how many entries an owner has.
func (q *queues) count(owner uint64) int { return q.owners[owner].len }

// oldestOf returns the oldest entry of an owner who has one.
func (q *queues) oldestOf(owner uint64) ref { return q.owners[owner].oldest }

// push adds an entry as the newest one.
func (q *queues) push(e entry) ref {
	if q.owners == nil {
		q.owners, q.slots = make(map[uint64]ownQueue), make([]entry, 1, fewEntries)
	}
	e.older, e.newer, e.next = q.newest, 0, 0
	r := q.free
	if r != 0 {
		q.free = q.at(r).next
		*q.at(r) = e
	} else {
		r = ref(len(q.slots))
		q.slots = append(q.slots, e)
	}
	if q.newest != 0 {
		q.at(q.newest).newer = r
	} else {
		q.oldest = r
	}
	q.newest = r
	own := q.owners[e.owner]
	if own.len > 0 {
		q.at(own.newest).next = r
	} else {
		own.oldest = r
	}
	own.newest, own.len = r, own.len+1
	q.owners[e.owner] = own
	return r
}

// remove takes out an entry, which must be the oldest one of its owner, as the oldest of all is.
func (q *queues) remove(r ref) entry {
	e := *q.at(r)
	if e.older != 0 {
		q.at(e.older).newer = e.newer
	} else {
		q.oldest = e.newer
	}
	if e.newer != 0 {
		q.at(e.newer).older = e.older
	} else {
		q.newest = e.older
	}
	own := q.owners[e.owner]
	if own.oldest, own.len = e.next, own.len-1; own.len == 0 {
		delete(q.owners, e.owner)
	} else {
		q.owners[e.owner] = own
	}
	*q.at(r) = entry{next: q.free}
	q.free = r
	return e
}
