package tracing

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/starling-realtime/starling/gateway/clip"
)

const (
	// maxQueue bounds the spans that wait to be sent, or are being sent.
	maxQueue = 2048
	// logEvery is how often a failure that lasts is logged.
	logEvery = time.Minute
	// maxDetail bounds what the log says in the receiver's words, in bytes.
	maxDetail = 300
)

// An exporter counts what becomes of spans on their way out, and keeps failures from everybody but the log.
type exporter struct {
	next     sdktrace.SpanExporter
	endpoint string
	logger   *slog.Logger
	metrics  *metrics
	// waiting counts the spans that wait or are being sent.
	waiting atomic.Int64

	// ctx ends what is being sent.
	ctx    context.Context
	giveUp context.CancelFunc

	// failing says that the last batch could not be sent, and logged when that was last said. They belong to ExportSpans, which is
	// called by one goroutine at a time.
	failing bool
	logged  time.Time
}

var _ sdktrace.SpanExporter = (*exporter)(nil)

func newExporter(next sdktrace.SpanExporter, endpoint string, logger *slog.Logger, m *metrics) *exporter {
	e := &exporter{next: next, endpoint: endpoint, logger: logger, metrics: m}
	e.ctx, e.giveUp = context.WithCancel(context.Background())
	return e
}

// ExportSpans implements [sdktrace.SpanExporter]. It never fails: OpenTelemetry would print why.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	defer e.waiting.Add(-int64(len(spans)))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(e.ctx, cancel)
	defer stop()
	err := e.next.ExportSpans(ctx, spans)
	if err == nil {
		e.metrics.sent.Add(float64(len(spans)))
	} else {
		e.metrics.unsent.Add(float64(len(spans)))
		e.metrics.failures.Inc()
	}
	e.tell(err, len(spans), time.Now())
	return nil
}

// tell logs that sending begins or ceases to fail, and once in a while that it still does.
func (e *exporter) tell(err error, spans int, now time.Time) {
	switch {
	case err != nil && (!e.failing || now.Sub(e.logged) >= logEvery):
		e.logger.Warn("traces cannot be sent, and are dropped", "endpoint", e.endpoint, "spans", spans,
			"error", clip.Text(err.Error(), maxDetail))
		e.logged = now
	case err == nil && e.failing:
		e.logger.Info("traces are sent again", "endpoint", e.endpoint)
	}
	e.failing = err != nil
}

// Shutdown implements [sdktrace.SpanExporter].
func (e *exporter) Shutdown(ctx context.Context) error { return e.next.Shutdown(ctx) }

// A processor lets no more spans wait than the queue behind it holds, so that none is dropped without being counted.
type processor struct {
	sdktrace.SpanProcessor
	exporter *exporter
	stopped  atomic.Bool
}

func newProcessor(e *exporter) sdktrace.SpanProcessor {
	return &processor{SpanProcessor: sdktrace.NewBatchSpanProcessor(e, sdktrace.WithMaxQueueSize(maxQueue)), exporter: e}
}

// OnEnd implements [sdktrace.SpanProcessor].
func (p *processor) OnEnd(span sdktrace.ReadOnlySpan) {
	if p.exporter.waiting.Add(1) > maxQueue || p.stopped.Load() {
		p.exporter.waiting.Add(-1)
		p.exporter.metrics.full.Inc()
		return
	}
	p.SpanProcessor.OnEnd(span)
}

// Shutdown implements [sdktrace.SpanProcessor].
func (p *processor) Shutdown(ctx context.Context) error {
	p.stopped.Store(true)
	return p.SpanProcessor.Shutdown(ctx)
}
