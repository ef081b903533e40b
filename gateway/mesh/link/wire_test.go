package link

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/starling-realtime/starling/hub"
)

// TestHelloOnTheWire pins the encoding: other releases must understand it.
func TestHelloOnTheWire(t *testing.T) {
	h := &hello{
		versions: VersionRange{1, 2}, features: 3, cluster: "c", boot: 4, receiver: 5, node: "n", advertise: "a", appVersion: "v",
		stream: 6, first: 7, next: 8, published: true, instance: 9, attempt: 10,
	}
	want := "SLH1" + "\x00\x00\x00\x81" +
		"\x00\x01\x00\x04\x00\x01\x00\x02" +
		"\x00\x02\x00\x08\x00\x00\x00\x00\x00\x00\x00\x03" +
		"\x00\x03\x00\x01c" +
		"\x00\x04\x00\x08\x00\x00\x00\x00\x00\x00\x00\x04" +
		"\x00\x05\x00\x08\x00\x00\x00\x00\x00\x00\x00\x05" +
		"\x00\x06\x00\x01n" + "\x00\x07\x00\x01a" + "\x00\x08\x00\x01v" +
		"\x00\x09\x00\x08\x00\x00\x00\x00\x00\x00\x00\x06" +
		"\x00\x0a\x00\x08\x00\x00\x00\x00\x00\x00\x00\x07" +
		"\x00\x0b\x00\x08\x00\x00\x00\x00\x00\x00\x00\x08" +
		"\x00\x0d\x00\x01\x01" +
		"\x00\x0e\x00\x08\x00\x00\x00\x00\x00\x00\x00\x09" +
		"\x00\x0f\x00\x08\x00\x00\x00\x00\x00\x00\x00\x0a"
	require.Equal(t, want, string(h.encode()))
}

func TestFrameOnTheWire(t *testing.T) {
	var b [headerBytes]byte
	header{length: 0x010203, kind: 0xa1, seq: 0x0405060708090a0b}.put(&b)
	require.Equal(t, "\x00\x01\x02\x03\xa1\x04\x05\x06\x07\x08\x09\x0a\x0b", string(b[:]))
	require.Equal(t, "\x00\x00\x00\x00\x00\x00\x00\x01\x00\x02\x00\x00\x00\x03x",
		string(Request{ID: 1, Method: 2, Timeout: 2001 * time.Microsecond, Body: []byte("x")}.Append(nil)))
	require.Equal(t, "\x00\x00\x00\x00\x00\x00\x00\x01\x00\x02x", string(Answer{ID: 1, Code: 2, Body: []byte("x")}.Append(nil)))
}

func drawText(t *rapid.T, label string) string {
	return rapid.StringN(0, 60, maxText).Draw(t, label)
}

func TestHelloRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u64 := rapid.Uint64()
		low := rapid.Uint16Min(1).Draw(t, "min")
		h := &hello{
			versions: VersionRange{low, rapid.Uint16Min(low).Draw(t, "max")}, features: u64.Draw(t, "features"),
			cluster: drawText(t, "cluster"), boot: hub.Boot(u64.Draw(t, "boot")), receiver: hub.Boot(u64.Draw(t, "receiver")),
			node: drawText(t, "node"), advertise: drawText(t, "advertise"), appVersion: drawText(t, "version"),
			stream: u64.Draw(t, "stream"), first: u64.Draw(t, "first"), next: u64.Draw(t, "next"),
			fresh: rapid.Bool().Draw(t, "fresh"), published: rapid.Bool().Draw(t, "published"),
			instance: u64.Draw(t, "instance"), attempt: u64.Draw(t, "attempt"),
		}
		b, err := readMessage(iotest.OneByteReader(bytes.NewReader(h.encode())), helloMagic)
		if err != nil {
			t.Fatal(err)
		}
		// A later release may add fields.
		b = append(b, "\xff\xff\x00\x03new"...)
		got, err := parseHello(b)
		if err != nil {
			t.Fatal(err)
		}
		if *got != *h {
			t.Fatalf("got %+v, want %+v", got, h)
		}
	})
}

func TestReplyRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u64 := rapid.Uint64()
		p := &reply{
			code: code(rapid.Uint16().Draw(t, "code")), text: rapid.StringN(0, 300, maxRefusal).Draw(t, "text"),
			boot: hub.Boot(u64.Draw(t, "boot")), node: drawText(t, "node"), advertise: drawText(t, "advertise"),
			appVersion: drawText(t, "version"), versions: VersionRange{rapid.Uint16().Draw(t, "min"), rapid.Uint16().Draw(t, "max")},
			version: rapid.Uint16().Draw(t, "version"), features: u64.Draw(t, "features"),
			known: rapid.Bool().Draw(t, "known"), applied: u64.Draw(t, "applied"),
		}
		b, err := readMessage(bytes.NewReader(p.encode()), replyMagic)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseReply(append(b, "\xff\xfe\x00\x00"...))
		if err != nil {
			t.Fatal(err)
		}
		if *got != *p {
			t.Fatalf("got %+v, want %+v", got, p)
		}
	})
}

func TestRefusalTextIsClipped(t *testing.T) {
	long := string(bytes.Repeat([]byte("é"), maxRefusal))
	b, err := readMessage(bytes.NewReader((&reply{text: "x" + long}).encode()), replyMagic)
	require.NoError(t, err)
	p, err := parseReply(b)
	require.NoError(t, err)
	require.Len(t, p.text, maxRefusal-1, "no half character")
}

func TestEnvelopeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Request{
			ID: rapid.Uint64().Draw(t, "id"), Method: rapid.Uint16().Draw(t, "method"),
			Timeout: time.Duration(rapid.Uint32().Draw(t, "timeout")) * time.Millisecond,
			Body:    rapid.SliceOf(rapid.Byte()).Draw(t, "body"),
		}
		got, err := ParseRequest(r.Append([]byte("prefix"))[len("prefix"):])
		if err != nil || got.ID != r.ID || got.Method != r.Method || got.Timeout != r.Timeout || !bytes.Equal(got.Body, r.Body) {
			t.Fatalf("got %+v, %v; want %+v", got, err, r)
		}
		a := Answer{ID: r.ID, Code: r.Method, Body: r.Body}
		back, err := ParseAnswer(a.Append(nil))
		if err != nil || back.ID != a.ID || back.Code != a.Code || !bytes.Equal(back.Body, a.Body) {
			t.Fatalf("got %+v, %v; want %+v", back, err, a)
		}
	})
}

func TestTimeoutsAreNeverLost(t *testing.T) {
	for d, want := range map[time.Duration]uint32{
		-1: 0, 0: 0, 1: 1, time.Millisecond: 1, time.Millisecond + 1: 2, 1000 * time.Hour * 24: 1<<32 - 1, 1<<63 - 1: 1<<32 - 1,
	} {
		require.Equal(t, want, millis(d), d.String())
	}
	_, err := ParseRequest(make([]byte, requestHead-1))
	require.ErrorContains(t, err, "request has 13 bytes, want at least 14")
	_, err = ParseAnswer(make([]byte, answerHead-1))
	require.ErrorContains(t, err, "answer has 9 bytes, want at least 10")
}

// TestFrameReader reads what a frameWriter wrote, in pieces of any size.
func TestFrameReader(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bodies := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 200), 1, 30).Draw(t, "bodies")
		var wire []byte
		for i, body := range bodies {
			var head [headerBytes]byte
			header{length: len(body), kind: FirstKind, seq: uint64(i)}.put(&head)
			wire = append(append(wire, head[:]...), body...)
		}
		source := io.Reader(bytes.NewReader(wire))
		if rapid.Bool().Draw(t, "bytewise") {
			source = iotest.OneByteReader(source)
		}
		r := newFrameReader(source, rapid.IntRange(16, 300).Draw(t, "buffer"), 200, func() {})
		for i, body := range bodies {
			h, got, err := r.next()
			if err != nil || h.seq != uint64(i) || !bytes.Equal(got, body) {
				t.Fatalf("frame %d: %+v %x %v, want %x", i, h, got, err, body)
			}
		}
		if _, _, err := r.next(); !errors.Is(err, io.EOF) {
			t.Fatalf("got %v at the end", err)
		}
	})
}

func FuzzParseHello(f *testing.F) {
	f.Add(goodHello().encode()[8:])
	f.Add((&hello{versions: SupportedVersions()}).encode()[8:])
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseHello(b)
		if err != nil {
			require.ErrorIs(t, err, errMalformed)
			return
		}
		again, err := parseHello(h.encode()[8:])
		require.NoError(t, err)
		require.Equal(t, h, again)
		if h.complete() == nil {
			require.NotZero(t, h.boot)
			require.LessOrEqual(t, h.first, h.next)
		}
	})
}

func FuzzParseReply(f *testing.F) {
	f.Add((&reply{text: "no", boot: 1}).encode()[8:])
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parseReply(b)
		if err != nil {
			require.ErrorIs(t, err, errMalformed)
			return
		}
		again, err := parseReply(p.encode()[8:])
		require.NoError(t, err)
		require.Equal(t, p, again)
	})
}

func FuzzReadMessage(f *testing.F) {
	f.Add(goodHello().encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		body, err := readMessage(bytes.NewReader(b), helloMagic)
		if err == nil {
			require.LessOrEqual(t, len(body), maxMessage)
			require.Equal(t, b[8:8+len(body)], body)
		}
	})
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x01\x20\x00\x00\x00\x00\x00\x00\x00\x01x"))
	f.Add([]byte("\x00\x00\x00\x40\x02\x00\x00\x00\x00\x00\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := newFrameReader(bytes.NewReader(b), 32, 100, func() {})
		read := 0
		for {
			h, body, err := r.next()
			if err != nil {
				return
			}
			require.Len(t, body, h.length)
			require.LessOrEqual(t, h.length, 100)
			require.Equal(t, b[read+headerBytes:read+headerBytes+h.length], body)
			read += headerBytes + h.length
		}
	})
}

func FuzzEnvelope(f *testing.F) {
	f.Add(Request{ID: 1, Method: 2, Timeout: time.Second, Body: []byte("x")}.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := ParseRequest(b); err == nil {
			require.Equal(t, b, r.Append(nil))
		}
		if a, err := ParseAnswer(b); err == nil {
			require.Equal(t, b, a.Append(nil))
		}
	})
}
