package gateway

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/starling-realtime/starling/gateway/protocol"
)

// read handles the client's frames in order until the connection ends. An idle connection waits here, and almost all of what it
// costs is this goroutine's stack: 2 KiB, as long as little is on it. So this function has few variables and no defer, and what
// needs a deep stack ends with a fresh goroutine, since a stack that has grown does not shrink below 4 KiB.
func (s *session) read() {
	for {
		kind, reader, err := s.conn.NextReader()
		if err != nil {
			s.readFailed(err)
			return
		}
		switch s.received(kind, reader) {
		case readOn:
		case readOnFresh:
			go s.read()
			return
		case readNoMore:
			return
		}
	}
}

// What follows a message.
type next uint8

const (
	readOn next = iota
	readOnFresh
	readNoMore
)

// busyMs is the time between two publishes below which a connection keeps its stack: a fresh one costs a microsecond or two,
// when it grows again.
const busyMs = 1000

// received handles one message.
//
//go:noinline
func (s *session) received(kind int, reader io.Reader) next {
	now := s.g.clock()
	last := s.heard.Swap(now)
	s.pressing = now == last
	if s.closing.Load() != 0 {
		return readOn // what still comes is read and dropped, so that the close frame arrives
	}
	request, err := s.message(kind, reader)
	if err != nil {
		s.readFailed(err)
		return readNoMore
	}
	if request == protocol.Publish && now-last < busyMs {
		return readOn
	}
	return readOnFresh
}

// readFailed ends the session.
func (s *session) readFailed(err error) {
	if isTooLong(err) && s.closing.Load() == 0 {
		s.tooLarge(int64(s.g.cfg.Limits.MessageBytes))
	}
	s.noteProtocolError(err)
	s.finish()
	s.g.tasks.exit()
}

func (s *session) hear() { s.heard.Store(s.g.clock()) }

// noteProtocolError notes that the library ended the connection because a frame broke RFC 6455. Its errors for that have no
// type; those of the network and of closes have.
func (s *session) noteProtocolError(err error) {
	var closed *websocket.CloseError
	if !errors.As(err, &closed) && strings.HasPrefix(err.Error(), "websocket: ") {
		if s.closing.CompareAndSwap(0, uint32(protocol.CloseProtocolError)) {
			s.noteEnd(protocol.CloseProtocolError, err.Error())
		}
	}
}

func (s *session) onPing(data string) error {
	s.hear()
	s.awaitAnswered()
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

// keepBuffer is the largest buffer that goes back to the pool. A larger one could be held by the first byte of a message, of which
// --max-unfinished-bytes would not know.
const keepBuffer = 2 * freeBytes

// message reads one message, which may have come in fragments, and handles it.
func (s *session) message(kind int, reader io.Reader) (protocol.RequestType, error) {
	buf := s.g.buffers.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= keepBuffer {
			buf.Reset()
			s.g.buffers.Put(buf)
		}
	}()
	most := int64(s.g.cfg.Limits.MessageBytes)
	pieces := &messageReader{s: s, from: reader, left: most + 1}
	n, err := buf.ReadFrom(pieces)
	pieces.done()
	if err != nil || pieces.refused {
		return "", err
	}
	s.g.metrics.bytesIn.Add(float64(n))
	if n > most {
		s.tooLarge(most)
		return "", nil
	}
	return s.frame(kind, buf.Bytes()), nil
}

// frame handles one complete message and returns the request's type, if it was one.
func (s *session) frame(kind int, data []byte) protocol.RequestType {
	if kind != websocket.TextMessage {
		s.badFrame(protocol.Errorf(protocol.CodeBadRequest, "this is a binary frame: send JSON in text frames"))
		return ""
	}
	req, err := protocol.ParseRequest(data)
	if err != nil {
		s.badFrame(err)
		return ""
	}
	s.g.metrics.requests[req.Type].Inc()
	if err := s.handle(&req); err != nil {
		requestRefused(s.span, err.Code)
		err.ID, err.Request = req.ID, req.Type
		if err.Channel == "" {
			err.Channel = req.Channel
		}
		s.refuse(err)
		s.noteError(err)
		s.noteAbuse(err)
	}
	s.untrace()
	return req.Type
}

// noteAbuse ends a flood of requests that cost as much as malformed frames do, since verifying a token costs more than reading it, and
// one of requests that come although the client was told to wait.
func (s *session) noteAbuse(err *protocol.Error) {
	if err.Request == protocol.Auth && s.bad.take(s.g.clock(), s.g.cfg.Limits.BadFrames, 1) > 0 {
		s.g.metrics.hit("max-bad-frames")
		s.end(protocol.ClosePolicy, "too many tokens that were refused; the last one: "+err.Message)
	}
	if !s.tooSoon {
		return
	}
	s.tooSoon = false
	most := s.g.cfg.Limits.HastyRequests
	if s.hasty.take(s.g.clock(), most, max(1, most/hastySeconds)) > 0 {
		s.g.metrics.hit("max-hasty-requests")
		s.end(protocol.ClosePolicy, "too many requests that did not wait as told; the last one: "+err.Message)
	}
}

// hastySeconds is after what time all of --max-hasty-requests may be refused again.
const hastySeconds = 10

// refuse sends an error frame.
func (s *session) refuse(err *protocol.Error) {
	s.g.metrics.countError(err.Code)
	s.send(err.Frame(nowMs()))
}

// badFrame answers a malformed frame, and ends a flood of them.
func (s *session) badFrame(err *protocol.Error) {
	s.g.metrics.badFrames.Inc()
	s.refuse(err)
	s.noteBadFrame(err)
	if s.bad.take(s.g.clock(), s.g.cfg.Limits.BadFrames, 1) > 0 {
		s.g.metrics.hit("max-bad-frames")
		s.end(protocol.ClosePolicy, "too many malformed frames; the last one: "+err.Message)
	}
}
