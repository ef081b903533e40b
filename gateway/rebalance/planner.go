package rebalance

import (
	"fmt"
	"time"
)

// Rest is how long a client that has connected, or was asked to connect elsewhere, is left alone.
const Rest = 10 * time.Minute

// leastRate is how many clients a gateway with an excess asks a second at least: the last few would take for ever otherwise.
const leastRate = 1.0 / 30

// Options bound a [Planner]. A zero field takes its default.
type Options struct {
	// Threshold is how much more than the mean a gateway must have before it sheds, as a part of the mean. Default 0.1. What chance
	// makes of a load balancer that chooses at random is always borne: see [Planner.Next].
	Threshold float64
	// Share is how many of its clients a gateway asks a second at most, as a part of what it has. Default 0.01.
	Share float64
	// Steady is for how long the gateways must have been the same, and all in service. Default 1 minute: longer than what is
	// between two drains of a rollout.
	Steady time.Duration
	// Lag is how long it may take until a move shows in what gateways announce. Default 10 s.
	Lag time.Duration
}

func (o Options) withDefaults() Options {
	setDefault(&o.Threshold, 0.1)
	setDefault(&o.Share, 0.01)
	setDefault(&o.Steady, time.Minute)
	setDefault(&o.Lag, 10*time.Second)
	return o
}

func setDefault[T float64 | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

// State is what a [Planner] does.
type State string

// States of a planner.
const (
	// StateEven is while this gateway has nothing to shed.
	StateEven State = "even"
	// StateShedding is while it asks clients to move, or would if there were any that may be asked.
	StateShedding State = "shedding"
	// StateResting is while gateways come, go, drain or are not in step, and a while after that.
	StateResting State = "resting"
	// StateStopped is after moves that did not help.
	StateStopped State = "stopped"
)

// A Status says what a planner does, and why.
type Status struct {
	State State
	// Reason is for people; empty while there is nothing to say.
	Reason string
	// Excess is how many connections this gateway has above the mean.
	Excess int
}

// A Planner decides for one gateway. It is not safe for concurrent use.
type Planner struct {
	opts    Options
	status  Status
	members members
	last    time.Time
	credit  float64
	// account is nil while this gateway has nothing to shed.
	account *account
}

// NewPlanner returns a planner that rests until the gateways have been the same for a while.
func NewPlanner(opts Options) *Planner {
	return &Planner{opts: opts.withDefaults(), status: Status{State: StateResting, Reason: "this gateway has just started"}}
}

// Status says what was decided last.
func (p *Planner) Status() Status { return p.status }

// Next returns how many clients are to be asked to move now. Call it about once a second, ask exactly so many, and count them in the
// next view. A gateway sheds that has more than the mean by more than the threshold, and by more than three times what chance makes.
func (p *Planner) Next(now time.Time, v View) int {
	step := min(max(0, now.Sub(p.last)), time.Second)
	p.last = now
	l := measure(v)
	p.status.Excess = max(0, l.own)
	if p.members.changed(v.Others) {
		p.account = nil                                    // of other gateways
		p.status.State, p.status.Reason = StateResting, "" // the reason follows
	}
	if reason := p.members.unsteady(now, v, p.opts.Steady); reason != "" {
		p.rest(reason)
		return 0
	}
	if p.account != nil && !p.account.isOf(l) {
		p.account = nil
	}
	switch {
	case l.own <= 0, p.account == nil && float64(l.own) <= l.threshold(p.opts.Threshold):
		p.account, p.credit = nil, 0
		p.status.State, p.status.Reason = StateEven, ""
		return 0
	case p.account == nil:
		p.account, p.credit = open(l), 0
	case p.status.State == StateStopped:
		return 0
	}
	if p.account.see(now, l, p.opts.Lag); p.account.balance() <= 0 {
		p.status.State, p.status.Reason = StateStopped, p.account.verdict(l)
		return 0
	}
	return p.shed(step, l, v)
}

// rest does nothing for now. Who has stopped stays so.
func (p *Planner) rest(reason string) {
	p.credit = 0
	if p.account != nil {
		p.account.pause()
	}
	if p.status.State != StateStopped {
		p.status.State, p.status.Reason = StateResting, reason
	}
}

// shed says how many go now.
func (p *Planner) shed(step time.Duration, l load, v View) int {
	p.status.State = StateShedding
	p.status.Reason = fmt.Sprintf("%d connections, %d more than the mean of %d gateways", v.Connections, l.own, l.gateways)
	left := l.own - v.Leaving
	switch {
	case left <= 0:
		return 0 // those that were asked are on their way
	case v.Movable == 0:
		p.credit = 0
		p.status.Reason += "; all have connected or were asked to move a short while ago"
		return 0
	case l.room <= 0:
		p.credit = 0
		p.status.Reason += "; the others take none"
		return 0
	}
	bold := p.account.bold() / p.opts.Lag.Seconds()
	fair := max(l.part()*min(float64(l.room), bold), leastRate)
	p.credit += min(p.opts.Share*float64(v.Connections), fair) * step.Seconds()
	due := min(int(p.credit), left, v.Movable)
	p.credit = min(p.credit-float64(due), 1)
	return due
}
