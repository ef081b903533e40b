package gateway

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/starling-realtime/starling/gateway/protocol"
)

// read handles the client's frames in order until the connection ends.
func (s *session) read() {
	defer s.finish()
	s.conn.SetPingHandler(s.onPing)
	s.conn.SetPongHandler(s.onPong)
	s.conn.SetCloseHandler(s.onClientClose)
	for {
		kind, reader, err := s.conn.NextReader()
		if err != nil {
			s.noteProtocolError(err)
			return
		}
		s.hear()
		if s.closing.Load() != 0 {
			continue // what still comes is read and dropped, so that the close frame arrives
		}
		if err := s.message(kind, reader); err != nil {
			s.noteProtocolError(err)
			return
		}
	}
}

// noteProtocolError notes that the library ended the connection because a frame broke RFC 6455. Its errors for that have no
// type; those of the network and of closes have.
func (s *session) noteProtocolError(err error) {
	var closed *websocket.CloseError
	if !errors.As(err, &closed) && strings.HasPrefix(err.Error(), "websocket: ") {
		s.closing.CompareAndSwap(0, uint32(protocol.CloseProtocolError))
	}
}

func (s *session) hear() { s.heard.Store(s.g.clock()) }

func (s *session) onPing(data string) error {
	s.hear()
	s.send(protocol.PongFrame([]byte(data)))
	return nil
}

func (s *session) onPong(string) error {
	s.hear()
	return nil
}

// onClientClose answers a close frame with the same code, as RFC 6455 asks.
func (s *session) onClientClose(code int, _ string) error {
	if s.closing.CompareAndSwap(0, byClient) {
		if code == websocket.CloseNoStatusReceived {
			code = int(protocol.CloseNormal)
		}
		s.socket.CloseWith(protocol.CloseFrame(protocol.CloseCode(code), ""), time.Now().Add(closeTimeout))
	}
	return nil
}

// buffers hold messages while they are handled.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// keepBuffer is the largest buffer that goes back to the pool.
const keepBuffer = 64 << 10

// message reads one message, which may have come in fragments, and handles it.
func (s *session) message(kind int, reader io.Reader) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= keepBuffer {
			buf.Reset()
			buffers.Put(buf)
		}
	}()
	most := int64(s.g.cfg.Limits.MessageBytes)
	n, err := buf.ReadFrom(io.LimitReader(reader, most+1))
	if err != nil {
		return err
	}
	s.g.metrics.bytesIn.Add(float64(n))
	if n > most {
		s.tooLarge(most)
		return nil
	}
	s.frame(kind, buf.Bytes())
	return nil
}

func (s *session) tooLarge(most int64) {
	s.g.metrics.hit("max-message-bytes")
	s.refuse(protocol.Errorf(protocol.CodeTooLarge, "a message may have at most %d bytes: this one has more, and the connection ends", most))
	s.end(protocol.CloseTooBig, "message over --max-message-bytes")
}

// frame handles one complete message.
func (s *session) frame(kind int, data []byte) {
	if kind != websocket.TextMessage {
		s.badFrame(protocol.Errorf(protocol.CodeBadRequest, "this is a binary frame: send JSON in text frames"))
		return
	}
	req, err := protocol.ParseRequest(data)
	if err != nil {
		s.badFrame(err)
		return
	}
	s.g.metrics.requests[req.Type].Inc()
	if err := s.handle(&req); err != nil {
		err.ID, err.Request = req.ID, req.Type
		if err.Channel == "" {
			err.Channel = req.Channel
		}
		s.refuse(err)
	}
}

// refuse sends an error frame.
func (s *session) refuse(err *protocol.Error) {
	s.g.metrics.countError(err.Code)
	s.send(err.Frame(nowMs()))
}

// badFrame answers a malformed frame, and ends a flood of them.
func (s *session) badFrame(err *protocol.Error) {
	s.g.metrics.badFrames.Inc()
	s.refuse(err)
	if !s.bad.allow(s.g.clock(), s.g.cfg.Limits.BadFrames) {
		s.g.metrics.hit("max-bad-frames")
		s.end(protocol.ClosePolicy, "too many malformed frames; the last one: "+err.Message)
	}
}

// badFrames is a leaky bucket: malformed frames fill it, and one leaks out every second.
type badFrames struct {
	level int
	since int64 // when the level was right, in milliseconds
}

func (b *badFrames) allow(nowMs int64, most int) bool {
	leaked := int((nowMs - b.since) / 1000)
	b.since += int64(leaked) * 1000
	if b.level -= leaked; b.level <= 0 {
		b.level, b.since = 0, nowMs
	}
	b.level++
	return b.level <= most
}
