package link

// minRing is the smallest size of a ring that holds anything, in entries. Sizes are powers of two.
const minRing = 64

// An entry is one frame that the receiver has not acknowledged.
type entry struct {
	body  []byte
	kind  Kind
	class Class
}

// cost is what the entry is charged.
func (e *entry) cost() int { return len(e.body) + FrameOverhead }

// A ring is a queue of entries that grows and shrinks.
type ring struct {
	buf  []entry
	head int
	n    int
}

// at returns the entry i places behind the oldest one.
func (r *ring) at(i int) *entry { return &r.buf[(r.head+i)&(len(r.buf)-1)] }

func (r *ring) push(e entry) {
	if r.n == len(r.buf) {
		r.resize(max(minRing, 2*len(r.buf)))
	}
	*r.at(r.n) = e
	r.n++
}

// pop removes the oldest entry. The caller has looked at it.
func (r *ring) pop() {
	*r.at(0) = entry{}
	r.head = (r.head + 1) & (len(r.buf) - 1)
	r.n--
}

// shrink gives memory back after a burst. A quarter leaves room to grow again without copying at once.
func (r *ring) shrink() {
	if size := len(r.buf); size > 16*minRing && r.n < size/8 {
		r.resize(size / 4)
	}
}

func (r *ring) resize(size int) {
	buf := make([]entry, size)
	for i := range r.n {
		buf[i] = *r.at(i)
	}
	r.buf, r.head = buf, 0
}
