package rebalance

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A balancer chooses the gateway to which a client connects that was at another one before; -1: that had none.
type balancer func(w *world, was int) int

// A world is a cluster, by seconds.
type world struct {
	r        *rand.Rand
	balance  balancer
	gateways []*simGateway
	second   int
	// told is what the gateways announced last, which is a second old.
	told []Gateway
	// moving are where clients on their way come from, by the second at which they arrive.
	moving map[int][]int
	// churn is how many clients leave a second, and how many others come.
	churn float64
	// deaf is the part of clients that do not move when they are asked.
	deaf float64
	// asked is the number of moves so far.
	asked int
	// turn is of balancers that take turns.
	turn int
}

type simGateway struct {
	planner *Planner
	// clients are the seconds at which they connected, or were asked and did not go, in order: those that may be asked are in front.
	clients []int
	shed    int
	// leaving are those that were asked, by the second at which they go: they are not among the clients any more, but are connected.
	leaving map[int]int
	// below is by how much it went furthest below the mean by what it asked.
	below float64
}

func (g *simGateway) leavingNow() (n int) {
	for _, k := range g.leaving {
		n += k
	}
	return n
}

func (g *simGateway) connections() int { return len(g.clients) + g.leavingNow() }

func (g *simGateway) movable(second int) int {
	n, _ := slices.BinarySearch(g.clients, second-int(Rest.Seconds())+1)
	return n
}

// overlap is how long a client that moves reads both connections, in seconds.
const overlap = 2

func newWorld(seed uint64, balance balancer, counts []int) *world {
	w := &world{r: rand.New(rand.NewPCG(seed, 1)), balance: balance, moving: map[int][]int{}}
	for _, n := range counts {
		g := &simGateway{planner: NewPlanner(Options{}), leaving: map[int]int{}}
		for range n {
			g.clients = append(g.clients, math.MinInt32)
		}
		w.gateways = append(w.gateways, g)
	}
	w.told = w.announce()
	return w
}

func (w *world) announce() []Gateway {
	told := make([]Gateway, len(w.gateways))
	for i, g := range w.gateways {
		told[i] = Gateway{ID: string(rune('a' + i)), Connections: g.connections(), Shed: g.shed, Serves: true, PerSecond: 1000, Room: 20_000}
	}
	return told
}

func (w *world) counts() []int {
	all := make([]int, len(w.gateways))
	for i, g := range w.gateways {
		all[i] = g.connections()
	}
	return all
}

func (w *world) mean() float64 {
	sum := 0
	for _, n := range w.counts() {
		sum += n
	}
	for _, list := range w.moving {
		sum += len(list)
	}
	for _, g := range w.gateways {
		sum -= g.leavingNow() // they are counted as moving, or as arrived
	}
	return float64(sum) / float64(len(w.gateways))
}

// step is one second: gateways decide, clients move, others come and go.
func (w *world) step() {
	w.second++
	now := time.Unix(int64(w.second), 0)
	mean := w.mean()
	for i, g := range w.gateways {
		due := g.planner.Next(now, w.view(i))
		if due == 0 {
			continue
		}
		for range due {
			w.ask(i, g)
		}
		g.below = max(g.below, mean-float64(len(g.clients)))
	}
	w.arrive()
	w.come()
	w.told = w.announce()
}

// view is what a gateway sees.
func (w *world) view(i int) View {
	g := w.gateways[i]
	v := View{Ready: true, Connections: g.connections(), Shed: g.shed, Leaving: g.leavingNow(), Movable: g.movable(w.second)}
	v.Others = append(append(v.Others, w.told[:i]...), w.told[i+1:]...)
	return v
}

func (w *world) ask(i int, g *simGateway) {
	g.clients = g.clients[1:]
	g.shed++
	w.asked++
	if w.r.Float64() < w.deaf {
		g.clients = append(g.clients, w.second)
		return
	}
	at := w.second + 1 + w.r.IntN(2)
	w.moving[at] = append(w.moving[at], i)
	g.leaving[at+overlap]++
}

func (w *world) arrive() {
	for _, was := range w.moving[w.second] {
		g := w.gateways[w.balance(w, was)]
		g.clients = append(g.clients, w.second)
	}
	delete(w.moving, w.second)
	for _, g := range w.gateways {
		delete(g.leaving, w.second)
	}
}

// come lets clients leave, wherever they are, and others come.
func (w *world) come() {
	for n := w.churn; n > w.r.Float64(); n-- {
		all := w.counts()
		sum := 0
		for _, k := range all {
			sum += k
		}
		if k := w.r.IntN(max(1, sum)); sum > 0 {
			i := 0
			for k >= all[i] {
				k -= all[i]
				i++
			}
			if g := w.gateways[i]; len(g.clients) > 0 {
				g.clients = slices.Delete(g.clients, 0, 1)
			}
		}
		g := w.gateways[w.balance(w, -1)]
		g.clients = append(g.clients, w.second)
	}
}

// settle goes on until nothing has moved for longer than clients rest, and says whether that came about.
func (w *world) settle(most time.Duration) bool {
	for quiet := 0; quiet < int((Rest + 2*time.Minute).Seconds()); quiet++ {
		if w.second > int(most.Seconds()) {
			return false
		}
		before := w.asked
		w.step()
		if w.asked != before {
			quiet = 0
		}
	}
	return true
}

// until goes on until something is so.
func (w *world) until(t *testing.T, most time.Duration, is func() bool) {
	t.Helper()
	for !is() {
		require.Less(t, w.second, int(most.Seconds()), "%v", w.counts())
		w.step()
	}
}
