package tracing_test

import (
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/starling-realtime/starling/gateway/tracing"
)

// BenchmarkStart is what a publish pays that is not sampled: nothing may be allocated.
func BenchmarkStart(b *testing.B) {
	run := func(tracer *tracing.Tracer) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if span := tracer.StartLinked(nil, "publish", trace.SpanKindServer); span != nil {
					b.Fatal("it is sampled")
				}
			}
		}
	}
	b.Run("off", run(nil))
	cfg := config("http://127.0.0.1:1")
	cfg.SampleRatio = 0
	tracer, err := tracing.New(cfg, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer tracer.Shutdown(b.Context())
	b.Run("unsampled", run(tracer))
}
