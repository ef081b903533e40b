package mesh

import (
	"encoding/binary"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/starling-realtime/starling/gateway/tracing"
	"github.com/starling-realtime/starling/hub"
)

// What comes after a publish's payload are fields, each a tag and length-prefixed bytes. Releases that know none of them ignore what is
// there, and those that do ignore tags that they do not know. The tags are part of the wire format: never renumber them.
const tagTrace = 1

// traceBytes is the length of a trace's place: the ids of the trace and of the span.
const traceBytes = 16 + 8

// appendTrace adds a publish's place in a trace, if it is traced.
func appendTrace(b []byte, t *hub.Trace) []byte {
	if t == nil {
		return b
	}
	b = binary.AppendUvarint(b, tagTrace)
	b = binary.AppendUvarint(b, traceBytes)
	return append(append(b, t.TraceID[:]...), t.SpanID[:]...)
}

// parseTrace finds the place in a trace among the fields. What cannot be read is no place: a publish is worth more than its trace, and
// the frame would come again.
func parseTrace(fields []byte) *hub.Trace {
	for r := (reader{b: fields}); len(r.b) > 0; {
		tag, value := r.uvarint(), r.bytes()
		if r.err != nil {
			return nil
		}
		if tag != tagTrace || len(value) != traceBytes {
			continue
		}
		t := &hub.Trace{TraceID: [16]byte(value[:16]), SpanID: [8]byte(value[16:])}
		if t.TraceID == [16]byte{} || t.SpanID == [8]byte{} {
			return nil
		}
		return t
	}
	return nil
}

// traceForward begins the span of a traced publish's way to other gateways, within which they then are; nil: it is not traced. The
// channel's lock is held, so that only sampled publishes may cost something here.
func (m *Mesh) traceForward(e *hub.Event, opts *hub.PublishOptions, to []hub.Boot) *tracing.Span {
	if opts.Trace == nil || len(to) == 0 {
		return nil
	}
	span := m.cfg.Tracer.Child(opts.Trace, "forward", trace.SpanKindProducer)
	if span == nil {
		return nil
	}
	span.Set(tracing.Message("forward", "send", e.Channel, e.MID, len(e.Payload))...)
	span.Set(attribute.Int("starling.peers", len(to)))
	opts.Trace = span.Trace()
	return span
}

// traceDelivery begins the span of a peer's publish, if the peer traces it.
func (p *peer) traceDelivery(f publishFrame) *tracing.Span {
	span := p.mesh.cfg.Tracer.Continue(f.opts.Trace, "deliver", trace.SpanKindConsumer)
	if span == nil {
		return nil
	}
	e := f.event
	span.Set(tracing.Message("deliver", "process", e.Channel, e.MID, len(e.Payload))...)
	span.Set(attribute.String("starling.peer", p.node))
	return span
}
