package gateway

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/starling-realtime/starling/gateway/fanout"
	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/gateway/tracing"
	"github.com/starling-realtime/starling/hub"
)

// A stream is what a session that is an event stream has besides.
type stream struct {
	reader net.Conn
	// joined are the joins of which the client was not told yet that they are complete.
	joined []joinedChannel
	// departs is when a stream that was asked to move ends, by the gateway's clock; 0: it was not asked, departed: it has.
	departs atomic.Int64
}

// departed says that a stream has ended because its gateway drains.
const departed = -1

func (s *stream) isDue(now int64) bool {
	at := s.departs.Load()
	return at > 0 && now >= at
}

type joinedChannel struct {
	name   string
	result hub.JoinResult
}

// streamHead begins the answer. The body is as long as the connection; X-Accel-Buffering keeps nginx from collecting it.
const streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n" +
	"X-Accel-Buffering: no\r\nConnection: close\r\n"

// serveEvents is the counterpart of serveWebSocket: the same checks in the same order, and the same kind of session.
func (g *Gateway) serveEvents(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
	case http.MethodOptions:
		g.serveEventsPreflight(w, r)
		return
	default:
		w.Header().Set("Allow", "GET, OPTIONS")
		g.refuseStream(w, r, badStream(http.StatusMethodNotAllowed, protocol.CodeBadRequest, r.Method+" has no meaning: GET begins a stream"))
		return
	}
	r, span := g.traceUpgrade(r, transportEvents)
	defer span.End()
	query, err := parseStreamQuery(r)
	if err != nil {
		g.refuseStream(w, r, badStream(http.StatusBadRequest, protocol.CodeBadRequest, err.Error()))
		return
	}
	addr := g.proxies.client(r)
	refused := g.admit(r.Context(), addr)
	if refused == nil {
		if refused = g.beginStream(w, r, query, addr); refused == nil { //nolint:contextcheck // the stream outlives the request
			return
		}
		g.admission.leave(addr)
	}
	g.refuseStream(w, r, refused)
}

// beginStream begins an event stream. Like accept it returns at once: the pool writes.
func (g *Gateway) beginStream(w http.ResponseWriter, r *http.Request, query streamQuery, addr netip.Addr) *refusal {
	identity, refused := g.identify(r)
	if refused != nil {
		return refused
	}
	s := g.newSession(r, identity, addr, streamWire{})
	if refused := s.mayFollow(query); refused != nil {
		return refused
	}
	socket, refused := g.takeOver(w, s)
	if refused != nil {
		return refused
	}
	s.socket = socket
	s.upgradeAccepted(tracing.FromContext(r.Context()), identity)
	_ = socket.Enqueue([]byte(streamHead + corsHead(r) + "\r\n"))
	_ = socket.Enqueue(protocol.StreamStart(s.id, spreadRetry(quickRetry).Milliseconds()))
	if g.enroll(s) {
		g.metrics.streams.Inc()
		go s.follow(query)
	}
	return nil
}

// mayFollow checks everything that a stream's joins need before it begins, while there can still be a status.
func (s *session) mayFollow(query streamQuery) *refusal {
	limits := &s.g.cfg.Limits
	if n := len(query.channels); n > limits.ChannelsPerConnection {
		s.g.metrics.hit("max-channels-per-connection")
		return badStream(http.StatusBadRequest, protocol.CodeTooManyChannels,
			"the stream has more channels than --max-channels-per-connection allows: take several")
	}
	for _, c := range query.channels {
		if err := s.allowJoin(&protocol.Request{Channel: c.name, Presence: c.presence}); err != nil {
			return &refusal{http.StatusForbidden, err.Code, err.Message, "forbidden", 0, nil}
		}
	}
	for range query.channels {
		if !s.g.joins.Allow() {
			s.g.metrics.hit("joins-per-second")
			return unavailable("busy", "the clients of this gateway join more often than --joins-per-second allows: try again later", time.Second)
		}
	}
	return nil
}

// takeOver gives the request's connection to the pool.
func (g *Gateway) takeOver(w http.ResponseWriter, s *session) (*fanout.Socket, *refusal) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, &refusal{http.StatusHTTPVersionNotSupported, protocol.CodeBadRequest, "event streams need HTTP/1.1", "handshake", 0, nil}
	}
	_ = conn.SetDeadline(time.Time{}) // what the server had for the request
	socket, err := g.pool.Attach(conn, fanout.SocketOptions{
		OnSlow: s.tooSlow, SlowFrame: streamWire{}.bye(protocol.CloseTooSlow, "too slow: events were waiting that this connection did not read"),
	})
	if err != nil {
		_ = conn.Close()
		return nil, unavailable("handshake", "this gateway stops: connect again, to another one", time.Second)
	}
	s.stream = &stream{reader: conn}
	return socket, nil
}

// follow joins the channels and waits for the end of the stream.
func (s *session) follow(query streamQuery) {
	if s.joinAll(query) {
		s.awaitJoined()
	}
	go s.awaitEnd() // on a small stack: see read
}

// joinAll joins the channels, in order. What the hub refuses ends the stream: a client that cannot ask again must connect again.
func (s *session) joinAll(query streamQuery) bool {
	for _, c := range query.channels {
		s.g.metrics.requests[protocol.Join].Inc()
		span := s.trace("join")
		if span != nil {
			describeJoin(span, c.name, c.presence)
		}
		options := hub.JoinOptions{Presence: c.presence, Session: s.tie, Snapshot: s.streamSnapshot(c, query.resumes)}
		result, err := s.g.hub.Join(c.name, s.member, s, options)
		if err != nil {
			refused := s.joinRefused(err)
			refused.Channel, refused.Request = c.name, protocol.Join
			requestRefused(span, refused.Code)
			s.untrace()
			s.refuse(refused)
			s.end(protocol.CloseAtCapacity, refused.Message)
			return false
		}
		s.untrace()
		s.channels.add(c.name)
		s.stream.joined = append(s.stream.joined, joinedChannel{c.name, result})
	}
	return true
}

// streamSnapshot is snapshotSender, with the word that something may be missing right behind it: before any later event.
func (s *session) streamSnapshot(c streamChannel, resumes bool) func(hub.Snapshot) {
	snapshot := s.snapshotSender(c.presence)
	if !resumes {
		return snapshot
	}
	return func(members hub.Snapshot) {
		if snapshot != nil {
			snapshot(members)
		}
		s.send(protocol.StreamGapFrame(c.name, nowMs()))
	}
}

// awaitJoined tells the client of each channel when it is complete there, within a second for all of them.
func (s *session) awaitJoined() {
	ctx, cancel := context.WithTimeout(s.g.ctx, mostWait)
	defer cancel()
	for _, c := range s.stream.joined {
		partial := s.g.cluster != nil && !s.g.cluster.AwaitInterest(ctx, c.name, c.result.InterestSeq)
		if partial {
			s.g.metrics.partial.Inc()
		}
		s.send(protocol.StreamJoinedFrame(protocol.JoinReply{Channel: c.name, NewlyPresent: c.result.NewlyPresent, Partial: partial}, nowMs()))
	}
	s.stream.joined = nil
}

// awaitEnd waits until the client has gone. It has nothing to say; if it does, the stream ends.
func (s *session) awaitEnd() {
	buf := make([]byte, 64)
	for {
		n, err := s.stream.reader.Read(buf)
		if err != nil {
			break
		}
		if n > 0 {
			s.end(protocol.ClosePolicy, "an event stream takes no requests")
		}
	}
	s.finish()
	s.g.tasks.exit()
}
