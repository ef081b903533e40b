package mesh

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/memberlist"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/starling-realtime/starling/hub"
)

// The bytes of each frame travel between releases, so a change of them is a break of the mesh's wire format.
func TestWireFormat(t *testing.T) {
	join := hub.Delta{Op: hub.OpJoin, Channel: "room", Member: "ann"}
	typing := hub.Delta{Op: hub.OpTyping, Channel: "room", Member: "ann", TTL: 5 * time.Second}
	part := bucketPart{bucket: 97, first: true, last: true, seq: 300, state: hub.BucketState{
		Presence: []hub.Entry{{Channel: "room", Member: "ann"}}, Interest: []string{"room"},
	}}
	publish := publishFrame{
		event: &hub.Event{
			Type: "chat", Channel: "room", From: "ann", MID: "m1", Payload: json.RawMessage(`{}`), Seq: 2, UnixMilli: 3,
		},
		opts: hub.PublishOptions{Key: "k", ExceptConnID: "c", ExceptSession: "s", ExceptMemberID: "ann"},
	}
	tests := []struct{ name, want, got string }{
		{"join", "010704726f6f6d03616e6e00", hex.EncodeToString(encodeDelta(7, join))},
		{"typing", "050704726f6f6d03616e6e8827", hex.EncodeToString(encodeDelta(7, typing))},
		{"bucket", "6103ac020104726f6f6d03616e6e0104726f6f6d", hex.EncodeToString(part.encode())},
		{"checkpoint", "0702789e60e3d38b14e4", hex.EncodeToString(
			checkpoint{7, hub.Digest{Count: 2, Hash: 0x789e60e3d38b14e4}}.encode())},
		{"publish", "020304726f6f6d046368617403616e6e026d31016b0163017303616e6e027b7d", hex.EncodeToString(publish.encode())},
		{"key", "03616e6e04726f6f6d016b026d31", hex.EncodeToString(keyFrame{"ann", "room", "k", "m1"}.encode())},
		{"gap", "0201610162", hex.EncodeToString(gapFrame{[]string{"a", "b"}}.encode())},
		{"gap in all", "00", hex.EncodeToString(gapFrame{}.encode())},
		{"load", "2ac801e80705", hex.EncodeToString(Load{Connections: 42, Headroom: 200, AcceptPerSecond: 1000, Shed: 5}.encode())},
		{"digest", "00000000000000ff0000000000000007", hex.EncodeToString(appendBootSeq(nil, bootSeq{255, 7}))},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, tt.got, tt.name)
	}
	require.Equal(t, []byte{0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0xb0, 0xb1}, []byte{
		byte(kindDelta), byte(kindBucket), byte(kindInStep), byte(kindCheckpoint), byte(kindPublish), byte(kindGap),
		byte(kindGoodbye), byte(kindResync), byte(kindKey), byte(kindLoad),
	})
	require.True(t, kindKey.IsOptional())
	require.True(t, kindLoad.IsOptional())
	for k := range 256 {
		known := k >= 0x20 && k <= 0x27 || k == 0xb0 || k == 0xb1
		require.Equal(t, known, isKnown(kindOf(k)), "kind %#x", k)
	}
}

func TestDeltaRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, seq := anyDelta(t), rapid.Uint64().Draw(t, "seq")
		gotSeq, got, err := parseDelta(encodeDelta(seq, d))
		require.NoError(t, err)
		require.Equal(t, seq, gotSeq)
		require.Equal(t, d, got)
	})
}

func TestDeltaKeepsShortTTLs(t *testing.T) {
	// A time to live that would be cut to 0 would never end.
	for _, ttl := range []time.Duration{1, time.Microsecond, 1500 * time.Microsecond} {
		_, d, err := parseDelta(encodeDelta(1, hub.Delta{Op: hub.OpTyping, Channel: "c", Member: "m", TTL: ttl}))
		require.NoError(t, err)
		require.GreaterOrEqual(t, d.TTL, ttl)
	}
}

func TestDeltaBoundsTTLs(t *testing.T) {
	_, d, err := parseDelta(encodeDelta(1, hub.Delta{Op: hub.OpTyping, Channel: "c", Member: "m", TTL: 1 << 62}))
	require.NoError(t, err)
	require.Equal(t, 24*time.Hour, d.TTL)
}

func TestBadDeltas(t *testing.T) {
	long := strings.Repeat("x", hub.MaxNameBytes+1)
	tests := []struct {
		name string
		d    hub.Delta
		want string
	}{
		{"no channel", hub.Delta{Op: hub.OpJoin, Member: "m"}, "reading a delta: channel is empty"},
		{"long channel", hub.Delta{Op: hub.OpInterest, Channel: long}, "reading a delta: channel has 201 bytes"},
		{"no member", hub.Delta{Op: hub.OpLeave, Channel: "c"}, "reading a delta: member id is empty"},
		{"control character", hub.Delta{Op: hub.OpTyping, Channel: "c", Member: "\x00"}, "reading a delta: member id \"\\x00\" has a control"},
		{"unknown operation", hub.Delta{Op: 77, Channel: "c", Member: "m"}, "reading a delta: unknown operation 77"},
	}
	for _, tt := range tests {
		_, _, err := parseDelta(encodeDelta(1, tt.d))
		require.ErrorContains(t, err, tt.want, tt.name)
	}
}

func TestBucketRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyBucketPart(t)
		got, err := parseBucketPart(p.encode())
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(p, got, cmp.AllowUnexported(bucketPart{}), cmpopts.EquateEmpty()))
	})
}

func TestBadBuckets(t *testing.T) {
	part := func(state hub.BucketState) []byte { return bucketPart{bucket: 7, last: true, state: state}.encode() }
	for want, body := range map[string][]byte{
		"reading bucket 7: channel is empty":        part(hub.BucketState{Presence: []hub.Entry{{Channel: "", Member: "m"}}}),
		"reading bucket 7: member id is empty":      part(hub.BucketState{Presence: []hub.Entry{{Channel: "c", Member: ""}}}),
		"reading bucket 7: channel is empty, want ": part(hub.BucketState{Interest: []string{""}}),
		"reading a bucket: body is truncated":       {7, 1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f},
	} {
		_, err := parseBucketPart(body)
		require.ErrorContains(t, err, want)
	}
}

// A bucket's parts are bounded, hold everything once and in order, and only the last one is marked.
func TestBucketParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var state hub.BucketState
		name := strings.Repeat("n", rapid.IntRange(1, hub.MaxNameBytes).Draw(t, "length"))
		for range rapid.IntRange(0, 3000).Draw(t, "presence") {
			state.Presence = append(state.Presence, hub.Entry{Channel: name, Member: name})
		}
		for range rapid.IntRange(0, 3000).Draw(t, "interest") {
			state.Interest = append(state.Interest, name)
		}
		var all hub.BucketState
		parts := bucketParts(9, 42, state)
		for i, p := range parts {
			require.LessOrEqual(t, len(p.encode()), maxPart+1024)
			require.Equal(t, i == 0, p.first)
			require.Equal(t, i == len(parts)-1, p.last)
			require.Equal(t, 9, p.bucket)
			require.EqualValues(t, 42, p.seq)
			all.Presence = append(all.Presence, p.state.Presence...)
			all.Interest = append(all.Interest, p.state.Interest...)
		}
		require.Equal(t, state, all)
	})
}

func TestPublishRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPublish(t)
		body := p.encode()
		got, err := parsePublish(body)
		require.NoError(t, err)
		clear(body) // What was parsed must not point into the body, which the link uses again.
		require.Equal(t, p.opts, got.opts)
		require.Empty(t, cmp.Diff(p.event, got.event, cmpopts.IgnoreUnexported(hub.Event{}), cmpopts.EquateEmpty()))
	})
}

func TestBadPublishes(t *testing.T) {
	for want, e := range map[string]*hub.Event{
		"reading a publish: channel is empty":                              {Type: "chat"},
		"reading a publish: event type is empty":                           {Channel: "c"},
		"reading a publish: event type \"presence:join\" is the server's":  {Channel: "c", Type: hub.TypePresenceJoin},
		"reading a publish: event type \"gap\" is the server's, choose an": {Channel: "c", Type: hub.TypeGap},
	} {
		_, err := parsePublish(publishFrame{event: e}.encode())
		require.ErrorContains(t, err, want)
	}
}

func TestSmallFramesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := checkpoint{rapid.Uint64().Draw(t, "seq"), hub.Digest{
			Count: rapid.Uint64().Draw(t, "count"), Hash: rapid.Uint64().Draw(t, "hash"),
		}}
		gotC, err := parseCheckpoint(c.encode())
		require.NoError(t, err)
		require.Equal(t, c, gotC)

		text := rapid.StringN(0, 50, 300)
		k := keyFrame{text.Draw(t, "member"), text.Draw(t, "channel"), text.Draw(t, "key"), text.Draw(t, "mid")}
		gotK, err := parseKey(k.encode())
		require.NoError(t, err)
		require.Equal(t, k, gotK)

		g := gapFrame{rapid.SliceOf(text).Draw(t, "channels")}
		gotG, err := parseGap(g.encode())
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(g.channels, gotG.channels, cmpopts.EquateEmpty()))

		var digest []byte
		seqs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) bootSeq {
			return bootSeq{hub.Boot(rapid.Uint64().Draw(t, "boot")), rapid.Uint64().Draw(t, "seq")}
		}), 1, 50).Draw(t, "digest")
		for _, s := range seqs {
			digest = appendBootSeq(digest, s)
		}
		gotSeqs, err := parseDigest(digest)
		require.NoError(t, err)
		require.Equal(t, seqs, gotSeqs)
	})
}

// Later releases add fields at the end, which this one ignores; what ends too early is refused.
func TestFramesCanGrowAndNotShrink(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPublish(t)
		p.opts.Trace = nil // it is in the fields that come after everything that must be there
		frames := map[string]struct {
			body  []byte
			parse func([]byte) error
		}{
			"delta":   {encodeDelta(1, anyDelta(t)), func(b []byte) error { _, _, err := parseDelta(b); return err }},
			"bucket":  {anyBucketPart(t).encode(), func(b []byte) error { _, err := parseBucketPart(b); return err }},
			"publish": {p.encode(), func(b []byte) error { _, err := parsePublish(b); return err }},
			"key":     {keyFrame{"a", "b", "c", "d"}.encode(), func(b []byte) error { _, err := parseKey(b); return err }},
			"gap":     {gapFrame{[]string{"a", "b"}}.encode(), func(b []byte) error { _, err := parseGap(b); return err }},
			"checkpoint": {
				checkpoint{1, hub.Digest{Count: 2, Hash: 3}}.encode(),
				func(b []byte) error { _, err := parseCheckpoint(b); return err },
			},
		}
		for name, f := range frames {
			require.NoError(t, f.parse(append(slices.Clip(f.body), 1, 2, 3)), name)
			cut := rapid.IntRange(0, len(f.body)-1).Draw(t, "cut")
			require.ErrorIs(t, f.parse(f.body[:cut]), errTruncated, "%s cut to %d of %d bytes", name, cut, len(f.body))
		}
	})
}

func TestBadDigests(t *testing.T) {
	for _, n := range []int{0, 1, 15, 17, 31} {
		_, err := parseDigest(make([]byte, n))
		require.ErrorContains(t, err, "are not a multiple of 16")
	}
}

func TestMetadata(t *testing.T) {
	m := &Mesh{cfg: Config{Boot: 0x1234, AppVersion: strings.Repeat("v", 600)}}
	meta := (*delegate)(m).NodeMeta(memberlist.MetaMaxSize)
	require.LessOrEqual(t, len(meta), 128, "memberlist panics on more than 512 bytes")
	for _, want := range []bool{false, true} {
		m.draining.Store(want)
		boot, draining, err := parseMeta((*delegate)(m).NodeMeta(memberlist.MetaMaxSize))
		require.NoError(t, err)
		require.Equal(t, hub.Boot(0x1234), boot)
		require.Equal(t, want, draining)
	}
	for _, bad := range [][]byte{nil, {1, 2, 3}, make([]byte, 8), make([]byte, 9)} {
		_, _, err := parseMeta(bad)
		require.ErrorContains(t, err, "no boot")
	}
}
