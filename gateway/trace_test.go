package gateway_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/test/otlp"
)

// The traces of the tests' clients: the trace, the client's span, and whether it is sampled.
const (
	clientTrace    = "0af7651916cd43dd8448eb211c80319c"
	backendTrace   = "4bf92f3577b34da6a3ce929d0e0e4736"
	clientSpan     = "b7ad6b7169203331"
	clientParent   = "00-" + clientTrace + "-" + clientSpan + "-01"
	backendParent  = "00-" + backendTrace + "-" + clientSpan + "-01"
	unsampledTrace = "00-a3ce929d0e0e47364bf92f3577b34da6-" + clientSpan + "-00"
)

// traced is an edit of [serve] that sends traces to a receiver at once: of nothing but what clients ask for, unless ratio is more.
func traced(t *testing.T, receiver *otlp.Receiver, ratio float64) func(*gateway.Config, *gateway.Options) {
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
	return func(c *gateway.Config, _ *gateway.Options) {
		c.TracingEndpoint, c.TracingSampleRatio = receiver.URL, ratio
	}
}

// traceOf returns the one span of a name in a trace.
func traceOf(r *otlp.Receiver, name, trace string) otlp.Span {
	return r.Await(1, name, otlp.Named(name, trace))[0]
}

func TestOneTraceFollowsAPublishToTheOtherGateways(t *testing.T) {
	receiver := otlp.New(t)
	servers := serveCluster(t, 2, traced(t, receiver, 0))
	bob, carol := servers[1].member("bob"), servers[1].member("carol")
	for i, p := range []*peer{bob, carol} {
		p.say(`{"type":"join","id":%d,"payload":{"channel":"room","presence":"none"}}`, i)
		p.expect("reply")
	}
	eventually(t, func() bool { return servers[0].Hub().MemberCount("room") == 2 }, "both are seen")

	ann := servers[0].dialRaw("member=ann", http.Header{"Traceparent": {clientParent}})
	conn := ann.expect("welcome").get(t, "connId")
	ann.join("room")
	ann.say(`{"type":"publish","id":7,"payload":{"channel":"room","type":"chat","payload":{"text":"p4yload"}}}`)
	mid := ann.expect("reply").get(t, "mid")
	bob.expect("chat")

	upgrade, join := traceOf(receiver, "upgrade", clientTrace), traceOf(receiver, "join", clientTrace)
	publish, forward := traceOf(receiver, "publish", clientTrace), traceOf(receiver, "forward", clientTrace)
	deliver := traceOf(receiver, "deliver", clientTrace)
	require.Equal(t, clientSpan, upgrade.ParentID)
	require.Equal(t, upgrade.SpanID, join.ParentID)
	require.Equal(t, upgrade.SpanID, publish.ParentID)
	require.Equal(t, publish.SpanID, forward.ParentID)
	require.Equal(t, forward.SpanID, deliver.ParentID)
	require.Equal(t, "gw-0", publish.Resource["starling.gateway"])
	require.Equal(t, "gw-1", deliver.Resource["starling.gateway"])
	require.Equal(t, []string{"SPAN_KIND_SERVER", "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"},
		[]string{publish.Kind.String(), forward.Kind.String(), deliver.Kind.String()})

	require.Equal(t, map[string]any{
		"http.request.method": "GET", "url.path": "/ws", "http.response.status_code": int64(101), "starling.transport": "websocket",
		"starling.outcome": "accepted", "starling.auth": "anonymous", "starling.connection": conn, "starling.member": "ann",
	}, upgrade.Attributes)
	require.Equal(t, map[string]any{
		"messaging.system": "starling", "messaging.destination.name": "room", "starling.presence": "full", "starling.connection": conn,
		"starling.member": "ann", "starling.members": int64(3), "starling.snapshot.members": int64(3), "starling.newly_present": true,
		"starling.partial": false,
	}, join.Attributes)
	require.Equal(t, []string{"admitted"}, publish.Events)
	delete(publish.Attributes, "messaging.message.body.size")
	require.Equal(t, map[string]any{
		"messaging.system": "starling", "messaging.operation.name": "publish", "messaging.operation.type": "send",
		"messaging.destination.name": "room", "messaging.message.id": mid, "starling.connection": conn, "starling.member": "ann",
		"starling.event": "chat", "starling.deliveries": int64(0), "starling.duplicate": false,
	}, publish.Attributes)
	require.EqualValues(t, 1, forward.Attributes["starling.peers"])
	require.EqualValues(t, 2, deliver.Attributes["starling.deliveries"])
	require.Equal(t, "gw-0", deliver.Attributes["starling.peer"])
	require.Equal(t, mid, deliver.Attributes["messaging.message.id"])
	require.NotContains(t, fmt.Sprintf("%+v", receiver.Spans()), "p4yload")
	requireExemplar(t, servers[0], "starling_publish_seconds_bucket", clientTrace)
	requireExemplar(t, servers[0], "starling_join_seconds_bucket", clientTrace)
}

// requireExemplar says that a histogram points at a trace, in the format that carries exemplars.
func requireExemplar(t *testing.T, s *server, bucket, trace string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.admin.URL+"/metrics", nil)
	require.NoError(t, err)
	request.Header.Set("Accept", "application/openmetrics-text;version=1.0.0")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, bucket) && strings.Contains(line, `# {trace_id="`+trace+`"}`) {
			return
		}
	}
	t.Errorf("%s has no exemplar of trace %s", bucket, trace)
}

func TestAPublishOverHTTPIsPartOfItsCallersTrace(t *testing.T) {
	receiver := otlp.New(t)
	servers := serveCluster(t, 2, traced(t, receiver, 0))
	servers[0].member("ann").join("room")
	bob := servers[1].member("bob")
	bob.join("room")
	post := func(traceparent, body string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
			servers[0].client.URL+"/v1/channels/room/publish", strings.NewReader(body))
		require.NoError(t, err)
		request.Header = http.Header{
			"Authorization": {"Bearer " + shopKey}, "Content-Type": {"application/json"}, "Traceparent": {traceparent},
		}
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode)
	}
	post(unsampledTrace, `{"type":"first"}`)
	post("nonsense", `{"type":"second"}`)
	post(backendParent, `{"type":"third","from":"shop"}`)
	for _, event := range []string{"first", "second", "third"} {
		bob.expect(event)
	}

	publish := traceOf(receiver, "publish", backendTrace)
	forward, deliver := traceOf(receiver, "forward", backendTrace), traceOf(receiver, "deliver", backendTrace)
	require.Equal(t, clientSpan, publish.ParentID)
	require.Equal(t, publish.SpanID, forward.ParentID)
	require.Equal(t, forward.SpanID, deliver.ParentID)
	require.Equal(t, "shop", publish.Attributes["starling.api_key"])
	require.Equal(t, "third", publish.Attributes["starling.event"])
	require.EqualValues(t, 1, publish.Attributes["starling.deliveries"])
	require.Len(t, receiver.Spans(), 3, "neither of the others is traced")
	require.NotContains(t, fmt.Sprintf("%+v", receiver.Spans()), shopKey)
	requireExemplar(t, servers[0], "starling_api_request_seconds_bucket", backendTrace)
	requireExemplar(t, servers[0], "starling_publish_seconds_bucket", backendTrace)
}

func TestRefusalsAreTraced(t *testing.T) {
	receiver := otlp.New(t)
	edit := traced(t, receiver, 0)
	var book logBook
	log := logged(t, &book, 0)
	s := serve(t, func(c *gateway.Config, o *gateway.Options) {
		edit(c, o)
		log(c, o)
		c.Limits.Connections = 1
		c.AuthRules = `[{"channels": ["public"], "allow": ["join", "presence"]}]`
	})
	header := func(trace string) http.Header {
		return http.Header{"Traceparent": {"00-" + trace + "-" + clientSpan + "-01"}}
	}
	p := s.dialRaw("member=ann", header(clientTrace))
	p.expect("welcome")
	p.say(`{"type":"join","payload":{"channel":"private"}}`)
	p.expect("error")
	s.refused("member=bob", header(backendTrace))

	full := traceOf(receiver, "upgrade", backendTrace)
	require.Equal(t, "full", full.Attributes["starling.outcome"])
	require.Equal(t, "full", full.Attributes["error.type"])
	require.EqualValues(t, 503, full.Attributes["http.response.status_code"])
	require.Equal(t, "STATUS_CODE_ERROR", full.Status.String())
	join := traceOf(receiver, "join", clientTrace)
	require.Equal(t, "forbidden", join.Attributes["error.type"])
	require.Equal(t, "STATUS_CODE_UNSET", join.Status.String(), "that is the client's failure")
	require.Equal(t, backendTrace, book.await("connection refused")["trace_id"])
	require.Equal(t, clientTrace, book.await("request refused")["trace_id"])
}

// A connection may live for days, and its trace must not: what it does later are traces of their own with a link.
func TestALongConnectionIsManyTraces(t *testing.T) {
	receiver := otlp.New(t)
	s := serve(t, traced(t, receiver, 1))
	p := s.dialRaw("member=ann", http.Header{"Traceparent": {clientParent}})
	p.expect("welcome")
	p.join("room")
	const publishes = 40
	for i := range publishes {
		p.say(`{"type":"publish","id":%d,"payload":{"channel":"room","type":"chat"}}`, i)
		p.expect("reply")
	}
	receiver.Await(1, "join", otlp.Named("join", clientTrace))
	receiver.Await(31, "publishes in the upgrade's trace", otlp.Named("publish", clientTrace))
	later := receiver.Await(publishes-31, "publishes later", func(s otlp.Span) bool {
		return s.Name == "publish" && s.TraceID != clientTrace
	})
	for _, span := range later {
		require.Equal(t, []string{clientTrace}, span.Links)
	}
}

func TestAnEventStreamIsTraced(t *testing.T) {
	receiver := otlp.New(t)
	s := serve(t, traced(t, receiver, 0))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.client.URL+"/v1/events?member=ann&channel=room", nil)
	require.NoError(t, err)
	request.Header.Set("Traceparent", clientParent)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	upgrade, join := traceOf(receiver, "upgrade", clientTrace), traceOf(receiver, "join", clientTrace)
	require.Equal(t, "sse", upgrade.Attributes["starling.transport"])
	require.EqualValues(t, 200, upgrade.Attributes["http.response.status_code"])
	require.Equal(t, upgrade.SpanID, join.ParentID)
	require.Equal(t, "room", join.Attributes["messaging.destination.name"])
}

// Off means off, whatever OpenTelemetry's own variables say.
func TestWithoutAnEndpointNothingIsConnectedTo(t *testing.T) {
	receiver := otlp.New(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.URL)
	t.Setenv("OTEL_TRACES_EXPORTER", "otlp")
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) { c.TracingSampleRatio = 1 })
	p := s.dialRaw("member=ann", http.Header{"Traceparent": {clientParent}})
	p.expect("welcome")
	p.join("room")
	p.say(`{"type":"publish","id":1,"payload":{"channel":"room","type":"chat"}}`)
	p.expect("reply")
	require.NoError(t, s.Close(t.Context()))
	require.Empty(t, receiver.Requests())
	_, metrics := s.get("/metrics")
	require.NotContains(t, metrics, "starling_tracing")
}

func TestAReceiverThatIsDownDisturbsNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	endpoint := "http://" + l.Addr().String()
	require.NoError(t, l.Close())
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) {
		c.TracingEndpoint, c.TracingSampleRatio, c.TracingMaxPerSecond = endpoint, 1, 1_000_000
	})
	ann, bob := s.member("ann"), s.member("bob")
	ann.join("room")
	bob.join("room")
	const publishes = 500
	for i := range publishes {
		ann.say(`{"type":"publish","id":%d,"payload":{"channel":"room","type":"chat"}}`, i)
	}
	for range publishes {
		bob.expect("chat")
	}
	require.NoError(t, s.Close(t.Context()))
	s.metric("starling_tracing_spans_sent_total 0")
}

func TestTracingFlagsAreChecked(t *testing.T) {
	for want, edit := range map[string]func(*gateway.Config){
		"--tracing-endpoint is not right: want http:// or https://": func(c *gateway.Config) { c.TracingEndpoint = "tempo:4318" },
		"--tracing-endpoint has a user name or a password":          func(c *gateway.Config) { c.TracingEndpoint = "http://a:s3cret@tempo" },
		"--tracing-sample-ratio is 50, want 0 to 1":                 func(c *gateway.Config) { c.TracingSampleRatio = 50 },
		"--tracing-sample-ratio is -1, want 0 to 1":                 func(c *gateway.Config) { c.TracingSampleRatio = -1 },
		"--tracing-max-per-second is 0, want 1 to":                  func(c *gateway.Config) { c.TracingMaxPerSecond = 0 },
	} {
		c := gateway.DefaultConfig()
		c.Anonymous = true
		edit(&c)
		err := c.Validate()
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "s3cret")
	}
}
