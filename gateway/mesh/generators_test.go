package mesh

import (
	"encoding/binary"
	"encoding/json"
	"time"

	"pgregory.net/rapid"

	"github.com/starling-realtime/starling/gateway/mesh/link"
	"github.com/starling-realtime/starling/hub"
)

func kindOf(n int) link.Kind { return link.Kind(n) }

// name draws a valid name.
func name(t *rapid.T, label string) string {
	return rapid.StringMatching(`[a-zäß-][ -~]{0,60}`).Draw(t, label)
}

func anyDelta(t *rapid.T) hub.Delta {
	d := hub.Delta{
		Op:      rapid.SampledFrom([]hub.Op{hub.OpJoin, hub.OpLeave, hub.OpInterest, hub.OpDisinterest, hub.OpTyping, hub.OpTypingStop}).Draw(t, "op"),
		Channel: name(t, "channel"),
	}
	if d.Op != hub.OpInterest && d.Op != hub.OpDisinterest {
		d.Member = name(t, "member")
	}
	if d.Op == hub.OpTyping {
		d.TTL = time.Duration(rapid.Int64Range(0, int64(24*time.Hour/time.Millisecond)).Draw(t, "ttl")) * time.Millisecond
	}
	return d
}

func anyBucketPart(t *rapid.T) bucketPart {
	p := bucketPart{
		bucket: rapid.IntRange(0, hub.Buckets-1).Draw(t, "bucket"),
		first:  rapid.Bool().Draw(t, "first"),
		last:   rapid.Bool().Draw(t, "last"),
		seq:    rapid.Uint64().Draw(t, "seq"),
	}
	for range rapid.IntRange(0, 20).Draw(t, "entries") {
		p.state.Presence = append(p.state.Presence, hub.Entry{Channel: name(t, "channel"), Member: name(t, "member")})
	}
	for range rapid.IntRange(0, 20).Draw(t, "interests") {
		p.state.Interest = append(p.state.Interest, name(t, "channel"))
	}
	return p
}

func anyPublish(t *rapid.T) publishFrame {
	text := rapid.StringN(0, 30, 100)
	p := publishFrame{
		event: &hub.Event{
			Type: "t" + name(t, "type"), Channel: name(t, "channel"), From: text.Draw(t, "from"), MID: text.Draw(t, "mid"),
			Payload: json.RawMessage(rapid.SliceOf(rapid.Byte()).Draw(t, "payload")),
			Seq:     rapid.Uint64().Draw(t, "seq"), UnixMilli: rapid.Int64Min(0).Draw(t, "time"),
		},
		opts: hub.PublishOptions{
			Key: text.Draw(t, "key"), ExceptConnID: text.Draw(t, "conn"), ExceptSession: text.Draw(t, "session"),
			ExceptMemberID: text.Draw(t, "except"),
		},
	}
	p.opts.From, p.opts.MID = p.event.From, p.event.MID
	if rapid.Bool().Draw(t, "traced") {
		p.opts.Trace = anyTrace(t)
	}
	return p
}

func anyTrace(t *rapid.T) *hub.Trace {
	id := rapid.Uint64Min(1)
	var trace hub.Trace
	binary.BigEndian.PutUint64(trace.TraceID[8:], id.Draw(t, "trace"))
	binary.BigEndian.PutUint64(trace.SpanID[:], id.Draw(t, "span"))
	return &trace
}
