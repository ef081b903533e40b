package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"

	"github.com/starling-realtime/starling/gateway/clip"
	"github.com/starling-realtime/starling/gateway/fanout"
	"github.com/starling-realtime/starling/gateway/logsample"
	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/gateway/tracing"
)

// What clients can cause goes to g.clientLog, which leaves lines out when they come often. Its lines have the same fields everywhere:
// connection, member, channel, address, reason, code and detail.

// newLoggers returns the gateway's logger, that for what clients and peers can cause, and what samples the latter.
func (g *Gateway) newLoggers(handler slog.Handler) {
	g.logger = slog.New(handler)
	g.logSampler = logsample.New(handler, logsample.Options{
		PerSecond: g.cfg.LogLinesPerSecond, OnLeftOut: func() { g.metrics.logLeftOut.Inc() },
	})
	g.clientLog = slog.New(g.logSampler.Handler())
}

// noteRefused logs a handshake that is not accepted.
func (g *Gateway) noteRefused(r *http.Request, transport string, why *refusal) {
	span := tracing.FromContext(r.Context())
	g.clientLog.LogAttrs(r.Context(), slog.LevelInfo, "connection refused",
		slog.String("address", text(g.proxies.client(r))), slog.String("transport", transport),
		slog.String("reason", why.label), slog.Int("status", why.status), detail(why.message), traceID(span))
	upgradeRefused(span, why)
}

// traceID is empty, and then not written, for what is not traced.
func traceID(span *tracing.Span) slog.Attr {
	if span == nil {
		return slog.Attr{}
	}
	return slog.String("trace_id", span.TraceID())
}

// noteEnrolled logs a connection that begins.
func (s *session) noteEnrolled() {
	if s.g.logs(slog.LevelDebug) {
		s.g.clientLog.LogAttrs(context.Background(), slog.LevelDebug, "connection opened",
			s.about(slog.String("address", text(s.addr)), slog.String("transport", s.transport()))...)
	}
}

// noteError logs a request that is refused: for operators what is a matter of rights and bounds, and for whoever debugs a client the rest.
func (s *session) noteError(err *protocol.Error) {
	level := slog.LevelDebug
	switch err.Code {
	case protocol.CodeForbidden, protocol.CodeRateLimited, protocol.CodeTooManyChannels, protocol.CodeTooLarge, protocol.CodeUnavailable:
		level = slog.LevelInfo
	default:
	}
	if !s.g.logs(level) {
		return
	}
	s.g.clientLog.LogAttrs(context.Background(), level, "request refused", s.about(slog.String("channel", err.Channel),
		slog.String("request", string(err.Request)), slog.String("code", string(err.Code)), detail(err.Message),
		traceID(s.span))...)
}

// noteBadFrame logs a malformed frame.
func (s *session) noteBadFrame(err *protocol.Error) {
	s.g.clientLog.LogAttrs(context.Background(), slog.LevelInfo, "malformed frame",
		s.about(slog.String("code", string(err.Code)), detail(err.Message))...)
}

// noteEnd logs that the gateway ends a connection: as what an operator may want to see when the client did something that it should not.
func (s *session) noteEnd(code protocol.CloseCode, reason string) {
	level := slog.LevelDebug
	switch code {
	case protocol.ClosePolicy, protocol.CloseTooBig, protocol.CloseTooSlow, protocol.CloseAtCapacity, protocol.CloseProtocolError:
		level = slog.LevelInfo
	default:
	}
	if s.g.logs(level) {
		s.g.clientLog.LogAttrs(context.Background(), level, "connection closed",
			s.about(slog.Int("code", int(code)), detail(reason))...)
	}
}

// noteSlow logs that the pool ends a connection; of its reasons overrun is this gateway's doing.
func (s *session) noteSlow(reason fanout.Reason) {
	s.g.clientLog.LogAttrs(context.Background(), slog.LevelInfo, "connection closed",
		s.about(slog.Int("code", int(protocol.CloseTooSlow)), slog.String("reason", reason.String()),
			slog.String("detail", "events were waiting that the client did not read"))...)
}

// logs says whether a line of the level would be written, so that what is said often costs nothing when it is not.
func (g *Gateway) logs(level slog.Level) bool {
	return g.clientLog.Enabled(context.Background(), level)
}

// about puts what every line about a session has before a line's own fields.
func (s *session) about(fields ...slog.Attr) []slog.Attr {
	all := append(make([]slog.Attr, 0, 2+len(fields)), slog.String("connection", s.id), slog.String("member", s.member))
	return append(all, fields...)
}

func (s *session) transport() string {
	if s.stream != nil {
		return transportEvents
	}
	return transportWebSocket
}

// How a client is connected, in logs and traces.
const (
	transportWebSocket = "websocket"
	transportEvents    = "sse"
)

// text is an address as logs have it; empty where it is not known.
func text(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}

// mostDetail bounds what a log says in a client's words, in bytes.
const mostDetail = 200

// detail is the field of what a log says in a client's words.
func detail(text string) slog.Attr { return slog.String("detail", clip.Text(text, mostDetail)) }
