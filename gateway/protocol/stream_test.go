package protocol_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/hub"
)

// serverSent reads events as the HTML standard says: fields by line, until an empty line.
func serverSent(t testing.TB, text []byte) (id, data string) {
	t.Helper()
	normal := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(text))
	block, rest, ended := strings.Cut(normal, "\n\n")
	require.True(t, ended)
	require.Empty(t, rest, "one event")
	var lines []string
	for line := range strings.SplitSeq(block, "\n") {
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "id":
			id = value
		case "data":
			lines = append(lines, value)
		default:
			t.Fatalf("field %q", field)
		}
	}
	return id, strings.Join(lines, "\n")
}

func TestStreamEvent(t *testing.T) {
	e := &hub.Event{Type: "m", Channel: "r", From: "ann", MID: "x-1", Payload: json.RawMessage("{\r\n\"a\":\n1,\r\"b\":2}"), UnixMilli: 5}
	id, data := serverSent(t, protocol.StreamEvent(e))
	require.Equal(t, "x-1", id)
	require.JSONEq(t, `{"type":"m","channel":"r","from":"ann","mid":"x-1","payload":{"a":1,"b":2},"ts":5}`, data)
	require.Same(t, &protocol.StreamEvent(e)[0], &protocol.StreamEvent(e)[0], "encoded once")
	require.NotEqual(t, protocol.EventFrame(e), protocol.StreamEvent(e))

	id, data = serverSent(t, protocol.StreamEvent(&hub.Event{Type: hub.TypePresenceJoin, Payload: json.RawMessage(`{}`)}))
	require.Empty(t, id)
	require.JSONEq(t, `{"type":"presence:join","payload":{},"ts":0}`, data)
}

// Frames of every length of header.
func TestStreamFrame(t *testing.T) {
	for _, size := range []int{0, 100, 125, 126, 1000, 65_535, 65_536, 100_000} {
		text := `"` + strings.Repeat("x", size) + `"`
		id, data := serverSent(t, protocol.StreamFrame(protocol.TextFrame([]byte(text)), "c"))
		require.Equal(t, "c", id)
		require.Equal(t, text, data)
	}
}

func TestStreamFrames(t *testing.T) {
	for want, frame := range map[string][]byte{
		`{"type":"starling:joined","payload":{"channel":"r","newlyPresent":true,"partial":true},"ts":7}`: protocol.StreamJoinedFrame(
			protocol.JoinReply{Channel: "r", NewlyPresent: true, Partial: true}, 7),
		`{"type":"starling:close","payload":{"code":1012,"reason":"draining"},"ts":7}`: protocol.StreamCloseFrame(
			protocol.CloseRestart, "draining", 7),
		`{"type":"gap","payload":{"channel":"r","gateway":"*"},"ts":7}`: protocol.StreamGapFrame("r", 7),
	} {
		_, data := serverSent(t, protocol.StreamFrame(frame, ""))
		require.Equal(t, want, data)
	}
	require.Equal(t, "retry: 1500\n\n", string(protocol.StreamRetry(1500)))
	require.True(t, bytes.HasPrefix(protocol.StreamHeartbeat(), []byte(":")))
}

// Whatever a payload looks like, a client gets the same JSON.
func FuzzStreamEvent(f *testing.F) {
	for _, seed := range []string{`1`, "{\"a\":\r\n[1,\n\n2]}", "\r\r\"x\\n\"", `"\u2028"`, "\" \"", "[\n]\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		if !json.Valid(payload) {
			return
		}
		e := &hub.Event{Type: "m", Channel: "r", MID: "1", Payload: payload}
		id, data := serverSent(t, protocol.StreamEvent(e))
		require.Equal(t, "1", id)
		var got struct{ Payload json.RawMessage }
		require.NoError(t, json.Unmarshal([]byte(data), &got), "%q", data)
		var a, b bytes.Buffer
		require.NoError(t, json.Compact(&a, payload))
		require.NoError(t, json.Compact(&b, got.Payload))
		require.Equal(t, a.String(), b.String())
	})
}
