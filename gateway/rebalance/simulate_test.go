package rebalance

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Balancers, and whether each gets connections to where there is room.
var balancers = map[string]struct {
	choose balancer
	helps  bool
}{
	"random":         {random, true},
	"round robin":    {roundRobin, true},
	"least":          {leastConnections, true},
	"sticky":         {sticky, false},
	"mostly sticky":  {mostlySticky, false},
	"zonal":          {zonal, false},
	"zonal and idle": {toZeroZone, false},
}

func random(w *world, _ int) int { return w.r.IntN(len(w.gateways)) }

func roundRobin(w *world, _ int) int {
	w.turn++
	return w.turn % len(w.gateways)
}

func leastConnections(w *world, _ int) int {
	best := 0
	for i, g := range w.gateways {
		if g.connections() < w.gateways[best].connections() {
			best = i
		}
	}
	return best
}

// sticky sends clients to where they were, as one that goes by their addresses.
func sticky(w *world, was int) int {
	if was < 0 {
		return random(w, was)
	}
	return was
}

func mostlySticky(w *world, was int) int {
	if w.r.IntN(10) == 0 {
		return random(w, was)
	}
	return sticky(w, was)
}

// zonal keeps clients in a zone: gateways of even and of odd numbers.
func zonal(w *world, was int) int {
	if was < 0 {
		return random(w, was)
	}
	zone := was % 2
	return zone + 2*w.r.IntN((len(w.gateways)-zone+1)/2)
}

// toZeroZone sends everybody to one zone.
func toZeroZone(w *world, _ int) int { return zonal(w, 0) }

// scaledUp is some gateways with about as many clients each, and some more that are empty.
func scaledUp(r *rand.Rand) []int {
	counts := make([]int, 2+r.IntN(8))
	each := 30 + r.IntN(600)
	for i := range max(1, r.IntN(len(counts))) {
		counts[i] = max(0, each+int(r.NormFloat64()*math.Sqrt(float64(each))))
	}
	return counts
}

// anyhow is gateways with any number of clients.
func anyhow(r *rand.Rand) []int {
	counts := make([]int, 2+r.IntN(8))
	for i := range counts {
		if r.IntN(3) > 0 {
			counts[i] = r.IntN(600)
		}
	}
	return counts
}

// Hundreds of clusters with each load balancer end even or stopped, after a bounded number of moves, and stay so; no gateway asks a
// client that it has not above the mean.
func TestItEndsAndNeverGoesToAndFro(t *testing.T) {
	t.Parallel()
	for name, balancer := range balancers {
		for kind, load := range map[string]func(*rand.Rand) []int{"scaled up": scaledUp, "anyhow": anyhow} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				var asked, needed float64
				ends := map[State]int{}
				for seed := range uint64(worlds) {
					counts := load(rand.New(rand.NewPCG(seed, 2)))
					w := newWorld(seed, balancer.choose, counts)
					begin := measure(w.view(0))
					about := fmt.Sprintf("seed %d, %v", seed, counts)
					require.True(t, w.settle(48*time.Hour), "it ends: %s", about)
					w.requireEnd(t, counts, begin, about)
					for _, g := range w.gateways {
						ends[g.planner.Status().State]++
					}
					asked, needed = asked+float64(w.asked), needed+begin.excess*begin.odds()
				}
				t.Logf("%v, %.0f moves where chance needs %.0f", ends, asked, needed)
				require.Equal(t, ends[StateEven]+ends[StateStopped], sum(ends))
				if balancer.helps {
					require.Zero(t, ends[StateStopped])
					require.LessOrEqual(t, asked, 1.1*needed)
				} else {
					require.NotZero(t, ends[StateStopped])
				}
			})
		}
	}
}

func sum(ends map[State]int) (n int) {
	for _, k := range ends {
		n += k
	}
	return n
}

// requireEnd fails unless what is promised of every cluster holds.
func (w *world) requireEnd(t *testing.T, begin []int, l load, about string) {
	t.Helper()
	grant := open(l).grant
	most := worth * float64(l.gateways) * (grant + l.excess)
	require.LessOrEqual(t, float64(w.asked), most+grant, about)
	for i, g := range w.gateways {
		require.LessOrEqual(t, g.below, 1.0, "gateway %d goes below the mean: %s", i, about)
		n, mean := float64(len(g.clients)), w.mean()
		require.GreaterOrEqual(t, n, min(float64(begin[i]), mean)-1, "gateway %d ends with too few: %s", i, about)
		if g.planner.Status().State == StateEven {
			require.LessOrEqual(t, n-mean, l.threshold(0.1)+1, "gateway %d is even: %s", i, about)
		}
	}
}

// With sticky balancing no more is tried than an account begins with, however large the cluster.
func TestStickyBalancingIsFoundOut(t *testing.T) {
	for _, each := range []int{200, 2000, 20_000} {
		w := newWorld(1, sticky, []int{each, each, 0})
		begin := measure(w.view(0))
		require.True(t, w.settle(24*time.Hour))
		budget := worth * begin.odds() * open(begin).grant
		require.InDelta(t, budget, w.asked, 0.3*budget, "of %d", each)
		require.Equal(t, StateStopped, w.gateways[0].planner.Status().State)
		t.Logf("%d moves of %d clients", w.asked, 2*each)
	}
}

// The same where clients do not follow.
func TestDeafClientsAreFoundOut(t *testing.T) {
	w := newWorld(1, random, []int{300, 300, 0})
	w.deaf = 1
	require.True(t, w.settle(24*time.Hour))
	require.Equal(t, []int{300, 300, 0}, w.counts())
	require.Less(t, w.asked, 300)
	require.Equal(t, StateStopped, w.gateways[1].planner.Status().State)
}

// Clients that come and go by themselves do not make it stop, nor move more than they would have to.
func TestClientsThatComeAndGo(t *testing.T) {
	for _, perSecond := range []float64{0.1, 1, 3} {
		for seed := range max(5, worlds/10) {
			w := newWorld(uint64(seed), random, []int{400, 400, 400, 0})
			w.churn = perSecond
			begin := measure(w.view(0))
			for w.second < 3600 {
				w.step()
				for i, g := range w.gateways {
					require.NotEqual(t, StateStopped, g.planner.Status().State, "gateway %d, seed %d, second %d, %v a second", i, seed, w.second, perSecond)
				}
			}
			require.LessOrEqual(t, float64(w.asked), 1.5*begin.excess*begin.odds(), "seed %d", seed)
			after := measure(w.view(0))
			require.Less(t, after.excess, begin.excess/2)
		}
	}
}

// A gateway with very many clients is not slower for it than a few minutes.
func TestLargeClusterIsEvenWithinMinutes(t *testing.T) {
	w := newWorld(1, random, []int{20_000, 20_000, 0})
	w.until(t, 20*time.Minute, func() bool { return measure(w.view(0)).excess < 1000 })
	t.Logf("%v after %d s", w.counts(), w.second)
}
