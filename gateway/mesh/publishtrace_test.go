package mesh

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/hub"
)

// The bytes of a trace's place travel between releases too.
func TestTraceWireFormat(t *testing.T) {
	trace := &hub.Trace{TraceID: [16]byte{0xa, 15: 0xb}, SpanID: [8]byte{0xc, 7: 0xd}}
	require.Equal(t, "0118"+"0a00000000000000000000000000000b"+"0c0000000000000d", hex.EncodeToString(appendTrace(nil, trace)))
	require.Empty(t, appendTrace(nil, nil), "what is not traced costs nothing on the wire")
}

// A release that knows nothing of traces reads the same publish: what is new comes after what it reads.
func TestATracedPublishBeginsAsOneThatIsNot(t *testing.T) {
	publish := publishFrame{event: &hub.Event{Type: "chat", Channel: "room", Payload: json.RawMessage(`{}`)}}
	plain := publish.encode()
	publish.opts.Trace = &hub.Trace{TraceID: [16]byte{1}, SpanID: [8]byte{2}}
	require.True(t, bytes.HasPrefix(publish.encode(), plain))
	require.Len(t, publish.encode(), len(plain)+26)
}

func TestTraceFields(t *testing.T) {
	trace := &hub.Trace{TraceID: [16]byte{1}, SpanID: [8]byte{2}}
	good := appendTrace(nil, trace)
	with := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, tc := range map[string]struct {
		fields []byte
		want   *hub.Trace
	}{
		"none":                       {nil, nil},
		"it":                         {good, trace},
		"it after one of the future": {with([]byte{9, 2, 'x', 'y'}, good), trace},
		"it before one":              {with(good, []byte{9, 0}), trace},
		"it before one that is cut":  {with(good, []byte{9, 5, 1}), trace},
		"it after one that is cut":   {with([]byte{9, 200}, good), nil},
		"one that is too short":      {[]byte{1, 3, 1, 2, 3}, nil},
		"one that is cut":            {good[:20], nil},
		"no trace id":                {appendTrace(nil, &hub.Trace{SpanID: [8]byte{2}}), nil},
		"no span id":                 {appendTrace(nil, &hub.Trace{TraceID: [16]byte{1}}), nil},
		"only a tag":                 {[]byte{1}, nil},
		"an endless number":          {bytes.Repeat([]byte{0xff}, 20), nil},
	} {
		require.Equal(t, tc.want, parseTrace(tc.fields), name)
	}
}

// Whatever comes after a publish changes nothing about it.
func FuzzPublishFields(f *testing.F) {
	f.Add(appendTrace(nil, &hub.Trace{TraceID: [16]byte{1}, SpanID: [8]byte{2}}))
	f.Add([]byte{9, 2, 'x', 'y', 1, 24})
	plain := publishFrame{event: &hub.Event{Type: "chat", Channel: "room", From: "ann", MID: "m", Payload: json.RawMessage(`{"a":1}`)}}
	plain.opts.From, plain.opts.MID = "ann", "m"
	body := plain.encode()
	f.Fuzz(func(t *testing.T, fields []byte) {
		got, err := parsePublish(append(bytes.Clone(body), fields...))
		require.NoError(t, err)
		if trace := got.opts.Trace; trace != nil {
			require.Equal(t, trace, parseTrace(appendTrace(nil, trace)))
		}
		got.opts.Trace = nil
		require.Equal(t, plain, got)
	})
}
