package rebalance

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A balancer chooses the gateway to which a client of a zone comes that was at a gateway before.
type balancer func(r *rand.Rand, w *world, was int) int

var balancers = map[string]balancer{
	"plain":  func(r *rand.Rand, w *world, _ int) int { return r.IntN(len(w.gateways)) },
	"sticky": func(_ *rand.Rand, _ *world, was int) int { return was },
	"mostly sticky": func(r *rand.Rand, w *world, was int) int {
		if r.IntN(10) > 0 {
			return was
		}
		return r.IntN(len(w.gateways))
	},
	"least": func(_ *rand.Rand, w *world, _ int) int {
		least := 0
		for i := range w.gateways {
			if len(w.gateways[i].clients) < len(w.gateways[least].clients) {
				least = i
			}
		}
		return least
	},
	// Gateways of even and odd numbers are in two zones, which clients do not leave.
	"zonal": func(r *rand.Rand, w *world, was int) int {
		zone := was % 2
		return zone + 2*r.IntN((len(w.gateways)-zone+1)/2)
	},
}

// A world is a cluster in seconds.
type world struct {
	gateways []simGateway
	second   int
	// arriving are clients under way, by the second at which they arrive and where they come from.
	arriving map[int][]int
	moves    int
}

type simGateway struct {
	planner *Planner
	// clients are by the second at which each was asked last.
	clients []int
}

// leaveAfter is how long a client that was asked stays connected, as the overlap of a move.
const leaveAfter = 2

func (w *world) step(r *rand.Rand, balance balancer, start time.Time) {
	w.second++
	counts := make([]int, len(w.gateways))
	for i := range w.gateways {
		counts[i] = len(w.gateways[i].clients)
	}
	for i := range w.gateways {
		g := &w.gateways[i]
		var others []Gateway
		for j, n := range counts {
			if j != i {
				others = append(others, Gateway{Boot: uint64(j + 1), Connections: n, Known: true, Serves: true, PerSecond: 1000, Room: 20000})
			}
		}
		self := Own{Ready: true, Connections: counts[i]}
		open := g.planner.round.open // else it does not matter, and counting is what takes the time
		for _, asked := range g.clients[:len(g.clients)*btoi(open)] {
			if w.second-asked >= int(Rest.Seconds()) {
				self.Movable++
			}
		}
		due := g.planner.Next(start.Add(time.Duration(w.second)*time.Second), self, others)
		w.moves += due
		for k := 0; due > 0; {
			if w.second-g.clients[k] < int(Rest.Seconds()) {
				k++
				continue
			}
			g.clients = append(g.clients[:k], g.clients[k+1:]...)
			at := w.second + r.IntN(leaveAfter) + 1
			w.arriving[at] = append(w.arriving[at], i)
			due--
		}
	}
	for _, was := range w.arriving[w.second] {
		to := balance(r, w, was)
		w.gateways[to].clients = append(w.gateways[to].clients, w.second)
	}
	delete(w.arriving, w.second)
}

// busy says that clients are on the way, or a round goes on.
func (w *world) busy() bool {
	for i := range w.gateways {
		if w.gateways[i].planner.round.open {
			return true
		}
	}
	return len(w.arriving) > 0
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Thousands of clusters after a scale-up or with any load: the moves are bounded, everybody ends even or stopped and stays so, and
// nobody sheds below the mean.
func TestNeverOscillates(t *testing.T) {
	const threshold = 0.1
	for name, balance := range balancers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ends := map[State]int{}
			for seed := range uint64(400) {
				r := rand.New(rand.NewPCG(seed, 1))
				w := &world{arriving: map[int][]int{}, gateways: make([]simGateway, 2+r.IntN(8))}
				total, atStart := 0, make([]int, len(w.gateways))
				for i := range w.gateways {
					w.gateways[i].planner = NewPlanner(Options{Threshold: threshold, Share: 0.02})
					if r.IntN(3) > 0 {
						atStart[i] = r.IntN(400)
					}
					total += atStart[i]
					for range atStart[i] {
						w.gateways[i].clients = append(w.gateways[i].clients, math.MinInt32)
					}
				}
				mean := float64(total) / float64(len(w.gateways))
				excess := 0
				for _, n := range atStart {
					excess += max(0, n-int(mean))
				}
				about := fmt.Sprintf("seed %d, %v", seed, atStart)
				// Planners change their mind only when something has changed, so quiet for a while is quiet for ever.
				for quiet := 0; quiet < 60; quiet++ {
					require.Less(t, w.second, 3600, "it ends: %s", about)
					w.step(r, balance, time.Unix(0, 0))
					if w.busy() {
						quiet = 0
					}
				}
				require.LessOrEqual(t, w.moves, 2*excess+2*len(w.gateways), about)
				for i := range w.gateways {
					state := w.gateways[i].planner.Status().State
					require.Contains(t, []State{StateEven, StateStopped}, state, about)
					ends[state]++
					low := min(float64(atStart[i]), mean*(1-threshold)) - 1
					require.GreaterOrEqual(t, float64(len(w.gateways[i].clients)), low, "gateway %d of %s", i, about)
				}
			}
			t.Logf("ends: %v", ends)
		})
	}
}
