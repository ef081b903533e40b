package link

import "math/rand/v2"

// A stream is what is sent, under the sender's lock.
type stream struct {
	id    uint64
	ring  ring
	first uint64 // the number of the ring's oldest frame
	used  [numClasses]int
	count [numClasses]int
	// taken is the last frame that the present connection has taken to write; sent is the last one that any has.
	taken, sent uint64
	// idle says that the writer waits for wake.
	idle bool
	wake chan struct{}
	// progress is closed at the next acknowledgement or at the stream's end; nil when nobody waits.
	progress chan struct{}
}

func newStream(wake chan struct{}) stream {
	return stream{id: randomID(), first: 1, wake: wake}
}

// randomID returns a random number that is not zero.
func randomID() uint64 {
	for {
		if id := rand.Uint64(); id != 0 {
			return id
		}
	}
}

// next returns the number that the next frame gets.
func (t *stream) next() uint64 { return t.first + uint64(t.ring.n) }

// rouse wakes the writer if it waits. An old token may be in the channel: then it wakes as well.
func (t *stream) rouse() {
	if !t.idle {
		return
	}
	t.idle = false
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// take appends frames that the present connection has not written yet to batch, up to its capacity and about limit bytes.
// When there is none the writer is idle: the next frame wakes it.
func (t *stream) take(batch []entry, limit int) []entry {
	offset, bytes := int(t.taken+1-t.first), 0
	for offset < t.ring.n && len(batch) < cap(batch) && bytes < limit {
		e := t.ring.at(offset)
		batch = append(batch, *e)
		bytes += len(e.body) + headerBytes
		offset++
	}
	t.taken += uint64(len(batch))
	t.sent = max(t.sent, t.taken)
	t.idle = len(batch) == 0
	return batch
}

// acknowledge drops the frames up to seq and reports whether there were any. The caller has checked that seq was sent.
func (t *stream) acknowledge(seq uint64) bool {
	if seq < t.first {
		return false
	}
	for t.first <= seq {
		e := t.ring.at(0)
		t.used[e.class] -= e.cost()
		t.count[e.class]--
		t.ring.pop()
		t.first++
	}
	t.ring.shrink()
	t.signal()
	return true
}

// signal lets those who wait for progress look again.
func (t *stream) signal() {
	if t.progress != nil {
		close(t.progress)
		t.progress = nil
	}
}

// end drops all frames. Acknowledgements that are still under way find nothing.
func (t *stream) end() {
	t.ring = ring{}
	t.taken = t.first - 1
	t.used, t.count = [numClasses]int{}, [numClasses]int{}
	t.signal()
}
