package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/starling-realtime/starling/gateway/auth"
	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/hub"
)

// handle does what a request asks and answers it; a returned error is the answer. The request's payload is only valid during
// the call.
func (s *session) handle(r *protocol.Request) *protocol.Error {
	if r.Type == protocol.Join || r.Type == protocol.Presence || r.Type == protocol.Ping { // whose answers may be large
		s.awaitAnswered()
	}
	switch r.Type {
	case protocol.Join:
		return s.join(r)
	case protocol.Leave:
		return s.leave(r)
	case protocol.Publish:
		return s.publish(r)
	case protocol.Typing:
		return s.typing(r)
	case protocol.Presence:
		if err := s.allow(auth.Presence, r.Channel); err != nil {
			return err
		}
		if r.ID != "" {
			s.send(protocol.PresenceReplyFrame(r.ID, s.g.hub.Snapshot(r.Channel), nowMs()))
		}
	case protocol.Auth:
		return s.renew(r)
	case protocol.Ping:
		s.send(protocol.PongReplyFrame(r.ID, r.Payload, nowMs()))
	}
	return nil
}

func notJoined(r *protocol.Request) *protocol.Error {
	return protocol.Errorf(protocol.CodeNotJoined, "this connection is not in channel %q: join it first", r.Channel)
}

func (s *session) leave(r *protocol.Request) *protocol.Error {
	result, err := s.g.hub.Leave(r.Channel, s.member, s)
	if err != nil {
		return refusedByHub(err)
	}
	s.channels.remove(r.Channel)
	if !result.WasJoined {
		return notJoined(r)
	}
	if r.ID != "" {
		s.send(protocol.LeaveReply{Channel: r.Channel, NowAbsent: result.NowAbsent}.Frame(r.ID, nowMs()))
	}
	return nil
}

func (s *session) typing(r *protocol.Request) *protocol.Error {
	if err := s.allow(auth.Typing, r.Channel); err != nil {
		return err
	}
	if !s.channels.has(r.Channel) {
		return notJoined(r)
	}
	if err := s.mayMessage(r.Channel); err != nil {
		return err
	}
	s.awaitPace(r)
	if !s.pressing {
		s.g.pool.Cork()
		defer s.g.pool.Uncork()
	}
	if err := s.g.hub.SetTyping(r.Channel, s.member, r.Typing, s); err != nil {
		return refusedByHub(err)
	}
	if r.ID != "" {
		s.send(protocol.TypingReplyFrame(r.ID, nowMs()))
	}
	return nil
}

func (s *session) publish(r *protocol.Request) *protocol.Error {
	begin := time.Now()
	span := s.trace("publish")
	if err := s.allow(auth.Publish, r.Channel); err != nil {
		return err
	}
	if !s.channels.has(r.Channel) {
		return notJoined(r)
	}
	if err := s.mayMessage(r.Channel); err != nil {
		return err
	}
	s.awaitPace(r)
	s.g.awaitRoom()
	if !s.pressing {
		s.g.pool.Cork()
		defer s.g.pool.Uncork()
	}
	mid, duplicate := s.g.ids.next(), false
	if r.Key != "" {
		if mid, duplicate = s.g.keys.Remember(s.member, r.Channel, r.Key, mid); duplicate {
			s.g.metrics.duplicates.Inc()
		}
	}
	if span != nil {
		publishAdmitted(span, r.Channel, mid, len(r.Payload))
	}
	delivered := 0
	if !duplicate {
		// The event keeps its payload, whose buffer belongs to the next message already.
		payload := json.RawMessage(bytes.Clone(r.Payload))
		var err error
		if delivered, err = s.g.hub.Publish(r.Channel, r.Event, payload, s.scope(r, mid)); err != nil {
			return refusedByHub(err)
		}
	}
	if span != nil {
		publishDone(span, r.Event, delivered, duplicate)
	}
	if r.ID != "" {
		s.send(protocol.PublishReplyFrame(r.ID, mid, nowMs()))
	}
	observe(s.g.metrics.publish, begin, span)
	return nil
}

// scope says who does not get a publish.
func (s *session) scope(r *protocol.Request, mid string) hub.PublishOptions {
	opts := hub.PublishOptions{From: s.member, MID: mid, Key: r.Key, Trace: s.span.Trace()}
	switch r.Except {
	case protocol.ExceptConnection:
		opts.ExceptConnID, opts.ExceptSession = s.id, s.tie
	case protocol.ExceptMember:
		opts.ExceptMemberID = s.member
	case protocol.ExceptNone:
	}
	return opts
}

// refusedByHub is the answer to what the hub refused although the request was well-formed.
func refusedByHub(err error) *protocol.Error {
	switch {
	case errors.Is(err, hub.ErrNotPresent):
		return protocol.Errorf(protocol.CodeNotJoined, "%v", err)
	case errors.Is(err, hub.ErrReservedType):
		return protocol.Errorf(protocol.CodeReservedType, "%v", err)
	case errors.Is(err, hub.ErrInvalidName), errors.Is(err, hub.ErrInvalidPayload), errors.Is(err, hub.ErrMemberMismatch):
		return protocol.Errorf(protocol.CodeBadRequest, "%v", err)
	default:
		e := protocol.Errorf(protocol.CodeUnavailable, "%v", err)
		e.RetryAfterMs = fullRetry.Milliseconds()
		return e
	}
}

// mostWait bounds every wait of a client's request for other gateways or for room.
const mostWait = time.Second

// awaitRoom pauses the caller, which reads a publisher's frames, while this gateway or a link to another one is behind.
func (g *Gateway) awaitRoom() {
	if g.cluster != nil {
		g.cluster.AwaitRoom(g.ctx)
	}
	if g.pool.Lagging() {
		g.awaitOwnRoom(g.ctx)
	}
}

// awaitOwnRoom waits while this gateway's own connections are behind, a second at most.
func (g *Gateway) awaitOwnRoom(ctx context.Context) {
	if !g.pool.Lagging() {
		return
	}
	begin := time.Now()
	ctx, cancel := context.WithTimeout(ctx, mostWait)
	defer cancel()
	_ = g.pool.AwaitRoom(ctx) // whatever ended the wait, it is over
	g.metrics.paused.Add(time.Since(begin).Seconds())
}
