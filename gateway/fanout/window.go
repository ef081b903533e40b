package fanout

import "time"

// A window is how long a shard that has work waits for more of it before it writes. Waiting saves system calls only when
// many sockets are written again and again with few frames each, so after each pass:
//
//   - Load is the share of time that the shard spent in passes, without the waits in windows, smoothed over about four.
//   - When the pass took over 1 ms, load is over 0.3 and a socket got 1.25 to 8 frames on average, the window doubles, from 250 µs
//     up to its bound.
//   - When the pass took less than 1 ms, load is under 0.15, a socket got 16 frames or more, or hardly any got more than one, so
//     that waiting saves nothing, it halves, and under 250 µs it is nothing.
//   - Between these it stays, so that it does not swing.
//
// A shard that had nothing to do for 50 ms begins again without a window. A backlog, which is a socket that had more than
// one write can carry, skips the window.
//
// The marks of load and the default bound of 10 ms were found with 300 publishes a second to 1,000 sockets on two cores: against
// a bound of 5 ms they take a fifth off the CPU time of a delivery and add 1 ms to its median latency.
type window struct {
	bound time.Duration
	size  time.Duration
	load  float64
}

const (
	smallestWindow = 250 * time.Microsecond
	longPass       = time.Millisecond
	smallBatch     = 8
	largeBatch     = 16
	lowLoad        = 0.15
	highLoad       = 0.3
	longIdle       = 50 * time.Millisecond
)

// A pass is what one round over the sockets with something queued took and did.
type pass struct {
	idle   time.Duration // the wait for work before it
	busy   time.Duration
	writes int
	frames int
	bytes  int
	// waited is how long the first of the frames had waited at its end.
	waited time.Duration
}

// after returns how long to wait for more when there is work again after a time without.
func (w *window) after(idle time.Duration) time.Duration {
	if idle > longIdle {
		w.size, w.load = 0, 0
	}
	return w.size
}

// adapt learns from a pass.
func (w *window) adapt(p pass) {
	if p.writes == 0 {
		return
	}
	share := float64(p.busy) / float64(max(1, p.busy+p.idle))
	w.load += (share - w.load) / 4
	batch := p.frames / p.writes
	vain := 4*p.frames < 5*p.writes
	switch {
	case p.busy < longPass, w.load < lowLoad, batch >= largeBatch, vain:
		if w.size /= 2; w.size < smallestWindow {
			w.size = 0
		}
	case w.load > highLoad && batch < smallBatch:
		w.size = min(max(2*w.size, smallestWindow), w.bound)
	}
}
