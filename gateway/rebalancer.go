package gateway

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/starling-realtime/starling/gateway/rebalance"
)

// RebalanceTuning is what only tests have a reason to change about rebalancing. A zero field takes its default.
type RebalanceTuning struct {
	// Plan is the planner's.
	Plan rebalance.Options
	// Rest is how long a client that connected or was asked to move is left alone. Default [rebalance.Rest].
	Rest time.Duration
	// Every is the time between two looks, 1 s at most. Default 1 s.
	Every time.Duration
}

func (t RebalanceTuning) withDefaults() RebalanceTuning {
	if t.Rest <= 0 {
		t.Rest = rebalance.Rest
	}
	if t.Every <= 0 || t.Every > time.Second {
		t.Every = time.Second
	}
	return t
}

// RebalanceStatus says whether a gateway sends clients to others that have fewer, as /status shows it.
type RebalanceStatus struct {
	// Policy is "Even", or "Off" and then there is nothing else to say.
	Policy string `json:"policy"`
	// State is "even", "shedding", "resting" or "stopped"; see package rebalance.
	State string `json:"state,omitempty"`
	// Reason says why, in words.
	Reason string `json:"reason,omitempty"`
	// Since is when the state began.
	Since *time.Time `json:"since,omitempty"`
	// Excess is how many connections this gateway has above the mean.
	Excess int `json:"excess"`
	// Asked is how many clients it has asked to connect elsewhere since it started.
	Asked int `json:"asked"`
}

// A rebalancer asks clients to move while this gateway has more than the others.
type rebalancer struct {
	every  time.Duration
	view   func() rebalance.View
	ask    func(count int) (asked int)
	logger *slog.Logger
	// asked counts clients, stops the times that it stops because moves do not help.
	asked, stops prometheus.Counter

	planner *rebalance.Planner // of run only
	mu      sync.Mutex
	status  RebalanceStatus
}

// run looks again and again until ctx ends.
func (r *rebalancer) run(ctx context.Context) {
	ticker := time.NewTicker(r.every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			r.look(now)
		}
	}
}

func (r *rebalancer) look(now time.Time) {
	v := r.view()
	v.Shed = r.read().Asked
	asked := 0
	if due := r.planner.Next(now, v); due > 0 {
		asked = r.ask(due)
		r.asked.Add(float64(asked))
	}
	r.note(now, r.planner.Status(), asked)
}

// note keeps the status for others to see, and says what has changed.
func (r *rebalancer) note(now time.Time, plan rebalance.Status, asked int) {
	r.mu.Lock()
	before := r.status.State
	r.status.State, r.status.Reason, r.status.Excess = string(plan.State), plan.Reason, plan.Excess
	r.status.Asked += asked
	total := r.status.Asked
	if before != r.status.State {
		r.status.Since = &now
	}
	r.mu.Unlock()
	if before == string(plan.State) {
		return
	}
	switch plan.State {
	case rebalance.StateShedding:
		r.logger.Info("sending clients to gateways that have fewer", "reason", plan.Reason)
	case rebalance.StateStopped:
		r.stops.Inc()
		r.logger.Warn("stopped sending clients to other gateways, because it does not help: see docs/operations.md, Rebalancing",
			"reason", plan.Reason)
	case rebalance.StateEven:
		if before == string(rebalance.StateShedding) {
			r.logger.Info("has no more clients than the other gateways any more", "asked", total)
		}
	case rebalance.StateResting:
	}
}

// read returns the status. Nil is that of a gateway that does not rebalance.
func (r *rebalancer) read() RebalanceStatus {
	if r == nil {
		return RebalanceStatus{Policy: "Off"}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}
