package mesh

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/hub"
)

// Each fuzz test says that whatever comes from a link is either refused or means the same when it is written again, and
// that what is accepted is fit for the hub.

func FuzzParseDelta(f *testing.F) {
	f.Add(encodeDelta(7, hub.Delta{Op: hub.OpTyping, Channel: "room", Member: "ann", TTL: 5e9}))
	f.Add(encodeDelta(1<<63, hub.Delta{Op: hub.OpInterest, Channel: "room"}))
	f.Fuzz(func(t *testing.T, body []byte) {
		seq, d, err := parseDelta(body)
		if err != nil {
			return
		}
		require.NoError(t, hub.CheckName("channel", d.Channel))
		require.GreaterOrEqual(t, int64(d.TTL), int64(0))
		seq2, d2, err := parseDelta(encodeDelta(seq, d))
		require.NoError(t, err)
		require.Equal(t, seq, seq2)
		require.Equal(t, d, d2)
	})
}

func FuzzParseBucket(f *testing.F) {
	f.Add(bucketPart{bucket: 7, last: true, seq: 9, state: hub.BucketState{
		Presence: []hub.Entry{{Channel: "room", Member: "ann"}}, Interest: []string{"room", "other"},
	}}.encode())
	f.Add(bucketPart{bucket: 255}.encode())
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := parseBucketPart(body)
		if err != nil {
			return
		}
		require.Less(t, p.bucket, hub.Buckets)
		for _, e := range p.state.Presence {
			require.NoError(t, checkDelta(hub.Delta{Op: hub.OpJoin, Channel: e.Channel, Member: e.Member}))
		}
		for _, name := range p.state.Interest {
			require.NoError(t, checkDelta(hub.Delta{Op: hub.OpInterest, Channel: name}))
		}
		again, err := parseBucketPart(p.encode())
		require.NoError(t, err)
		require.Equal(t, p, again)
	})
}

func FuzzParseCheckpoint(f *testing.F) {
	f.Add(checkpoint{7, hub.Digest{Count: 2, Hash: 3}}.encode())
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := parseCheckpoint(body)
		if err != nil {
			return
		}
		again, err := parseCheckpoint(c.encode())
		require.NoError(t, err)
		require.Equal(t, c, again)
	})
}

func FuzzParsePublish(f *testing.F) {
	f.Add(publishFrame{
		event: &hub.Event{Type: "chat", Channel: "room", From: "ann", MID: "m1", Payload: []byte(`{"a":1}`), Seq: 2, UnixMilli: 3},
		opts:  hub.PublishOptions{Key: "k", ExceptConnID: "c"},
	}.encode())
	f.Add(publishFrame{
		event: &hub.Event{Type: "chat", Channel: "room", Payload: []byte(`1`)},
		opts:  hub.PublishOptions{Trace: &hub.Trace{TraceID: [16]byte{1}, SpanID: [8]byte{2}}},
	}.encode())
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := parsePublish(body)
		if err != nil {
			return
		}
		require.NoError(t, hub.CheckEventType(p.event.Type))
		again, err := parsePublish(p.encode())
		require.NoError(t, err)
		require.Equal(t, p.opts, again.opts)
		require.Equal(t, p.encode(), again.encode())
	})
}

func FuzzParseKey(f *testing.F) {
	f.Add(keyFrame{"ann", "room", "k", "m1"}.encode())
	f.Fuzz(func(t *testing.T, body []byte) {
		k, err := parseKey(body)
		if err != nil {
			return
		}
		again, err := parseKey(k.encode())
		require.NoError(t, err)
		require.Equal(t, k, again)
	})
}

func FuzzParseGap(f *testing.F) {
	f.Add(gapFrame{[]string{"a", "b"}}.encode())
	f.Add(gapFrame{}.encode())
	f.Fuzz(func(t *testing.T, body []byte) {
		g, err := parseGap(body)
		if err != nil {
			return
		}
		again, err := parseGap(g.encode())
		require.NoError(t, err)
		require.Equal(t, g, again)
	})
}

func FuzzParseDigest(f *testing.F) {
	f.Add(appendBootSeq(appendBootSeq(nil, bootSeq{1, 2}), bootSeq{3, 4}))
	f.Fuzz(func(t *testing.T, body []byte) {
		seqs, err := parseDigest(body)
		if err != nil {
			return
		}
		var again []byte
		for _, s := range seqs {
			again = appendBootSeq(again, s)
		}
		require.Equal(t, body, again)
	})
}

func FuzzParseMeta(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 1, 2, 'v', '1'})
	f.Fuzz(func(t *testing.T, meta []byte) {
		if boot, _, err := parseMeta(meta); err == nil {
			require.NotZero(t, boot)
		}
	})
}

func FuzzParseNamed(f *testing.F) {
	f.Add(appendNamed("status", []byte("{}")))
	f.Add(appendNamed("", nil))
	f.Fuzz(func(t *testing.T, body []byte) {
		kind, rest, err := parseNamed(body)
		if err != nil {
			return
		}
		kind2, rest2, err := parseNamed(appendNamed(kind, rest))
		require.NoError(t, err)
		require.Equal(t, kind, kind2)
		require.Equal(t, append([]byte{}, rest...), append([]byte{}, rest2...))
	})
}

func FuzzParseLoad(f *testing.F) {
	f.Add(Load{Connections: 42, Headroom: 200, AcceptPerSecond: 1000}.encode())
	f.Fuzz(func(t *testing.T, body []byte) {
		l, err := parseLoad(body)
		if err != nil {
			return
		}
		require.GreaterOrEqual(t, min(l.Connections, l.Headroom, l.AcceptPerSecond), 0)
		again, err := parseLoad(l.encode())
		require.NoError(t, err)
		require.Equal(t, l, again)
	})
}
