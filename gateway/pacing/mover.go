package pacing

import (
	"math"
	"time"
)

// longestStep is for how much time a Mover catches up when it is called late: what was missed is spread over the time that is
// left, and not done at once.
const longestStep = 500 * time.Millisecond

// A Mover spreads a number of things over time. It is not safe for concurrent use.
type Mover struct {
	last   time.Time
	credit float64
}

// NewMover returns one that begins now. The first thing is due at once.
func NewMover(now time.Time) *Mover { return &Mover{last: now, credit: 1} }

// Next returns how many of those that are left are due now: as many as spreads them evenly until ends, but no more than perSecond
// allows. After ends perSecond alone counts; it may be infinite.
func (m *Mover) Next(now, ends time.Time, left int, perSecond float64) int {
	step := min(max(0, now.Sub(m.last)), longestStep)
	m.last = now
	speed := perSecond
	if until := ends.Sub(now).Seconds(); until > 0 {
		speed = min(speed, float64(left)/until)
	}
	if speed <= 0 {
		return 0
	}
	if math.IsInf(speed, 1) {
		m.credit = 0
		return left
	}
	m.credit += speed * step.Seconds()
	due := min(left, int(m.credit))
	// What nothing is left for is not saved up for what comes later.
	m.credit = min(m.credit-float64(due), 1)
	return due
}
