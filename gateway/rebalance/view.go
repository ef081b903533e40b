package rebalance

import "math"

// A Gateway is one of the others, as it announces itself.
type Gateway struct {
	// ID tells lives of gateways apart.
	ID string
	// Connections are open.
	Connections int
	// Shed is how many clients it has asked to connect elsewhere since it started, because it had more than others.
	Shed int
	// Serves says that it takes clients, is in step and has announced all this. One that does not keeps everybody at rest.
	Serves bool
	// PerSecond and Room are how many clients it can take, a second and in all.
	PerSecond, Room int
}

// A View is what a gateway that plans sees.
type View struct {
	// Ready says that this gateway serves and does not drain.
	Ready bool
	// Connections are open here, and Shed were asked since it started to connect elsewhere because it had more than others.
	Connections, Shed int
	// Leaving are those that were asked a moment ago and have not gone yet.
	Leaving int
	// Movable are those that may be asked: see [Rest].
	Movable int
	// Others are the other gateways.
	Others []Gateway
}

// A load is what a view comes to.
type load struct {
	gateways, total int
	mean            float64
	// own is how many connections this gateway has above the mean; less than 0: below it.
	own int
	// excess is how many all gateways have above the mean, together. A move makes it less or leaves it as it is.
	excess float64
	// under is the number of gateways that have less than the mean, and room what they take a second.
	under, room int
	// shed is how many clients were asked so far, by all.
	shed int
}

func measure(v View) load {
	l := load{gateways: 1 + len(v.Others), total: v.Connections, shed: v.Shed}
	for _, g := range v.Others {
		l.total += g.Connections
		l.shed += g.Shed
	}
	l.mean = float64(l.total) / float64(l.gateways)
	l.own = v.Connections - int(math.Ceil(l.mean))
	l.excess = max(0, float64(v.Connections)-l.mean)
	for _, g := range v.Others {
		above := float64(g.Connections) - l.mean
		l.excess += max(0, above)
		if above < 0 {
			l.under++
			l.room += max(0, min(g.PerSecond, g.Room))
		}
	}
	return l
}

// chance is how far the number of one gateway's connections is usually from the mean when clients choose at random.
func (l load) chance() float64 { return math.Sqrt(l.mean) }

// threshold is how many connections above the mean are borne.
func (l load) threshold(share float64) float64 { return max(share*l.mean, 3*l.chance()) }

// odds is how many moves it takes to get one connection to a gateway that has too few, when clients choose at random.
func (l load) odds() float64 { return float64(l.gateways) / float64(max(1, l.under)) }

// part is this gateway's part of all excess, and so of what may be shed.
func (l load) part() float64 { return float64(l.own) / max(1, l.excess) }
