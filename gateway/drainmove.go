package gateway

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/starling-realtime/starling/gateway/protocol"
)

// mostOverlap is how long a client that moves is asked to read both connections: longer than any wait for a join's reply.
const mostOverlap = 2 * time.Second

// move asks every client to connect again.
func (g *Gateway) move(ctx context.Context) {
	g.drain.mu.Lock()
	round, window := g.drain.round, g.drain.window
	g.drain.mu.Unlock()
	for _, s := range g.roster.all() {
		if ctx.Err() != nil {
			return
		}
		s.askToMove(round, window)
	}
}

// askToMove asks a client to connect again at a random time in the first half of the window, so that they do not come all at once.
func (s *session) askToMove(round uint32, window time.Duration) {
	if s.asked.Swap(round) == round {
		return
	}
	after := time.Duration(rand.Int64N(int64(window/2) + 1))
	overlap := min(window/3, mostOverlap)
	s.send(protocol.Reconnect{Reason: "drain", AfterMs: after.Milliseconds(), OverlapMs: overlap.Milliseconds()}.Frame(nowMs()))
}

// drainLatecomer treats a session like the others that was accepted before the drain refused, and that was not in the roster
// yet when the drain looked there.
func (g *Gateway) drainLatecomer(s *session) {
	g.drain.mu.Lock()
	defer g.drain.mu.Unlock()
	if g.drain.status.Phase == PhaseMoving && g.drain.window > 0 {
		s.askToMove(g.drain.round, g.drain.window)
		return
	}
	s.end(protocol.CloseRestart, "draining")
}
