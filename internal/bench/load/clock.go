package load

import "time"

// A clock is the same in all processes of one machine: the wall clock at the process's start, and monotonic from there on.
type clock struct {
	start time.Time
	wall  int64
}

func newClock() clock {
	now := time.Now()
	return clock{start: now, wall: now.UnixNano()}
}

func (c clock) now() int64 { return c.wall + int64(time.Since(c.start)) }

// A Clock tells the driver the generators' time.
type Clock struct{ clock }

// NewClock returns a clock that agrees with those of the processes started around the same time.
func NewClock() Clock { return Clock{newClock()} }

// Now is the time in nanoseconds since 1970, which does not jump when the wall clock is set.
func (c Clock) Now() int64 { return c.now() }
