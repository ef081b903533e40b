package gateway

import (
	"time"

	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/gateway/sleep"
)

// awaitAnswered pauses the caller, which reads a client's requests, while much of what was sent to the client still waits, a
// second at most. Requests may come faster than their answers can be written: a client that joins many channels at once, and
// reads as fast as it can, must not be taken for one that does not read.
func (s *session) awaitAnswered() {
	enough := s.g.cfg.Limits.SendQueueBytes / 2
	if s.socket.QueuedBytes() <= enough {
		return
	}
	begin := time.Now()
	for step := time.Millisecond; s.socket.QueuedBytes() > enough && time.Since(begin) < mostWait; step = min(2*step, longestStep) {
		if s.closing.Load() != 0 || !sleep.For(s.g.ctx, step) {
			break
		}
	}
	s.g.metrics.answersPaused.Add(time.Since(begin).Seconds())
}

// longestStep is how late the end of such a pause may be noticed.
const longestStep = 20 * time.Millisecond

const (
	// pacePerSecond is how many times a second one connection may publish as much as may wait for a slow one.
	pacePerSecond = 10
	// leastPace keeps small queues from stopping all traffic.
	leastPace = 64 << 10
	// frameOverhead is about what an event has besides its payload.
	frameOverhead = 128
)

// awaitPace pauses the caller, which reads a client's requests, while the client sends more to others than they can be expected
// to read, a second at most. Without it a burst of one connection would fill the queues of all others in its channels, on
// every gateway, and they would be closed for it.
func (s *session) awaitPace(r *protocol.Request) {
	burst := max(s.g.cfg.Limits.SendQueueBytes, leastPace)
	s.g.pace(s.said.pour(s.g.clock(), len(r.Payload)+frameOverhead, burst, pacePerSecond*burst))
}

// pace pauses the caller so long, at most [mostWait], and counts it.
func (g *Gateway) pace(waitMs int64) {
	if waitMs <= 0 {
		return
	}
	begin := time.Now()
	sleep.For(g.ctx, min(time.Duration(waitMs)*time.Millisecond, mostWait))
	g.metrics.paced.Add(time.Since(begin).Seconds())
}
