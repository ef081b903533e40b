package gateway

import "time"

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
		if s.closing.Load() != 0 || !sleep(s.g.ctx, step) {
			break
		}
	}
	s.g.metrics.answersPaused.Add(time.Since(begin).Seconds())
}

// longestStep is how late the end of such a pause may be noticed.
const longestStep = 20 * time.Millisecond
