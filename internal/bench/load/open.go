package load

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"
)

// retryAfter is how long a client waits after a failed attempt.
const retryAfter = int64(time.Second)

// An opening opens all connections that are not open, each when it is due. It belongs to the engine's lock.
type opening struct {
	spec    Opening
	due     []*conn // in order of their time
	retries []*conn // again
	retryAt []int64
	flying  int
	left    int // not open yet
	give    int64
	changed chan struct{} // holds a token when something has ended
}

// open opens the connections and returns when that is over. It closes started once it counts as going on.
func (e *engine) open(ctx context.Context, spec Opening, started chan<- struct{}) {
	e.mu.Lock()
	o := &opening{spec: spec, give: e.clock.now() + spec.Timeout, changed: make(chan struct{}, 1)}
	start := e.clock.now()
	for i, c := range e.conns {
		if c.phase != idle && c.phase != ended {
			continue
		}
		c.due = start
		switch {
		case spec.Rate > 0:
			c.due += int64(float64(i) / spec.Rate * 1e9)
		case spec.Spread > 0:
			c.due += rand.Int64N(spec.Spread)
		}
		o.due = append(o.due, c)
	}
	slices.SortStableFunc(o.due, func(a, b *conn) int { return int(a.due - b.due) })
	o.left = len(o.due)
	e.result.Opened, e.result.Failed, e.result.FirstDue, e.result.LastOpen = 0, 0, start, start
	e.result.OpenTime.Reset()
	e.opening = o
	e.mu.Unlock()
	close(started)
	e.runOpening(ctx, o)
}

func (e *engine) runOpening(ctx context.Context, o *opening) {
	for {
		e.mu.Lock()
		now := e.clock.now()
		if o.left == 0 || now >= o.give || ctx.Err() != nil {
			e.result.Failed = o.left
			e.opening = nil
			e.mu.Unlock()
			return
		}
		wait := e.launch(o, now)
		e.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-o.changed:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// mostLaunches bounds the connections begun without giving the reader a turn.
const mostLaunches = 64

// launch begins what is due, and returns how long there is nothing more to begin.
func (e *engine) launch(o *opening, now int64) time.Duration {
	for range mostLaunches {
		if o.spec.InFlight > 0 && o.flying >= o.spec.InFlight {
			return time.Second // an end wakes us
		}
		c, wait := o.next(now)
		if c == nil {
			return min(time.Duration(wait), time.Duration(max(0, o.give-now)))
		}
		if o.spec.Rate == 0 && o.spec.Spread == 0 && c.due < now && c.phase == idle {
			c.due = now // nothing but the bound held it back
		}
		o.flying++
		c.phase, c.nextID = dialing, 0
		e.transport.dial(c)
	}
	return time.Microsecond
}

// next takes the connection that is due, or says how long until one is.
func (o *opening) next(now int64) (*conn, int64) {
	const never = int64(time.Second)
	wait := never
	if len(o.retries) > 0 {
		if o.retryAt[0] <= now {
			c := o.retries[0]
			o.retries, o.retryAt = o.retries[1:], o.retryAt[1:]
			return c, 0
		}
		wait = o.retryAt[0] - now
	}
	if len(o.due) > 0 {
		if o.due[0].due <= now {
			c := o.due[0]
			o.due = o.due[1:]
			return c, 0
		}
		wait = min(wait, o.due[0].due-now)
	}
	return nil, wait
}

// failed notes that an attempt has failed; there will be another one.
func (o *opening) failed(c *conn) {
	o.flying--
	o.retries = append(o.retries, c)
	o.retryAt = append(o.retryAt, c.e.clock.now()+retryAfter)
	o.wake()
}

// opened notes that a connection has joined its channels.
func (e *engine) opened(c *conn) {
	e.result.Open++
	o := e.opening
	if o == nil {
		return
	}
	now := e.clock.now()
	e.result.Opened++
	e.result.LastOpen = now
	e.result.OpenTime.Record(now - c.due)
	o.flying--
	o.left--
	o.wake()
}

func (o *opening) wake() {
	select {
	case o.changed <- struct{}{}:
	default:
	}
}
