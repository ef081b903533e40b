package gateway

import (
	"time"

	"github.com/starling-realtime/starling/gateway/protocol"
)

// sweepPeriod is the longest time between two looks at one session, and so how late its end may be noticed.
const sweepPeriod = time.Second

// sweep pings all sessions, and ends those that are silent or whose credentials have expired. One goroutine and no timers: with
// a timer for each connection the heap of timers alone would cost more.
func (g *Gateway) sweep() {
	period := min(sweepPeriod, g.cfg.Heartbeat/4)
	ticker := time.NewTicker(period / rosterShards)
	defer ticker.Stop()
	var batch []*session
	for i := 0; ; i = (i + 1) % rosterShards {
		select {
		case <-g.ctx.Done():
			return
		case <-ticker.C:
		}
		batch = g.roster.copyShard(i, batch[:0])
		now, wall := g.clock(), nowMs()
		for _, s := range batch {
			s.check(now, wall)
		}
		clear(batch)
		if i == 0 {
			g.logSampler.Flush()
		}
	}
}

// check is called by the sweep only.
func (s *session) check(now, wall int64) {
	if s.closing.Load() != 0 {
		return
	}
	expires := s.expires.Load()
	heartbeat := s.g.cfg.Heartbeat.Milliseconds()
	switch {
	case expires != 0 && wall >= expires:
		s.g.metrics.expired.Inc()
		s.end(protocol.CloseExpired, "credentials expired: connect again with new ones")
	case s.stream != nil && s.stream.isDue(now):
		if s.end(protocol.CloseRestart, "this gateway asked to connect again, to another one") {
			s.stream.departs.Store(departed)
		}
	case s.stream == nil && now-s.heard.Load() > 2*heartbeat: // a stream's client says nothing: the kernel sees whether it is there
		s.g.metrics.silent.Inc()
		s.end(protocol.CloseGoingAway, "nothing came for two heartbeats")
	case s.takesTooLong(now, heartbeat):
		s.g.metrics.hit("max-unfinished-bytes")
		s.end(protocol.ClosePolicy, "a message was not complete after four heartbeats")
	case now-s.pinged >= heartbeat:
		s.pinged = now
		_ = s.socket.Enqueue(s.wire.ping(s.g))
	}
}
