package fanout

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
)

func TestWaitsFallIntoTheirBuckets(t *testing.T) {
	var w waits
	w.init()
	w.add(0, 1)
	w.add(50*time.Microsecond, 2)
	w.add(51*time.Microsecond, 3)
	w.add(time.Hour, 4)
	got := w.read()
	require.EqualValues(t, 3, got.Counts[0], "a bound belongs to its bucket")
	require.EqualValues(t, 3, got.Counts[1])
	require.EqualValues(t, 4, got.Counts[len(got.Bounds)], "the last bucket has no bound")
	require.Equal(t, 4*time.Hour+253*time.Microsecond, got.Sum)

	ch := make(chan prometheus.Metric, 1)
	w.Collect(ch)
	var m dto.Metric
	require.NoError(t, (<-ch).Write(&m))
	require.EqualValues(t, 10, m.GetHistogram().GetSampleCount())
	require.EqualValues(t, 6, m.GetHistogram().GetBucket()[1].GetCumulativeCount())
}

func TestStatsCountWhatWasWritten(t *testing.T) {
	p := newPool(t, Options{})
	s, _, _ := attached(t, p)
	for range 10 {
		require.NoError(t, s.Enqueue(text("hello")))
	}
	eventually(t, func() bool { return p.Stats().Frames == 10 }, func() string { return "frames written" })
	var waited uint64
	eventually(t, func() bool {
		waited = 0
		for _, n := range p.Stats().Waits.Counts {
			waited += n
		}
		return waited == 10
	}, func() string { return "waits of all frames" })
	require.Positive(t, p.Stats().Waits.Sum)
	require.Zero(t, p.Stats().Behind)
	_, _, behind := s.Behind()
	require.False(t, behind)
}

func TestASocketThatIsRefusedIsBehind(t *testing.T) {
	p := newPool(t, Options{SlowTimeout: 3 * time.Second})
	s, _, _, _ := stalled(t, p)
	require.Equal(t, 1, p.Stats().Behind)
	since, bytes, behind := s.Behind()
	require.True(t, behind)
	require.Positive(t, since)
	require.Positive(t, bytes)
	eventually(t, func() bool { return p.Stats().SlowCloses == 1 }, func() string { return "the socket to be given up" })
}
