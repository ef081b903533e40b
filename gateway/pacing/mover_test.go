package pacing_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/starling-realtime/starling/gateway/pacing"
)

// begin is when every test begins.
var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// run calls a mover at each step until all are done or twice the span is over, and returns how many were due at each step.
func run(total int, span, step time.Duration, perSecond float64) (due []int, left int) {
	m := pacing.NewMover(begin)
	for at := time.Duration(0); at <= 2*span && total > 0; at += step {
		n := m.Next(begin.Add(at), begin.Add(span), total, perSecond)
		due = append(due, n)
		total -= n
	}
	return due, total
}

func TestMoverSpreadsOverTheTime(t *testing.T) {
	const step = 100 * time.Millisecond
	for name, tt := range map[string]struct {
		total     int
		perSecond float64
		first     int // due in the first second
		most      int // due in any second
		done      time.Duration
	}{
		"evenly, where there is room":         {600, 1000, 20, 21, 30 * time.Second},
		"as fast as allowed, where it is not": {600, 10, 10, 11, 60 * time.Second},
		"a few":                               {3, 1000, 1, 1, 30 * time.Second},
		"with no bound":                       {300, math.Inf(1), 10, 11, 30 * time.Second},
	} {
		due, left := run(tt.total, 30*time.Second, step, tt.perSecond)
		require.Zero(t, left, name)
		require.InDelta(t, tt.done.Seconds(), (time.Duration(len(due)) * step).Seconds(), 0.3*tt.done.Seconds(), name)
		sum := func(from int) (n int) {
			for _, d := range due[from:min(from+10, len(due))] {
				n += d
			}
			return n
		}
		require.InDelta(t, tt.first, sum(0), 1, name)
		for from := range due {
			require.LessOrEqual(t, sum(from), tt.most, "%s, from step %d", name, from)
		}
	}
}

func TestMoverStandsStillWhereNothingIsAllowed(t *testing.T) {
	m := pacing.NewMover(begin)
	for i := range 100 {
		require.Zero(t, m.Next(begin.Add(time.Duration(i)*time.Second), begin.Add(time.Minute), 5, 0))
	}
	require.Equal(t, 1, m.Next(begin.Add(101*time.Second), begin.Add(time.Minute), 5, 1), "and nothing was saved up")
}

func TestMoverWithNoTimeAndNoBoundDoesAllAtOnce(t *testing.T) {
	require.Equal(t, 500, pacing.NewMover(begin).Next(begin, begin, 500, math.Inf(1)))
}

func TestMoverDoesNotCatchUpAtOnce(t *testing.T) {
	m := pacing.NewMover(begin)
	require.Equal(t, 1, m.Next(begin, begin.Add(10*time.Second), 1000, 200))
	require.LessOrEqual(t, m.Next(begin.Add(5*time.Second), begin.Add(10*time.Second), 999, 200), 101, "half a second's worth")
}

// Whatever the steps and the bounds: never faster than allowed, never more than there are, and done in time where that is possible.
func TestMoverKeepsItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		span := time.Duration(rapid.IntRange(0, 60_000).Draw(t, "span")) * time.Millisecond
		total := rapid.IntRange(0, 5000).Draw(t, "total")
		most := float64(rapid.IntRange(1, 2000).Draw(t, "most"))
		ends := begin.Add(span)
		m := pacing.NewMover(begin)
		now, left, sent, allowed := begin, total, 0, 1.0
		steady := true // that it was called often enough, and the bound let it
		for now.Before(ends) && left > 0 {
			perSecond := rapid.Float64Range(0, most).Draw(t, "per second")
			n := m.Next(now, ends, left, perSecond)
			require.GreaterOrEqual(t, n, 0)
			require.LessOrEqual(t, n, left)
			sent, left = sent+n, left-n
			require.LessOrEqual(t, float64(sent), allowed+1e-6)
			step := time.Duration(rapid.IntRange(1, 2000).Draw(t, "step")) * time.Millisecond
			allowed += most * step.Seconds()
			steady = steady && step <= 200*time.Millisecond && perSecond >= 1.5*float64(total)/span.Seconds()
			now = now.Add(step)
		}
		if steady && span > 2*time.Second {
			require.LessOrEqual(t, left, 1+total/20, "of %d", total)
		}
		require.Equal(t, left, m.Next(now, now, left, math.Inf(1)), "what is left at the end is due when nothing bounds it")
	})
}
