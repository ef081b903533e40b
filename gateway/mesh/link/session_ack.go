package link

import "time"

// faultTime bounds the writing of a fault, so that a peer that does not read cannot hold up the boot's turn.
const faultTime = 500 * time.Millisecond

// wantAck lets the acknowledger write, without waiting for it.
func (s *session) wantAck() {
	select {
	case s.ackNow <- struct{}{}:
	default:
	}
}

// acknowledge writes acknowledgements while the connection lasts: when the input is idle, and as a heartbeat. It is a
// goroutine of its own so that applying frames waits for no write, and a handler that is slow is not taken for a dead peer.
func (s *session) acknowledge() {
	beat := time.NewTicker(s.r.cfg.Timing.Heartbeat/2 + 1)
	defer beat.Stop()
	acked, heard := s.state.applied.Load(), s.state.applied.Load()
	quiet := false
	for {
		due := false
		select {
		case <-s.ackNow:
		case <-beat.C:
			due, quiet = quiet, true
			// Frames that waited for the handler are a sign of life, though nothing is read meanwhile.
			if now := s.state.applied.Load(); now != heard {
				heard = now
				s.active()
			}
		case <-s.quitAcks:
			return
		}
		applied := s.state.applied.Load()
		if applied == acked && !due {
			continue
		}
		if s.writeAck(applied) != nil {
			// The peer is gone, but what it has sent before can still be read and applied.
			return
		}
		acked, quiet = applied, false
	}
}

// writeAck is called by the acknowledger, and once it has ended by the session.
func (s *session) writeAck(applied uint64) error {
	header{kind: kindAck, seq: applied}.put(&s.ackHead)
	_, err := s.tls.Write(s.ackHead[:])
	return err
}

// stopAcks ends the acknowledger. It is called by the session's own goroutine.
func (s *session) stopAcks() {
	select {
	case <-s.quitAcks:
	default:
		close(s.quitAcks)
	}
}

// sayFault acknowledges what was applied and tells the peer why the connection ends.
func (s *session) sayFault(err error) {
	_ = s.raw.SetWriteDeadline(time.Now().Add(faultTime))
	s.stopAcks()
	s.acking.Wait()
	if s.writeAck(s.state.applied.Load()) != nil {
		return
	}
	text := clip(err.Error(), maxRefusal)
	var head [headerBytes]byte
	header{length: len(text), kind: kindFault}.put(&head)
	if _, err := s.tls.Write(append(head[:], text...)); err == nil {
		linger(s.raw)
	}
}
