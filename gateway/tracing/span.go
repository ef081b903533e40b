package tracing

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/starling-realtime/starling/hub"
)

// A Span is something that takes time, in a trace. Nil is one that is not sampled. It belongs to one goroutine at a time.
type Span struct {
	span  trace.Span
	trace hub.Trace
}

func newSpan(span trace.Span) *Span {
	c := span.SpanContext()
	return &Span{span: span, trace: hub.Trace{TraceID: c.TraceID(), SpanID: c.SpanID()}}
}

// Set adds attributes. Ask whether the span is nil before collecting them.
func (s *Span) Set(attributes ...attribute.KeyValue) {
	if s != nil {
		s.span.SetAttributes(attributes...)
	}
}

// Event notes that something happened now.
func (s *Span) Event(name string) {
	if s != nil {
		s.span.AddEvent(name)
	}
}

// Refuse notes that what the span is about was refused, with a code from a small set. It is the server's failure or the client's: only the
// former makes the span one that failed.
func (s *Span) Refuse(code string, failed bool) {
	if s == nil {
		return
	}
	s.span.SetAttributes(semconv.ErrorTypeKey.String(code))
	if failed {
		s.span.SetStatus(codes.Error, code)
	}
}

// End ends the span. Only the first call counts.
func (s *Span) End() {
	if s != nil {
		s.span.End()
	}
}

// Trace is the span's place in its trace, to make others within it; nil for a nil span.
func (s *Span) Trace() *hub.Trace {
	if s == nil {
		return nil
	}
	return &s.trace
}

// TraceID is the trace's id as people and tools write it; empty for a nil span.
func (s *Span) TraceID() string {
	if s == nil {
		return ""
	}
	return trace.TraceID(s.trace.TraceID).String()
}

func spanContext(t *hub.Trace, remote bool) trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: t.TraceID, SpanID: t.SpanID, TraceFlags: trace.FlagsSampled, Remote: remote,
	})
}

// Incoming returns the W3C trace context of a request, which is not valid if it has none.
func Incoming(r *http.Request) trace.SpanContext {
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.HeaderCarrier(r.Header))
	return trace.SpanContextFromContext(ctx)
}

// IncomingID is the id of the sampled trace that a context carries as a request's, such as of [Incoming]; empty: it carries none.
func IncomingID(ctx context.Context) string {
	if c := trace.SpanContextFromContext(ctx); c.IsSampled() {
		return c.TraceID().String()
	}
	return ""
}

type spanKey struct{}

// WithSpan returns a context that carries a span.
func WithSpan(ctx context.Context, s *Span) context.Context {
	return context.WithValue(ctx, spanKey{}, s)
}

// FromContext returns the span that a context carries, or nil.
func FromContext(ctx context.Context) *Span {
	s, _ := ctx.Value(spanKey{}).(*Span)
	return s
}
