package gateway

import (
	"math/rand/v2"
	"time"

	"github.com/starling-realtime/starling/gateway/rebalance"
)

// leavingFor is how long a client that was asked to move counts as one that will.
const leavingFor = 30 * time.Second

func (g *Gateway) newRebalancer(t RebalanceTuning) *rebalancer {
	t = t.withDefaults()
	plan := rebalance.NewPlanner(t.Plan)
	first := plan.Status()
	return &rebalancer{
		every: t.Every, logger: g.logger, asked: g.metrics.shed, stops: g.metrics.shedStops, planner: plan,
		view: func() rebalance.View { return g.rebalanceView(t.Rest) },
		ask:  func(count int) int { return g.askToRebalance(count, t.Rest, t.Every) },
		status: RebalanceStatus{
			Policy: "Even", State: string(first.State), Reason: first.Reason, Since: &g.started,
		},
	}
}

// rebalanceView is the cluster as the planner wants it.
func (g *Gateway) rebalanceView(rest time.Duration) rebalance.View {
	v := rebalance.View{Connections: g.roster.len()}
	v.Ready, _ = g.ready.state()
	if g.cluster != nil {
		for _, p := range g.cluster.Status().Peers {
			if !p.isMemory() {
				v.Others = append(v.Others, p.rebalanceView())
			}
		}
	}
	now := g.clock()
	var batch []*session
	for i := range rosterShards {
		batch = g.roster.copyShard(i, batch[:0])
		for _, s := range batch {
			switch {
			case s.isLeaving(now):
				v.Leaving++
			case s.mayMove(now, rest):
				v.Movable++
			}
		}
	}
	return v
}

// isMemory says that a peer has gone for good.
func (p PeerStatus) isMemory() bool {
	return (p.State == "dead" || p.State == "leaving") && !p.LinkedIn && !p.LinkedOut && p.Entries == 0
}

func (p PeerStatus) rebalanceView() rebalance.Gateway {
	out := rebalance.Gateway{ID: p.Boot}
	if p.Load == nil {
		return out
	}
	out.Connections, out.Shed, out.PerSecond, out.Room = p.Connections, p.Shed, p.AcceptPerSecond, p.Headroom
	// A gateway that does not take clients yet accepts none a second.
	out.Serves = p.State == "live" && p.InStep && p.LinkedIn && p.LinkedOut && !p.Draining && p.AcceptPerSecond > 0
	return out
}

// askToRebalance asks so many clients, at random, to connect again within the time until the next look; it returns how many it asked.
func (g *Gateway) askToRebalance(count int, rest, within time.Duration) (asked int) {
	now := g.clock()
	list := g.sessions(func(s *session) bool { return s.mayMove(now, rest) })
	each(list, count, func(s *session) {
		asked++
		s.shed.Store(true)
		s.settled.Store(now)
		after := time.Duration(rand.Int64N(int64(within) + 1))
		s.sendAway("rebalance", after, mostOverlap)
	})
	return asked
}

// mayMove says whether a client has been connected for so long, and has not been asked to move since then.
func (s *session) mayMove(now int64, rest time.Duration) bool {
	return s.closing.Load() == 0 && now-s.settled.Load() >= rest.Milliseconds() && !s.isLeaving(now)
}

// isLeaving says whether a client was asked to move so short a while ago that it may yet.
func (s *session) isLeaving(now int64) bool {
	return s.shed.Load() && now-s.settled.Load() < leavingFor.Milliseconds()
}
