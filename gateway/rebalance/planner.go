package rebalance

import (
	"fmt"
	"math"
	"time"
)

// Rest is how long a client that was asked to move is left alone.
const Rest = 10 * time.Minute

// Options bound a [Planner].
type Options struct {
	// Threshold is how much more than the mean a gateway must have, as a part of the mean: 0.1 is a tenth.
	Threshold float64
	// Share is how many of its clients a gateway asks a second, as a part of what it has: 0.01 is a hundredth.
	Share float64
	// Settle is how long after the last client of a round was asked it is judged. Default 30 s: clients take a while, and
	// announcements lag.
	Settle time.Duration
}

// A Gateway is one of the others, as this one sees it.
type Gateway struct {
	// Boot tells lives of gateways apart.
	Boot uint64
	// Connections are what it announces; Known says that it did.
	Connections int
	Known       bool
	// Serves says that it takes clients and is in step. One that does not keeps everybody at rest.
	Serves bool
	// PerSecond and Room are how many clients it can take, a second and in all.
	PerSecond, Room int
}

// State is what a [Planner] does.
type State string

// States of a planner.
const (
	// StateEven is while this gateway has no excess.
	StateEven State = "even"
	// StateShedding is while it asks clients to move, or waits for what comes of it.
	StateShedding State = "shedding"
	// StateResting is while something else goes on.
	StateResting State = "resting"
	// StateStopped is after a round that did not help.
	StateStopped State = "stopped"
)

// A Status says what a planner does, and why.
type Status struct {
	State  State  `json:"state"`
	Reason string `json:"reason,omitempty"`
}

// A Planner decides for one gateway. It is not safe for concurrent use.
type Planner struct {
	opts   Options
	status Status
	// members are the gateways of the last call.
	members map[uint64]bool
	last    time.Time
	credit  float64
	round   round
}

// A round is what was decided at one time.
type round struct {
	// excess is what this gateway had above the mean when the round began; left is how many it has yet to ask.
	excess, left int
	// judged is when it is looked at what came of it; zero while clients are being asked.
	judged time.Time
	open   bool
}

// NewPlanner returns a planner that rests until it is called.
func NewPlanner(opts Options) *Planner {
	if opts.Settle <= 0 {
		opts.Settle = 30 * time.Second
	}
	return &Planner{opts: opts, status: Status{State: StateResting, Reason: "starting"}}
}

// Status says what was decided last.
func (p *Planner) Status() Status { return p.status }

// An Own is what the gateway that plans has itself.
type Own struct {
	// Ready says that it serves and does not drain.
	Ready bool
	// Connections are open. Leaving of them were asked to move a moment ago and have not gone yet; Movable have not been asked
	// in [Rest].
	Connections, Leaving, Movable int
}

// Next returns how many clients are to be asked to move now. Call it about once a second, and ask exactly so many.
func (p *Planner) Next(now time.Time, self Own, others []Gateway) int {
	step := min(max(0, now.Sub(p.last)), time.Second)
	p.last = now
	p.noteMembers(others)
	if reason := resting(self.Ready, others); reason != "" {
		// What was measured is of no use any more: whatever this is changes the numbers.
		p.round, p.credit = round{}, 0
		if p.status.State != StateStopped {
			p.status = Status{StateResting, reason}
		}
		return 0
	}
	if p.status.State == StateStopped {
		return 0
	}
	own, mean := self.Connections, meanOf(self.Connections, others)
	excess := own - int(math.Ceil(mean))
	if p.round.open {
		return p.goOn(now, step, self, excess, others)
	}
	if excess <= 0 || float64(own)-mean <= max(1, p.opts.Threshold*mean) {
		p.status = Status{State: StateEven}
		return 0
	}
	p.round = round{excess: excess, left: excess, open: true}
	p.status = Status{StateShedding, fmt.Sprintf("has %d connections, %d more than the mean of %d gateways", own, excess, len(others)+1)}
	return 0
}

// goOn asks the next of the round, or judges it.
func (p *Planner) goOn(now time.Time, step time.Duration, self Own, excess int, others []Gateway) int {
	// Others may shed too, or clients leave by themselves: never below the mean.
	p.round.left = min(p.round.left, max(0, excess-self.Leaving))
	if p.round.left > 0 && p.round.judged.IsZero() && self.Movable > 0 {
		p.credit += p.perSecond(self.Connections, others) * step.Seconds()
		due := min(int(p.credit), p.round.left, self.Movable)
		p.credit = min(p.credit-float64(due), 1)
		p.round.left -= due
		return due
	}
	switch {
	case p.round.judged.IsZero():
		p.round.judged = now.Add(p.opts.Settle)
	case !now.Before(p.round.judged):
		if 2*excess > p.round.excess {
			p.status = Status{StateStopped, fmt.Sprintf(
				"%d connections above the mean before a round and %d after it: clients come back, or cannot go elsewhere", p.round.excess, excess)}
		}
		p.round, p.credit = round{}, 0
	}
	return 0
}

// perSecond is how many clients a second this gateway may send to the others.
func (p *Planner) perSecond(own int, others []Gateway) float64 {
	mean := meanOf(own, others)
	room, above := 0, float64(own)-mean
	for _, g := range others {
		if float64(g.Connections) < mean {
			room += max(0, min(g.PerSecond, g.Room))
		} else {
			above += float64(g.Connections) - mean
		}
	}
	// Those that shed divide what the others can take by what each has too many.
	fair := float64(room) * (float64(own) - mean) / above
	return max(0, min(p.opts.Share*float64(own), fair))
}

func meanOf(own int, others []Gateway) float64 {
	sum := own
	for _, g := range others {
		sum += g.Connections
	}
	return float64(sum) / float64(len(others)+1)
}

// resting says what keeps everybody at rest, or nothing.
func resting(ready bool, others []Gateway) string {
	switch {
	case !ready:
		return "this gateway is not ready, or drains"
	case len(others) == 0:
		return "there is no other gateway"
	}
	for _, g := range others {
		if !g.Serves || !g.Known {
			return "another gateway starts, drains or is not in step"
		}
	}
	return ""
}

// noteMembers lets a planner that has stopped try again when gateways have come or gone.
func (p *Planner) noteMembers(others []Gateway) {
	same := len(others) == len(p.members)
	members := make(map[uint64]bool, len(others))
	for _, g := range others {
		members[g.Boot] = true
		same = same && p.members[g.Boot]
	}
	p.members = members
	if !same && p.status.State == StateStopped {
		p.status, p.round = Status{State: StateResting, Reason: "gateways have come or gone"}, round{}
	}
}
