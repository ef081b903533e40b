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
}

// Read implements [io.Reader]. At the bound it ends as if the message did.
func (r *messageReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, io.EOF
	}
	n, err := r.from.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	r.s.hear()
	return n, err
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
