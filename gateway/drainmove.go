package gateway

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"github.com/starling-realtime/starling/gateway/pacing"
	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/gateway/sleep"
)

const (
	// drainStep is how often a drain asks or closes some.
	drainStep = 100 * time.Millisecond
	// mostOverlap is how long a client that moves is asked to read both connections: longer than any wait for a join's reply.
	mostOverlap = 2 * time.Second
	// mostArrival is how long a client may take to connect before its overlap begins.
	mostArrival = time.Second
)

// move asks the clients to connect again, some at a time and in random order: evenly over the window, and no faster than the
// other gateways say that they can take them. It returns when all have gone, the window is over or ctx has ended; false: as soon
// as there is no gateway to move to.
func (g *Gateway) move(ctx context.Context, w *watch) bool {
	mover := pacing.NewMover(time.Now())
	var left []*session
	for g.admission.count.Load() > 0 {
		round, window, ends := g.drain.moving()
		now := time.Now()
		if !now.Before(ends) {
			return true
		}
		if w.alone(now) {
			return false
		}
		if len(left) == 0 { // at the beginning, and for those who came in at the last moment
			left = g.sessions(func(s *session) bool { return s.asked.Load() != round && !s.isClosing() })
		}
		overlap := min(window/3, mostOverlap)
		step := min(drainStep, max(window/50, time.Millisecond))
		due := mover.Next(now, ends.Add(-overlap-min(window/10, mostArrival)), len(left), g.share())
		left = each(left, due, func(s *session) { s.askToMove(round, step, overlap) })
		if !sleep.For(ctx, step) {
			return true
		}
	}
	return true
}

// moving returns what the move needs to know, which may change while it goes on.
func (d *drain) moving() (round uint32, window time.Duration, ends time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.round, d.window, d.windowEnds
}

// share is how many clients a second this gateway may send to the others.
func (g *Gateway) share() float64 {
	status := g.cluster.Status()
	peers := make([]pacing.Peer, 0, len(status.Peers))
	for _, p := range status.Peers {
		peers = append(peers, p.pace(g.cfg.Limits))
	}
	return pacing.Share(peers)
}

// sessions returns those that match, in random order.
func (g *Gateway) sessions(match func(*session) bool) []*session {
	all := g.roster.all()
	list := all[:0]
	for _, s := range all {
		if match(s) {
			list = append(list, s)
		}
	}
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// each calls fn for the first n of the list that have not ended meanwhile, and returns those behind them.
func each(list []*session, n int, fn func(*session)) []*session {
	for len(list) > 0 && n > 0 {
		if s := list[0]; !s.isClosing() {
			fn(s)
			n--
		}
		list[0] = nil
		list = list[1:]
	}
	return list
}

// askToMove asks a client, once a round, to connect again at a random time within the step.
func (s *session) askToMove(round uint32, step, overlap time.Duration) {
	if s.asked.Swap(round) == round {
		return
	}
	s.g.metrics.asked.Inc()
	s.settled.Store(s.g.clock())
	after := time.Duration(rand.Int64N(int64(step) + 1))
	s.sendAway("drain", after, overlap)
}

// sendAway tells a client to connect again. A stream then ends by itself: EventSource comes back only when it has.
func (s *session) sendAway(reason string, after, overlap time.Duration) {
	if s.stream != nil {
		s.stream.departs.Store(s.g.clock() + (after + overlap).Milliseconds() + 1)
	}
	s.send(protocol.Reconnect{Reason: reason, AfterMs: after.Milliseconds(), OverlapMs: overlap.Milliseconds()}.Frame(nowMs()))
}

// closeRest closes those who have not moved, in random order and evenly over most of the time; what is left of it is for their last
// frames.
func (g *Gateway) closeRest(ctx context.Context, code protocol.CloseCode, total time.Duration) {
	begin := time.Now()
	mover, ends := pacing.NewMover(begin), begin.Add(total-min(total/2, time.Second))
	var left []*session
	for g.admission.count.Load() > 0 {
		if len(left) == 0 {
			left = g.sessions(func(s *session) bool { return !s.isClosing() })
		}
		now := time.Now()
		due := mover.Next(now, ends, len(left), math.Inf(1))
		left = each(left, due, func(s *session) { s.force(code) })
		if !now.Before(ends) || !sleep.For(ctx, min(drainStep, max(total/50, time.Millisecond))) {
			return
		}
	}
}

// drainLatecomer treats a session like the others that was accepted before the drain refused, and that was not in the roster
// yet when the drain looked there for the last time.
func (g *Gateway) drainLatecomer(s *session) {
	switch g.DrainStatus().Phase {
	case PhaseClosing, PhaseDrained:
		s.force(protocol.CloseRestart)
	case PhaseServing:
		if g.refusing.Load() { // the gateway closes
			s.end(protocol.CloseGoingAway, "this gateway stops")
		}
	default: // a drain that moves will come to it
	}
}

// force closes a session that has not moved.
func (s *session) force(code protocol.CloseCode) {
	if !s.end(code, "draining") {
		return
	}
	s.g.metrics.forced.Inc()
	s.g.drain.mu.Lock()
	defer s.g.drain.mu.Unlock()
	s.g.drain.status.Forced++
}

// noteMoved counts a session that has ended, if the drain had asked for that.
func (g *Gateway) noteMoved(s *session) {
	asked, closing := s.asked.Load(), s.closing.Load()
	left := closing == 0 || closing == byClient || s.stream != nil && s.stream.departs.Load() == departed
	if asked == 0 || !left {
		return
	}
	g.drain.mu.Lock()
	defer g.drain.mu.Unlock()
	if g.drain.stop != nil && asked == g.drain.round {
		g.metrics.moved.Inc()
		g.drain.status.Moved++
	}
}
