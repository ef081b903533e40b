package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/time/rate"

	"github.com/starling-realtime/starling/hub"
)

// A Tracer begins spans. Nil is one that is off. It is safe for concurrent use.
type Tracer struct {
	tracer   trace.Tracer
	provider *sdktrace.TracerProvider
	exporter *exporter
	metrics  *metrics

	ratio  float64
	limit  *rate.Limiter
	random func() float64
}

// New returns a tracer that sends to the config's endpoint; nil when there is none. It connects to nothing before there is a span to send.
// The environment's OTEL_EXPORTER_OTLP_HEADERS, _CERTIFICATE, _CLIENT_CERTIFICATE, _CLIENT_KEY, _TIMEOUT and _COMPRESSION,
// OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES, OTEL_BSP_* and OTEL_SPAN_* count as OpenTelemetry says. Logger gets what cannot be sent.
func New(cfg Config, logger *slog.Logger, registerer prometheus.Registerer) (*Tracer, error) {
	if cfg.Endpoint == "" {
		return nil, nil //nolint:nilnil // a nil tracer is one that is off
	}
	address, err := tracesURL(cfg.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("the endpoint of traces %w", err)
	}
	if err := checkEnvironment(); err != nil {
		return nil, err
	}
	client, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpointURL(address))
	if err != nil {
		return nil, fmt.Errorf("preparing to send traces: %w", err)
	}
	described, err := describe(cfg)
	if err != nil {
		return nil, err
	}
	return build(cfg, client, described, logger, newMetrics(registerer)), nil
}

func build(cfg Config, to sdktrace.SpanExporter, described *resource.Resource, logger *slog.Logger, m *metrics) *Tracer {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	exporter := newExporter(to, cfg.Endpoint, logger, m)
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithSampler(sdktrace.AlwaysSample()), // Start has decided
		sdktrace.WithResource(described), sdktrace.WithSpanProcessor(newProcessor(exporter)))
	return &Tracer{
		tracer:   provider.Tracer("github.com/starling-realtime/starling/gateway", trace.WithInstrumentationVersion(cfg.Version)),
		provider: provider, exporter: exporter, metrics: m,
		ratio: cfg.SampleRatio, limit: rate.NewLimiter(rate.Limit(cfg.MaxPerSecond), max(1, cfg.MaxPerSecond)), random: rand.Float64,
	}
}

// describe says whose the spans are. What the environment says comes last, and counts.
func describe(cfg Config) (*resource.Resource, error) {
	described, err := resource.New(context.Background(), resource.WithTelemetrySDK(), resource.WithAttributes(
		semconv.ServiceName("starling-gateway"), semconv.ServiceVersion(cfg.Version), semconv.ServiceInstanceID(cfg.Instance),
		attribute.String("starling.gateway", cfg.Gateway), attribute.String("starling.cluster", cfg.Cluster),
	), resource.WithFromEnv())
	if err != nil && !errors.Is(err, resource.ErrSchemaURLConflict) {
		return nil, fmt.Errorf("reading OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return described, nil
}

// Shutdown sends the spans that wait and ends the tracer, or gives up when ctx ends. Spans that end later are dropped.
func (t *Tracer) Shutdown(ctx context.Context) {
	if t == nil {
		return
	}
	// What is being sent must end with ctx too.
	stop := context.AfterFunc(ctx, t.exporter.giveUp)
	defer stop()
	_ = t.provider.Shutdown(ctx) // what could not be sent was counted, and logged
	t.exporter.giveUp()
}

// Start begins a span within parent, if there is one that is sampled, or one that begins a trace. It returns nil for what is not sampled:
// what has a parent that is not; of what has none all but the ratio; and what is over the bound. A parent comes from outside.
func (t *Tracer) Start(parent trace.SpanContext, name string, kind trace.SpanKind) *Span {
	if t == nil {
		return nil
	}
	return t.startUntrusted(parent, name, trace.WithSpanKind(kind))
}

// StartLinked is Start for what has no parent but belongs to an earlier span, which is nil if that was not sampled.
func (t *Tracer) StartLinked(to *hub.Trace, name string, kind trace.SpanKind) *Span {
	if t == nil || !t.begins() {
		return nil
	}
	options := []trace.SpanStartOption{trace.WithSpanKind(kind)}
	if to != nil {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: spanContext(to, false)}))
	}
	return t.start(trace.SpanContext{}, name, options...)
}

// Within begins a span in one of this gateway's own, within the bound.
func (t *Tracer) Within(parent *hub.Trace, name string, kind trace.SpanKind) *Span {
	if t == nil || parent == nil {
		return nil
	}
	return t.startUntrusted(spanContext(parent, false), name, trace.WithSpanKind(kind))
}

// Child begins a span within one of this gateway's own that is not over: it belongs to what was counted already.
func (t *Tracer) Child(parent *hub.Trace, name string, kind trace.SpanKind) *Span {
	if t == nil || parent == nil {
		return nil
	}
	return t.start(spanContext(parent, false), name, trace.WithSpanKind(kind))
}

// Continue begins a span in a trace that a gateway of the cluster has sampled, which therefore is.
func (t *Tracer) Continue(parent *hub.Trace, name string, kind trace.SpanKind) *Span {
	if t == nil || parent == nil {
		return nil
	}
	return t.start(spanContext(parent, true), name, trace.WithSpanKind(kind))
}

func (t *Tracer) startUntrusted(parent trace.SpanContext, name string, options ...trace.SpanStartOption) *Span {
	if parent.IsValid() {
		if !parent.IsSampled() || !t.within() {
			return nil
		}
	} else if !t.begins() {
		return nil
	}
	return t.start(parent, name, options...)
}

// begins says whether a trace begins here.
func (t *Tracer) begins() bool { return t.random() < t.ratio && t.within() }

func (t *Tracer) within() bool {
	if t.limit.Allow() {
		return true
	}
	t.metrics.limited.Inc()
	return false
}

func (t *Tracer) start(parent trace.SpanContext, name string, options ...trace.SpanStartOption) *Span {
	ctx := context.Background()
	if parent.IsValid() {
		ctx = trace.ContextWithSpanContext(ctx, parent)
	}
	_, span := t.tracer.Start(ctx, name, options...)
	return newSpan(span)
}
