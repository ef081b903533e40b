package tracing_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/starling-realtime/starling/gateway/tracing"
	"github.com/starling-realtime/starling/hub"
	"github.com/starling-realtime/starling/test/otlp"
)

const patience = 20 * time.Second

func config(endpoint string) tracing.Config {
	return tracing.Config{
		Endpoint: endpoint, SampleRatio: 1, MaxPerSecond: 1000, Gateway: "gw-0", Instance: "b007", Cluster: "chat", Version: "v1.2.3",
	}
}

func start(t *testing.T, cfg tracing.Config) (*tracing.Tracer, *prometheus.Registry, *book) {
	t.Helper()
	// Batches would otherwise wait for seconds.
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
	registry, log := prometheus.NewRegistry(), new(book)
	tracer, err := tracing.New(cfg, slog.New(slog.NewTextHandler(log, nil)), registry)
	require.NoError(t, err)
	require.NotNil(t, tracer)
	t.Cleanup(func() { shutdown(t, tracer, patience) })
	return tracer, registry, log
}

func shutdown(t *testing.T, tracer *tracing.Tracer, within time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	tracer.Shutdown(ctx)
}

// A book is a log.
type book struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *book) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *book) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func counted(t *testing.T, r *prometheus.Registry, name, labels string) float64 {
	t.Helper()
	families, err := r.Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (len(m.GetLabel()) == 0 || m.GetLabel()[0].GetValue() == labels) {
				return m.GetCounter().GetValue()
			}
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

func TestWithoutAnEndpointThereIsNoTracer(t *testing.T) {
	tracer, err := tracing.New(tracing.Config{SampleRatio: 1, MaxPerSecond: 1}, nil, nil)
	require.NoError(t, err)
	require.Nil(t, tracer)
	span := tracer.Start(trace.SpanContext{}, "publish", trace.SpanKindServer)
	require.Nil(t, span)
	require.Nil(t, tracer.Within(span.Trace(), "join", trace.SpanKindServer))
	require.Nil(t, tracer.Child(span.Trace(), "forward", trace.SpanKindServer))
	require.Nil(t, tracer.Continue(&hub.Trace{}, "deliver", trace.SpanKindServer))
	require.Nil(t, tracer.StartLinked(nil, "join", trace.SpanKindServer))
	span.Set(tracing.Deliveries(1))
	span.Event("e")
	span.Refuse("full", true)
	span.End()
	require.Empty(t, span.TraceID())
	tracer.Shutdown(t.Context())
}

func TestSpansArriveWithWhoSentThem(t *testing.T) {
	receiver := otlp.New(t)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "X-Scope-OrgID=tenant%201")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "k8s.pod.name=chat-0,k8s.namespace.name=chat")
	tracer, registry, log := start(t, config(receiver.URL))
	root := tracer.StartLinked(nil, "publish", trace.SpanKindServer)
	root.Set(tracing.Message("publish", "send", "room", "m1", 7)...)
	child := tracer.Child(root.Trace(), "forward", trace.SpanKindProducer)
	child.End()
	root.Refuse("unavailable", true)
	root.End()
	far := tracer.Continue(child.Trace(), "deliver", trace.SpanKindConsumer)
	far.End()

	publish := receiver.Await(1, "the root", otlp.Named("publish", root.TraceID()))[0]
	forward := receiver.Await(1, "its child", otlp.Named("forward", root.TraceID()))[0]
	deliver := receiver.Await(1, "the child's child", otlp.Named("deliver", root.TraceID()))[0]
	require.Empty(t, strings.Trim(publish.ParentID, "0"))
	require.Equal(t, publish.SpanID, forward.ParentID)
	require.Equal(t, forward.SpanID, deliver.ParentID)
	require.Equal(t, "STATUS_CODE_ERROR", publish.Status.String())
	require.Equal(t, "SPAN_KIND_CONSUMER", deliver.Kind.String())
	require.Equal(t, map[string]any{
		"messaging.system": "starling", "messaging.operation.name": "publish", "messaging.operation.type": "send",
		"messaging.destination.name": "room", "messaging.message.id": "m1", "messaging.message.body.size": int64(7),
		"error.type": "unavailable",
	}, publish.Attributes)
	for name, want := range map[string]string{
		"service.name": "starling-gateway", "service.instance.id": "b007", "service.version": "v1.2.3", "starling.gateway": "gw-0",
		"starling.cluster": "chat", "k8s.pod.name": "chat-0", "k8s.namespace.name": "chat",
	} {
		require.Equal(t, want, publish.Resource[name], name)
	}
	request := receiver.Requests()[0]
	require.Equal(t, "/v1/traces", request.URL.Path)
	require.Equal(t, "tenant 1", request.Header.Get("X-Scope-Orgid"))
	require.Eventually(t, func() bool { return counted(t, registry, "starling_tracing_spans_sent_total", "") == 3 }, patience, time.Millisecond)
	require.Empty(t, log.String())
}

func TestWhatIsSampled(t *testing.T) {
	parent := func(flags trace.TraceFlags) trace.SpanContext {
		return trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: flags, Remote: true,
		})
	}
	receiver := otlp.New(t)
	none := config(receiver.URL)
	none.SampleRatio = 0
	tracer, _, _ := start(t, none)
	require.Nil(t, tracer.Start(trace.SpanContext{}, "publish", trace.SpanKindServer), "the ratio is 0")
	require.Nil(t, tracer.Start(parent(0), "publish", trace.SpanKindServer), "the parent is not sampled")
	span := tracer.Start(parent(trace.FlagsSampled), "publish", trace.SpanKindServer)
	require.NotNil(t, span, "the parent is sampled")
	require.Equal(t, trace.TraceID{1}.String(), span.TraceID())
	span.End()
	require.Equal(t, trace.SpanID{2}.String(), receiver.Await(1, "it", otlp.Named("publish", span.TraceID()))[0].ParentID)

	all, _, _ := start(t, config(receiver.URL))
	require.Nil(t, all.Start(parent(0), "publish", trace.SpanKindServer), "the parent is not sampled, whatever the ratio is")
	require.NotNil(t, all.Start(trace.SpanContext{}, "publish", trace.SpanKindServer))
}

func TestAHotChannelCannotFloodTheReceiver(t *testing.T) {
	receiver := otlp.New(t)
	cfg := config(receiver.URL)
	cfg.MaxPerSecond = 5
	tracer, registry, _ := start(t, cfg)
	begin := time.Now()
	sampled := 0
	const storm = 10_000
	for range storm {
		if span := tracer.StartLinked(nil, "publish", trace.SpanKindServer); span != nil {
			sampled++
			span.End()
			// What belongs to a trace that was counted is not counted again.
			require.NotNil(t, tracer.Child(span.Trace(), "forward", trace.SpanKindProducer))
			require.NotNil(t, tracer.Continue(span.Trace(), "deliver", trace.SpanKindConsumer))
		}
	}
	require.LessOrEqual(t, float64(sampled), 5+5*time.Since(begin).Seconds()+1)
	require.InDelta(t, storm-sampled, counted(t, registry, "starling_tracing_limited_total", ""), 0)
}

func TestAReceiverThatIsDownHoldsUpNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	endpoint := "http://" + l.Addr().String()
	require.NoError(t, l.Close())
	tracer, registry, log := start(t, config(endpoint))
	const many = 10_000
	for range many {
		tracer.Continue(&hub.Trace{TraceID: [16]byte{1}, SpanID: [8]byte{1}}, "deliver", trace.SpanKindConsumer).End()
	}
	begin := time.Now()
	shutdown(t, tracer, 100*time.Millisecond)
	require.Less(t, time.Since(begin), patience, "the end waits as long as it may")
	require.Eventually(t, func() bool {
		return counted(t, registry, "starling_tracing_spans_dropped_total", "queue")+
			counted(t, registry, "starling_tracing_spans_dropped_total", "send") == many
	}, patience, time.Millisecond, "every span is accounted for")
	require.Positive(t, counted(t, registry, "starling_tracing_send_failures_total", ""))
	require.Equal(t, 1, strings.Count(log.String(), "traces cannot be sent"), "%s", log)
}

func TestAReceiverThatRefusesIsLoggedOnceAndItsReturnToo(t *testing.T) {
	receiver := otlp.New(t)
	receiver.Answer(http.StatusUnauthorized)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20s3cret")
	tracer, registry, log := start(t, config(receiver.URL))
	failures := func() float64 { return counted(t, registry, "starling_tracing_send_failures_total", "") }
	for n := range 3 {
		tracer.StartLinked(nil, "publish", trace.SpanKindServer).End()
		require.Eventually(t, func() bool { return failures() > float64(n) }, patience, time.Millisecond)
	}
	require.Equal(t, 1, strings.Count(log.String(), "traces cannot be sent"), "%s", log)
	require.Contains(t, log.String(), "401")
	receiver.Answer(http.StatusOK)
	tracer.StartLinked(nil, "publish", trace.SpanKindServer).End()
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "traces are sent again") }, patience, time.Millisecond)
	require.Equal(t, "Bearer s3cret", receiver.Requests()[0].Header.Get("Authorization"))
	require.NotContains(t, log.String(), "s3cret")
}

func TestEndpoints(t *testing.T) {
	for _, good := range []string{"", "http://tempo:4318", "https://otlp.example.com/otlp", "http://[::1]:4318/", "http://tempo:4318/v1/traces"} {
		require.NoError(t, tracing.CheckEndpoint(good), good)
	}
	for bad, want := range map[string]string{
		"tempo:4318":                    "http:// or https://",
		"grpc://tempo:4317":             "http:// or https://",
		"http://":                       "a host",
		"http://u:s3cret@tempo:4318":    "OTEL_EXPORTER_OTLP_HEADERS",
		"http://tempo:4318/?key=s3cret": "a query",
		"http://tempo:port":             "want http://",
	} {
		err := tracing.CheckEndpoint(bad)
		require.ErrorContains(t, err, want, bad)
		require.NotContains(t, err.Error(), "s3cret")
	}
	_, err := tracing.New(tracing.Config{Endpoint: "tempo:4318"}, nil, nil)
	require.Error(t, err)
}

// OpenTelemetry itself would print a header that it cannot read.
func TestHeadersThatCannotBeReadAreRefusedAndNotShown(t *testing.T) {
	for _, bad := range []string{"s3cret", "authorization=Bearer%2s3cret", "bad name=s3cret", "=s3cret", "a=b,s3cret"} {
		t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", bad)
		_, err := tracing.New(config("http://127.0.0.1:1"), nil, nil)
		require.ErrorContains(t, err, "OTEL_EXPORTER_OTLP_HEADERS", bad)
		require.NotContains(t, err.Error(), "s3cret")
	}
}
