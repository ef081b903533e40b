package overview

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestHistoryKeepsTheLatestSteps(t *testing.T) {
	var h History
	require.Nil(t, h.Last())
	require.Empty(t, h.Since(0))
	for i := range int64(HistorySteps + 7) {
		h.Add(Step{At: i})
		require.Equal(t, i, h.Last().At)
	}
	all := h.Since(-1)
	require.Len(t, all, HistorySteps)
	for i, s := range all {
		require.EqualValues(t, i+7, s.At, "in order")
	}
	require.Equal(t, []Step{{At: HistorySteps + 5}, {At: HistorySteps + 6}}, h.Since(HistorySteps+4))
}

func TestQuantile(t *testing.T) {
	bounds := []time.Duration{10, 20, 40}
	for name, test := range map[string]struct {
		q      float64
		counts []uint64
		want   time.Duration
		ok     bool
	}{
		"nothing":              {0.99, []uint64{0, 0, 0, 0}, 0, false},
		"half of one bucket":   {0.5, []uint64{0, 4, 0, 0}, 15, true},
		"all of one bucket":    {1, []uint64{8, 0, 0, 0}, 10, true},
		"the last of hundred":  {0.99, []uint64{98, 0, 2, 0}, 30, true},
		"over the last bound":  {0.99, []uint64{1, 0, 0, 99}, 40, true},
		"an edge of a bucket":  {0.5, []uint64{1, 0, 1, 0}, 10, true},
		"the least of a wait":  {0, []uint64{0, 1, 0, 0}, 10, true},
		"counts but no bounds": {0.5, nil, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := Quantile(test.q, bounds, test.counts)
			require.Equal(t, test.ok, ok)
			require.Equal(t, test.want, got)
		})
	}
}

// The quantile lies in the bucket where sorting everything would find it.
func TestQuantileLiesInItsBucket(t *testing.T) {
	bounds := []time.Duration{10, 20, 40, 80}
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.SliceOfN(rapid.Uint64Range(0, 50), 5, 5).Draw(t, "counts")
		q := rapid.Float64Range(0.01, 1).Draw(t, "q")
		got, ok := Quantile(q, bounds, counts)
		total := uint64(0)
		for _, n := range counts {
			total += n
		}
		require.Equal(t, total > 0, ok)
		if !ok {
			return
		}
		below, rank := uint64(0), q*float64(total)
		for i, n := range counts {
			if below += n; float64(below) < rank {
				continue
			}
			if i == len(bounds) {
				require.Equal(t, bounds[len(bounds)-1], got)
				return
			}
			require.LessOrEqual(t, got, bounds[i])
			if i > 0 {
				require.GreaterOrEqual(t, got, bounds[i-1])
			}
			return
		}
	})
}

func linked(node, boot string) Peer {
	return Peer{Node: node, Boot: boot, State: "live", LinkedIn: true, LinkedOut: true}
}

func TestUnseenAreThoseThatOthersKnow(t *testing.T) {
	half := linked("c", "3")
	half.LinkedIn = false
	leaving := Peer{Node: "d", Boot: "4", State: "leaving"}
	o := Overview{
		Gateways: []Gateway{
			{Node: "a", Boot: "1", Peers: []Peer{linked("b", "2"), half, leaving}},
			{Node: "b", Boot: "2", Peers: []Peer{linked("a", "1"), linked("c", "3")}},
			{Node: "c", Boot: "3"},
			{Node: "d", Boot: "4", Peers: []Peer{linked("a", "1"), linked("b", "2"), linked("c", "3")}},
		},
		Missing: []Missing{{Node: "e", Boot: "5", Reason: "no answer"}},
	}
	require.Equal(t, []string{"c", "e"}, o.unseen(0), "a link that works one way is not enough, and who leaves is not missed")
	require.Equal(t, []string{"d", "e"}, o.unseen(1))
	require.Equal(t, []string{"a", "b", "d", "e"}, o.unseen(2))
	require.Equal(t, []string{"e"}, o.unseen(3))
}

func TestTotals(t *testing.T) {
	fast, slow := 1.5, 20.0
	o := Overview{
		Gateways: []Gateway{
			{Ready: true, Connections: 2, Channels: 5, Members: 9, Figures: &Step{In: 1, Out: 10, P99Ms: &fast}},
			{Draining: true, Connections: 3, Channels: 6, Members: 8, Figures: &Step{In: 2, Out: 20, P99Ms: &slow}},
			{Ready: true, Figures: &Step{}},
			{Ready: true},
		},
		Missing: []Missing{{Node: "x"}},
	}
	require.Equal(t, Totals{
		Gateways: 5, Ready: 3, Draining: 1, Connections: 5, Channels: 6, Members: 9, In: 3, Out: 30, P99Ms: &slow,
	}, o.Totals())
}

func TestCompleteNamesWhoeverIsKnownAndDidNotAnswer(t *testing.T) {
	o := Overview{
		Gateways: []Gateway{
			{Node: "b", Boot: "2", Peers: []Peer{
				linked("a", "1"),
				{Node: "a", Boot: "0", State: "orphaned"},
				{Node: "c", Boot: "3", State: "orphaned"},
				{Node: "d", Boot: "4", State: "leaving"},
				{Node: "f", Boot: "6", State: "dead"},
			}},
			{Node: "a", Boot: "1", Peers: []Peer{linked("b", "2"), {Node: "e", Boot: "5", State: "joining"}}},
		},
		Missing: []Missing{{Node: "a", Reason: "its boot before"}, {Node: "c", Reason: "unreachable"}},
	}
	o.Complete()
	require.Equal(t, []string{"a", "b"}, []string{o.Gateways[0].Node, o.Gateways[1].Node})
	require.Equal(t, []Missing{
		{Node: "c", Boot: "3", Reason: "unreachable"}, {Node: "e", Boot: "5", Reason: "only a knows of it"},
	}, o.Missing, "who left, ended or has a successor is not missing")
}
