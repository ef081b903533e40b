// Package otlp is a receiver of OpenTelemetry traces for tests: it takes OTLP over HTTP on a loopback address and keeps the spans.
package otlp

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// patience bounds a wait for spans, which come in batches seconds apart.
const patience = 30 * time.Second

// A Span is one that came.
type Span struct {
	Name, TraceID, SpanID, ParentID string
	Kind                            trace.Span_SpanKind
	Status                          trace.Status_StatusCode
	// Attributes are strings, int64s and bools, Resource likewise, of the program that sent it.
	Attributes, Resource map[string]any
	// Links are the ids of the traces that it is linked with, Events its events' names.
	Links, Events []string
}

// A Receiver keeps what it is sent. It ends with the test.
type Receiver struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	spans    []Span
	requests []*http.Request
	status   int
}

// New starts a receiver.
func New(t *testing.T) *Receiver {
	r := &Receiver{t: t, status: http.StatusOK}
	r.Server = httptest.NewServer(http.HandlerFunc(r.receive))
	t.Cleanup(r.Close)
	return r
}

// Answer sets the status of the answers from now on; spans are kept with 200 only.
func (r *Receiver) Answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *Receiver) receive(w http.ResponseWriter, request *http.Request) {
	body, err := readBody(request)
	var export collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &export)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, request)
	if err != nil {
		r.t.Errorf("reading an export: %v", err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if r.status == http.StatusOK {
		for _, resource := range export.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				for _, s := range scope.GetSpans() {
					r.spans = append(r.spans, read(s, values(resource.GetResource().GetAttributes())))
				}
			}
		}
	}
	w.WriteHeader(r.status)
}

func readBody(request *http.Request) ([]byte, error) {
	if request.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(request.Body)
	}
	z, err := gzip.NewReader(request.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func read(s *trace.Span, resource map[string]any) Span {
	out := Span{
		Name: s.GetName(), Kind: s.GetKind(), Status: s.GetStatus().GetCode(), Attributes: values(s.GetAttributes()), Resource: resource,
		TraceID: hex.EncodeToString(s.GetTraceId()), SpanID: hex.EncodeToString(s.GetSpanId()),
		ParentID: hex.EncodeToString(s.GetParentSpanId()),
	}
	for _, l := range s.GetLinks() {
		out.Links = append(out.Links, hex.EncodeToString(l.GetTraceId()))
	}
	for _, e := range s.GetEvents() {
		out.Events = append(out.Events, e.GetName())
	}
	return out
}

func values(list []*common.KeyValue) map[string]any {
	out := make(map[string]any, len(list))
	for _, a := range list {
		switch v := a.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			out[a.GetKey()] = v.StringValue
		case *common.AnyValue_IntValue:
			out[a.GetKey()] = v.IntValue
		case *common.AnyValue_BoolValue:
			out[a.GetKey()] = v.BoolValue
		}
	}
	return out
}

// Spans returns what came so far.
func (r *Receiver) Spans() []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Span(nil), r.spans...)
}

// Requests returns the requests so far, whose bodies are read.
func (r *Receiver) Requests() []*http.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*http.Request(nil), r.requests...)
}

// Await waits for n spans that a condition holds for, and returns them.
func (r *Receiver) Await(n int, what string, is func(Span) bool) []Span {
	r.t.Helper()
	var found []Span
	require.Eventually(r.t, func() bool {
		found = found[:0]
		for _, s := range r.Spans() {
			if is(s) {
				found = append(found, s)
			}
		}
		return len(found) >= n
	}, patience, 10*time.Millisecond, "waiting for %d spans: %s", n, what)
	require.Len(r.t, found, n, what)
	return found
}

// Named is the condition of a name within a trace.
func Named(name, traceID string) func(Span) bool {
	return func(s Span) bool { return s.Name == name && s.TraceID == traceID }
}
