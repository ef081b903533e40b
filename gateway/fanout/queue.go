package fanout

// A queue is the frames that wait for one socket, the first of which may be written in part.
type queue struct {
	frames [][]byte // from head on; those before are written and nil
	head   int
	off    int // bytes of frames[head] that are written
	bytes  int // bytes not yet written
}

func (q *queue) empty() bool { return q.bytes == 0 }

// len returns the number of frames not yet written whole.
func (q *queue) len() int { return len(q.frames) - q.head }

func (q *queue) push(frame []byte) {
	q.frames = append(q.frames, frame)
	q.bytes += len(frame)
}

// peek returns the next bytes to write: a single or large frame as it is, or as many frames as fit, copied to scratch. It
// returns nothing only when the queue is empty.
func (q *queue) peek(scratch []byte) []byte {
	if q.empty() {
		return nil
	}
	first := q.frames[q.head][q.off:]
	if q.len() == 1 || len(first)+len(q.frames[q.head+1]) > cap(scratch) {
		return first
	}
	buf := append(scratch[:0], first...)
	for _, f := range q.frames[q.head+1:] {
		if len(buf)+len(f) > cap(buf) {
			break
		}
		buf = append(buf, f...)
	}
	return buf
}

// advance notes that n bytes from peek were written, and returns how many frames that completed.
func (q *queue) advance(n int) int {
	q.bytes -= n
	n += q.off
	done := q.head
	for q.head < len(q.frames) && n >= len(q.frames[q.head]) {
		n -= len(q.frames[q.head])
		q.frames[q.head] = nil // shared with other sockets: let it go
		q.head++
	}
	q.off = n
	done = q.head - done
	q.compact()
	return done
}

// compact moves the frames to the front once half of the slice is behind them, which costs one move a frame at most.
func (q *queue) compact() {
	if q.head == 0 || q.head < len(q.frames)/2 {
		return
	}
	n := copy(q.frames, q.frames[q.head:])
	clear(q.frames[n:])
	q.frames, q.head = q.frames[:n], 0
}

// trim drops everything but the frame of which a part is written, since the peer must get the rest of that before it can
// understand anything else. It returns the frames and bytes dropped.
func (q *queue) trim() (frames, bytes int) {
	keep := q.head
	if q.off > 0 {
		keep++
	}
	for i, f := range q.frames[keep:] {
		bytes += len(f)
		q.frames[keep+i] = nil
	}
	frames = len(q.frames) - keep
	q.frames = q.frames[:keep]
	q.bytes -= bytes
	q.compact()
	return frames, bytes
}

// release empties the queue and returns its slice, for another socket to use.
func (q *queue) release() [][]byte {
	frames := q.frames
	clear(frames)
	*q = queue{}
	return frames[:0]
}
