package gateway

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestBucket(t *testing.T) {
	var b bucket
	const start = 5_000
	for range 10 {
		require.Zero(t, b.take(start, 10, 4))
	}
	require.Equal(t, int64(251), b.take(start, 10, 4))
	require.Equal(t, int64(151), b.take(start+100, 10, 4))
	require.Zero(t, b.take(start+251, 10, 4))
	require.Positive(t, b.take(start+251, 10, 4))
}

// Over any time, no more is taken than the burst and what leaks; and who waits as told is let in.
func TestBucketHoldsItsBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		burst, rate := rapid.IntRange(1, 200).Draw(t, "burst"), rapid.IntRange(1, 100).Draw(t, "rate")
		var b bucket
		now, taken := int64(0), 0
		for range rapid.IntRange(1, 500).Draw(t, "steps") {
			now += rapid.Int64Range(0, 300).Draw(t, "pause")
			wait := b.take(now, burst, rate)
			if wait == 0 {
				taken++
				continue
			}
			if rapid.Bool().Draw(t, "waits") {
				now += wait
				require.Zero(t, b.take(now, burst, rate))
				taken++
			}
		}
		most := float64(burst) + float64(now)*float64(rate)/1000
		require.LessOrEqual(t, float64(taken), most*1.001+1)
	})
}

// However much is poured in, who waits as told, a second at most, pours no more than the burst and what leaks, but for the last
// amount and for what was let off.
func TestBucketSlowsWhatIsPoured(t *testing.T) {
	var b bucket
	const burst, rate = 1000, 10_000
	require.Zero(t, b.pour(0, burst, burst, rate))
	require.Zero(t, b.pour(0, 500, burst, rate), "it is full, but not over")
	require.EqualValues(t, 51, b.pour(0, 100, burst, rate))
	require.Zero(t, b.pour(200, 1<<30, burst, rate))
	require.EqualValues(t, 1001, b.pour(200, 0, burst, rate), "nobody waits for much longer than a second")
	now, poured := int64(10_000), 0
	for range 1000 {
		now += b.pour(now, 77, burst, rate)
		poured += 77
	}
	require.InDelta(t, poured, burst+rate*int(now-10_000)/1000, 200)
}
