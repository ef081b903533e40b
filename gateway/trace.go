package gateway

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/starling-realtime/starling/gateway/auth"
	"github.com/starling-realtime/starling/gateway/buildinfo"
	"github.com/starling-realtime/starling/gateway/httpapi"
	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/gateway/tracing"
	"github.com/starling-realtime/starling/hub"
)

// What is sampled is one in a hundred, so all that describes a span is in functions of their own, which are called only when there is one.

// openTracer returns nil when tracing is off.
func (g *Gateway) openTracer() (*tracing.Tracer, error) {
	tracer, err := tracing.New(tracing.Config{
		Endpoint: g.cfg.TracingEndpoint, SampleRatio: g.cfg.TracingSampleRatio, MaxPerSecond: g.cfg.TracingMaxPerSecond,
		Gateway: g.node, Instance: g.boot.String(), Cluster: g.cfg.Cluster, Version: buildinfo.Version(),
	}, g.logger, g.registry)
	if err != nil {
		return nil, fmt.Errorf("--tracing-endpoint: %w", err)
	}
	return tracer, nil
}

// traceUpgrade begins the span of a handshake, if it is sampled, and returns the request that carries it.
func (g *Gateway) traceUpgrade(r *http.Request, transport string) (*http.Request, *tracing.Span) {
	if g.tracer == nil {
		return r, nil
	}
	span := g.tracer.Start(tracing.Incoming(r), "upgrade", trace.SpanKindServer)
	if span == nil {
		return r, nil
	}
	span.Set(semconv.HTTPRequestMethodKey.String(r.Method), semconv.URLPath(r.URL.Path),
		attribute.String("starling.transport", transport))
	return r.WithContext(tracing.WithSpan(r.Context(), span)), span
}

// upgradeRefused ends the span of a handshake that is not accepted.
func upgradeRefused(span *tracing.Span, why *refusal) {
	if span == nil {
		return
	}
	span.Set(attribute.String("starling.outcome", why.label), semconv.HTTPResponseStatusCode(why.status))
	span.Refuse(why.label, why.status >= http.StatusInternalServerError)
	span.End()
}

// upgradeAccepted ends the span of a handshake that became a session. What the client does first then belongs to its trace.
func (s *session) upgradeAccepted(span *tracing.Span, identity auth.Identity) {
	if span == nil {
		return
	}
	status := http.StatusSwitchingProtocols
	if s.stream != nil {
		status = http.StatusOK
	}
	span.Set(attribute.String("starling.outcome", "accepted"), semconv.HTTPResponseStatusCode(status),
		attribute.String("starling.auth", identity.Method), attribute.String("starling.connection", s.id),
		attribute.String("starling.member", s.member))
	s.upgraded = span.Trace()
	span.End()
}

// mostOfUpgrade is how many requests of a connection belong to its upgrade's trace. Later ones are traces of their own with a link to it: a
// connection may live for days, and a trace must not.
const mostOfUpgrade = 32

// trace begins the span of a request, if it is sampled. It belongs to the read goroutine, until untrace.
func (s *session) trace(name string) *tracing.Span {
	if s.g.tracer == nil {
		return nil
	}
	if s.upgraded != nil && s.traced < mostOfUpgrade {
		s.traced++
		s.span = s.g.tracer.Within(s.upgraded, name, trace.SpanKindServer)
	} else {
		s.span = s.g.tracer.StartLinked(s.upgraded, name, trace.SpanKindServer)
	}
	if s.span != nil {
		s.span.Set(attribute.String("starling.connection", s.id), attribute.String("starling.member", s.member))
	}
	return s.span
}

// untrace ends the span of a request, if there is one.
func (s *session) untrace() {
	if s.span != nil {
		s.span.End()
		s.span = nil
	}
}

// requestRefused notes on a request's span that it was refused.
func requestRefused(span *tracing.Span, code protocol.ErrorCode) {
	span.Refuse(string(code), code == protocol.CodeUnavailable)
}

// describeJoin says on a join's span what it is.
func describeJoin(span *tracing.Span, channel string, presence hub.PresenceMode) {
	span.Set(semconv.MessagingSystemKey.String("starling"), semconv.MessagingDestinationName(channel),
		attribute.String("starling.presence", presence.String()))
}

// describeSnapshot notes on the join's span how much the client is told.
func (s *session) describeSnapshot(snapshot hub.Snapshot) {
	s.span.Set(attribute.Int("starling.snapshot.members", len(snapshot.Members)), attribute.Int("starling.members", snapshot.MemberCount))
}

// joinDone notes on a join's span what became of it.
func joinDone(span *tracing.Span, result hub.JoinResult, partial bool) {
	span.Set(attribute.Bool("starling.newly_present", result.NewlyPresent), attribute.Bool("starling.partial", partial))
}

// publishAdmitted says on a publish's span what it is, once the waits for pace and room are over.
func publishAdmitted(span *tracing.Span, channel, mid string, bytes int) {
	span.Event("admitted")
	span.Set(tracing.Message("publish", "send", channel, mid, bytes)...)
}

// publishDone notes on a publish's span what became of it.
func publishDone(span *tracing.Span, event string, deliveries int, duplicate bool) {
	span.Set(attribute.String("starling.event", event), tracing.Deliveries(deliveries), attribute.Bool("starling.duplicate", duplicate))
}

// traceAPIPublish begins the span of a publish over HTTP, if it is sampled; within the request's trace, if that has one.
func (b apiBackend) traceAPIPublish(ctx context.Context, caller httpapi.Caller, m httpapi.Message) *tracing.Span {
	if b.tracer == nil {
		return nil
	}
	span := b.tracer.Start(trace.SpanContextFromContext(ctx), "publish", trace.SpanKindServer)
	if span != nil {
		span.Set(attribute.String("starling.api_key", caller.Key), attribute.String("starling.member", m.From))
	}
	return span
}

// observe gives a histogram a time, with the trace it was taken in as its exemplar.
func observe(h prometheus.Observer, begin time.Time, span *tracing.Span) {
	tracing.Observe(h, time.Since(begin).Seconds(), span.TraceID())
}

// traced lets the requests of a handler carry the trace context that they came with.
func (g *Gateway) traced(next http.Handler) http.Handler {
	if g.tracer == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if parent := tracing.Incoming(r); parent.IsValid() {
			r = r.WithContext(trace.ContextWithRemoteSpanContext(r.Context(), parent))
		}
		next.ServeHTTP(w, r)
	})
}
