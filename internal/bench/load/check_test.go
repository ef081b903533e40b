package load

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Whatever a server does to the order of a stream, each delivery gets the verdict that a set of all of them would give.
func TestSubscriptionTellsWhatHappened(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s subscription
		seen, highest := map[uint32]bool{}, uint32(0)
		for range rapid.IntRange(1, 200).Draw(t, "deliveries") {
			seq := uint32(max(1, int(highest)+rapid.IntRange(-60, 5).Draw(t, "step")))
			want := inOrder
			switch {
			case seen[seq]:
				want = duplicate
			case seq < highest:
				want = reordered
			}
			require.Equal(t, want, s.take(seq), "%d after %d", seq, highest)
			seen[seq], highest = true, max(highest, seq)
		}
	})
}

func TestPlanCountsReceivers(t *testing.T) {
	p := Plan{Channels: 4, Streams: 4, Groups: []Group{
		{Count: 4, PerConnection: 2},
		{Count: 5, PerConnection: 1, Stalled: 1},
		{Count: 2, PerConnection: 2, Deaf: true},
	}}
	require.Equal(t, []int{3, 3, 3, 3}, p.Receivers())
	require.EqualValues(t, 3*(1+2+3+4), p.Expected([]uint32{1, 2, 3, 4}))
	require.Equal(t, 11, p.Connections())
}

func TestResultsMergeAcrossProcesses(t *testing.T) {
	one := Result{
		Counts: Counts{Opened: 1}, Streams: []uint32{1, 0}, Ends: map[string]int{"4008": 1}, FirstDue: 5, LastOpen: 6, Latency: NewHistogram(),
	}
	one.Latency.Record(2_000_000)
	other := Result{Counts: Counts{Opened: 2}, Streams: []uint32{0, 3}, Ends: map[string]int{"4008": 1}, FirstDue: 4, LastOpen: 5}
	text, err := json.Marshal(one)
	require.NoError(t, err)
	var sum, copied Result
	require.NoError(t, json.Unmarshal(text, &copied))
	sum.Merge(&copied)
	sum.Merge(&other)
	require.Equal(t, 3, sum.Opened)
	require.Equal(t, []uint32{1, 3}, sum.Streams)
	require.Equal(t, map[string]int{"4008": 2}, sum.Ends)
	require.EqualValues(t, 4, sum.FirstDue)
	require.EqualValues(t, 6, sum.LastOpen)
	require.EqualValues(t, 1, sum.Latency.TotalCount())
	require.InEpsilon(t, 2_000_000, sum.Latency.Max(), 0.01)
}

func TestHistogramKeepsWhatIsOutOfItsRange(t *testing.T) {
	h := NewHistogram()
	h.Record(-5)
	h.Record(1 << 62)
	require.EqualValues(t, 2, h.TotalCount())
}

func TestUpgradeAnswer(t *testing.T) {
	const good = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
	size, err := upgradeAnswer([]byte(good + "\x81\x00"))
	require.NoError(t, err)
	require.Len(t, good, size)
	size, err = upgradeAnswer([]byte(good[:20]))
	require.NoError(t, err)
	require.Zero(t, size)
	_, err = upgradeAnswer([]byte("HTTP/1.1 503 Service Unavailable\r\n\r\n"))
	require.EqualError(t, err, "HTTP 503")
	_, err = upgradeAnswer(make([]byte, 1<<20))
	require.Error(t, err)
}

func TestResolveExplains(t *testing.T) {
	got, err := resolve("ws://127.0.0.1:8080")
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:8080", got.addr.String())
	for _, bad := range []string{"127.0.0.1:8080", "http://127.0.0.1", "ws://", "ws://127.0.0.1:nosuchport", "::"} {
		_, err := resolve(bad)
		require.ErrorContains(t, err, "address", bad)
	}
}
