package ratelimit_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/starling-realtime/starling/gateway/ratelimit"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestBurstThenRate(t *testing.T) {
	l := ratelimit.New[string](ratelimit.Options{PerSecond: 4, Burst: 3, Most: 100})
	for range 3 {
		require.Zero(t, l.Take("a", start))
	}
	require.InDelta(t, 250*time.Millisecond, l.Take("a", start), float64(time.Microsecond))
	require.Zero(t, l.Take("b", start), "keys do not share")
	require.Positive(t, l.Take("a", start.Add(249*time.Millisecond)))
	require.Zero(t, l.Take("a", start.Add(251*time.Millisecond)))
}

func TestBurstIsASecondsWorthUnlessSaid(t *testing.T) {
	l := ratelimit.New[string](ratelimit.Options{PerSecond: 7, Most: 1})
	for range 7 {
		require.Zero(t, l.Take("a", start))
	}
	require.Positive(t, l.Take("a", start))
}

func TestOffLimitsNothing(t *testing.T) {
	l := ratelimit.New[string](ratelimit.Options{})
	require.Nil(t, l)
	require.Zero(t, l.Take("a", start))
	require.Zero(t, l.Len())
}

// Whatever the order of keys and times, and however many keys are forgotten because they were idle, no key is let through more often
// than its burst and its rate allow; and one that waits as told is let in.
func TestHoldsItsBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		perSecond, burst := rapid.IntRange(1, 200).Draw(t, "rate"), rapid.IntRange(1, 50).Draw(t, "burst")
		l := ratelimit.New[int](ratelimit.Options{PerSecond: perSecond, Burst: burst, Most: 10_000, OnEvict: func() { t.Fatal("evicted") }})
		now := start
		accepted := map[int][]time.Time{}
		for range rapid.IntRange(1, 400).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, 400).Draw(t, "pauseMs")) * time.Millisecond)
			key := rapid.IntRange(0, 60).Draw(t, "key")
			// Callers come a little after they looked at the clock.
			wait := l.Take(key, now.Add(-time.Duration(rapid.Int64Range(0, 2).Draw(t, "lateMs"))*time.Millisecond))
			if wait > 0 && rapid.Bool().Draw(t, "waits") {
				now = now.Add(wait)
				wait = l.Take(key, now)
				require.Zero(t, wait)
			}
			if wait == 0 {
				accepted[key] = append(accepted[key], now)
			}
		}
		for key, times := range accepted {
			for from := range times {
				for to := from; to < len(times); to++ {
					most := float64(burst) + float64(perSecond)*(times[to].Sub(times[from])+2*time.Millisecond).Seconds()
					require.LessOrEqual(t, float64(to-from+1), most+1e-6, "key %d", key)
				}
			}
		}
	})
}

func TestForgetsWhoeverIsIdle(t *testing.T) {
	l := ratelimit.New[int](ratelimit.Options{PerSecond: 10, Burst: 20, Most: 1 << 20})
	for key := range 10_000 {
		require.Zero(t, l.Take(key, start))
	}
	require.Equal(t, 10_000, l.Len())
	later := start.Add(2 * time.Second) // when all buckets are full again
	for i := range 10_000 {
		l.Take(-i%500, later)
	}
	require.LessOrEqual(t, l.Len(), 1_500, "each call forgets more than it adds")
}

func TestMostKeys(t *testing.T) {
	var evicted atomic.Int64
	l := ratelimit.New[int](ratelimit.Options{PerSecond: 1, Burst: 1, Most: 320, OnEvict: func() { evicted.Add(1) }})
	const keys = 10_000
	for key := range keys {
		require.Zero(t, l.Take(key, start))
	}
	require.LessOrEqual(t, l.Len(), 320)
	require.EqualValues(t, keys-l.Len(), evicted.Load())
	require.Positive(t, l.Take(keys-1, start), "who came last is remembered")
	require.Zero(t, l.Take(0, start), "who was idle for longest is not")
}

func TestTakesFromManyGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New[string](ratelimit.Options{PerSecond: 100, Burst: 50, Most: 1000})
		var accepted atomic.Int64
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				for i := range 1000 {
					if l.Take("shared", time.Now()) == 0 {
						accepted.Add(1)
					}
					l.Take(fmt.Sprint(i), time.Now())
					time.Sleep(time.Millisecond)
				}
			})
		}
		group.Wait()
		require.InDelta(t, 150, accepted.Load(), 1, "a second of 100, and the burst")
	})
}

func TestTakeAllocatesNothing(t *testing.T) {
	l := ratelimit.New[string](ratelimit.Options{PerSecond: 1_000_000, Most: 1000})
	now := start
	l.Take("a", now)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		now = now.Add(time.Millisecond)
		l.Take("a", now)
	}))
}
