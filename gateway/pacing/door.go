package pacing

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A Bound is why a [Door] refuses.
type Bound uint8

const (
	// Open says that it does not.
	Open Bound = iota
	// QueueFull says that as many wait as may.
	QueueFull
	// WaitTooLong says that the turn would come too late.
	WaitTooLong
)

// DoorOptions say how many come in.
type DoorOptions struct {
	// PerSecond is how many come in a second, at least 1. After a pause a tenth of it, or one, comes in at once.
	PerSecond int
	// Queue is how many may wait.
	Queue int
	// MostWait is how long one of them may wait.
	MostWait time.Duration
}

// A Door lets new connections in at a bounded rate. Methods are safe for concurrent use; times must not go back by much.
type Door struct {
	opts DoorOptions

	mu      sync.Mutex
	limiter *rate.Limiter
	waiting int
	// away is how many were refused and are expected back. It falls at the door's rate: those who come back are let in.
	away   float64
	awayAt time.Time
}

// NewDoor returns a door where nobody waits.
func NewDoor(opts DoorOptions) *Door {
	return &Door{opts: opts, limiter: rate.NewLimiter(rate.Limit(opts.PerSecond), max(1, opts.PerSecond/10))}
}

// An Answer is what a [Door] says to one who comes.
type Answer struct {
	// Bound is why it is refused; Open: it is not.
	Bound Bound
	// Wait is after what time one who is not refused comes in. If it is over 0, the caller waits, or gives up, and then calls Leave.
	Wait time.Duration
	// Backlog is, for one who is refused, the time that the door needs for all who came before and were not let in yet.
	Backlog time.Duration
}

// Arrive answers one who comes now.
func (d *Door) Arrive(now time.Time) Answer {
	d.mu.Lock()
	defer d.mu.Unlock()
	// Looked at before anything is reserved: a reservation that is canceled is lost to those behind it.
	wait := d.wait(now)
	switch {
	case wait <= 0:
		d.limiter.AllowN(now, 1)
		return Answer{}
	case d.waiting >= d.opts.Queue:
		return d.refuse(now, QueueFull, wait)
	case wait > d.opts.MostWait:
		return d.refuse(now, WaitTooLong, wait)
	}
	d.waiting++
	return Answer{Wait: d.limiter.ReserveN(now, 1).DelayFrom(now)}
}

// Leave says that one who was to wait has come in or given up.
func (d *Door) Leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting--
}

// Waiting returns how many wait.
func (d *Door) Waiting() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.waiting
}

// Spare returns how many a second may be sent to the door on purpose: less, the more wait or are expected back, but never less than a
// tenth of its rate, so that a flood of strangers does not stop all moves.
func (d *Door) Spare(now time.Time) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.settle(now)
	most := min(float64(d.opts.Queue), float64(d.opts.PerSecond)*d.opts.MostWait.Seconds())
	load := 0.0
	if behind := float64(d.waiting) + d.away; behind > 0 {
		load = min(1, behind/max(1, most))
	}
	return max(1, int(float64(d.opts.PerSecond)*max(0.1, 1-load)))
}

// wait is when the next one could come in. The lock is held.
func (d *Door) wait(now time.Time) time.Duration {
	missing := 1 - d.limiter.TokensAt(now)
	return time.Duration(missing / float64(d.opts.PerSecond) * float64(time.Second))
}

// refuse notes one who is sent away. The lock is held.
func (d *Door) refuse(now time.Time, why Bound, wait time.Duration) Answer {
	d.settle(now)
	backlog := wait + time.Duration(d.away/float64(d.opts.PerSecond)*float64(time.Second))
	d.away = min(d.away+1, mostBacklog.Seconds()*float64(d.opts.PerSecond))
	return Answer{Bound: why, Backlog: min(backlog, mostBacklog)}
}

// settle lets those come back who are due. The lock is held.
func (d *Door) settle(now time.Time) {
	if since := now.Sub(d.awayAt); since > 0 {
		d.away = max(0, d.away-since.Seconds()*float64(d.opts.PerSecond))
		d.awayAt = now
	}
}
