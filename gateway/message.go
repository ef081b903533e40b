package gateway

import (
	"errors"
	"io"

	"github.com/gorilla/websocket"

	"github.com/starling-realtime/starling/gateway/protocol"
)

// A messageReader reads one message up to a bound. Every piece that comes is a sign of life: a large message over a slow
// line may take longer than a silent connection may live.
type messageReader struct {
	s    *session
	from io.Reader
	left int64
	// held is what has come, and counted what of it counts for --max-unfinished-bytes.
	held, counted int64
	// refused says that there was no room for the rest.
	refused bool
}

// freeBytes of each message do not count as unfinished: messages that are so small always have room.
const freeBytes = 4 << 10

// Read implements [io.Reader]. At the bounds it ends as if the message did.
func (r *messageReader) Read(p []byte) (int, error) {
	if r.left <= 0 || r.refused {
		return 0, io.EOF
	}
	n, err := r.from.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	r.held += int64(n)
	r.s.hear()
	if r.held > freeBytes && err == nil {
		r.count()
	}
	return n, err
}

// count makes what has come count for all connections together, or ends this one.
func (r *messageReader) count() {
	more, most := r.held-freeBytes-r.counted, int64(r.s.g.cfg.Limits.UnfinishedBytes)
	if r.counted == 0 {
		r.s.begun.Store(max(1, r.s.g.clock()))
	}
	r.counted += more
	if r.s.g.unfinished.Add(more) > most {
		r.refused = true
		r.s.noRoom()
	}
}

// done gives back what was counted, once the message is complete or given up.
func (r *messageReader) done() {
	if r.counted > 0 {
		r.s.begun.Store(0)
		r.s.g.unfinished.Add(-r.counted)
		r.counted = 0
	}
}

// noRoom ends a connection whose message does not fit beside those of others that have not come whole.
func (s *session) noRoom() {
	s.g.metrics.hit("max-unfinished-bytes")
	err := protocol.Errorf(protocol.CodeUnavailable,
		"messages that have not come whole are as large, all together, as --max-unfinished-bytes allows: connect again later")
	err.RetryAfterMs = fullRetry.Milliseconds()
	s.refuse(err)
	s.end(protocol.CloseAtCapacity, "as much is unfinished as --max-unfinished-bytes allows")
}

// messageBeats is how many heartbeats a message may take, if it is large enough to count as unfinished.
const messageBeats = 4

// takesTooLong says whether a message is still not complete. It is called by the sweep.
func (s *session) takesTooLong(now, heartbeat int64) bool {
	begun := s.begun.Load()
	return begun != 0 && now-begun > messageBeats*heartbeat
}

// tooLarge answers a message over the bound, and ends the connection.
func (s *session) tooLarge(most int64) {
	s.g.metrics.hit("max-message-bytes")
	s.refuse(protocol.Errorf(protocol.CodeTooLarge, "a message may have at most %d bytes: this one has more, and the connection ends", most))
	s.end(protocol.CloseTooBig, "message over --max-message-bytes")
}

// isTooLong says whether a frame's header claims a length that no message can have. The library ends the connection then,
// and leaves it to us to say why.
func isTooLong(err error) bool { return errors.Is(err, websocket.ErrReadLimit) }
