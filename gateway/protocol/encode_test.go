package protocol_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/hub"
)

var update = flag.Bool("update", false, "write the golden file anew")

const now = 1767225600123

// frames returns one frame of each kind, by name; the golden file shows them all.
func frames() map[string][]byte {
	event := func(e *hub.Event) []byte { e.UnixMilli = now; return protocol.EventFrame(e) }
	snapshot := hub.Snapshot{Channel: "room:1", Members: []string{"ann", "bob"}, MemberCount: 2, Typing: []string{"bob"}}
	refusal := protocol.Errorf(protocol.CodeBadRequest, "payload.channel is %s", "missing, want a string")
	full := &protocol.Error{
		Code: protocol.CodeRateLimited, Message: "more than 20 joins a second", ID: `"j1"`, Channel: "room:1",
		Request: protocol.Join, RetryAfterMs: 150,
	}
	return map[string][]byte{
		"welcome": protocol.Welcome{
			ConnID: "c1", MemberID: "ann", Gateway: "gw-0", HeartbeatMs: 15000, MaxMessageBytes: 65536,
		}.Frame(now),
		"presence:snapshot":           protocol.SnapshotFrame(snapshot, now),
		"presence:snapshot empty":     protocol.SnapshotFrame(hub.Snapshot{Channel: "room:1"}, now),
		"presence:snapshot truncated": protocol.SnapshotFrame(hub.Snapshot{Channel: "room:1", Members: []string{"ann"}, MemberCount: 5, Truncated: true}, now),
		"reply to join":               protocol.JoinReply{Channel: "room:1", NewlyPresent: true}.Frame("1", now),
		"reply to join, partial":      protocol.JoinReply{Channel: "room:1", Partial: true}.Frame(`"é\u0041"`, now),
		"reply to leave":              protocol.LeaveReply{Channel: "room:1", NowAbsent: true}.Frame("2", now),
		"reply to publish":            protocol.PublishReplyFrame("3", "m1", now),
		"reply to typing":             protocol.TypingReplyFrame("4", now),
		"reply to presence":           protocol.PresenceReplyFrame("5", snapshot, now),
		"reply to auth":               protocol.AuthReplyFrame("7", 1767229205000, now),
		"pong":                        protocol.PongReplyFrame("", json.RawMessage(`{"n" : 1}`), now),
		"pong with id":                protocol.PongReplyFrame("6", nil, now),
		"error":                       refusal.Frame(now),
		"error with everything":       full.Frame(now),
		"reconnect":                   protocol.Reconnect{Reason: "drain", AfterMs: 1200, OverlapMs: 5000}.Frame(now),
		"presence:join":               event(&hub.Event{Type: hub.TypePresenceJoin, Channel: "room:1", Payload: []byte(`{"channel":"room:1","memberId":"ann"}`)}),
		"presence:leave":              event(&hub.Event{Type: hub.TypePresenceLeave, Channel: "room:1", Payload: []byte(`{"channel":"room:1","memberId":"ann"}`)}),
		"presence:count":              event(&hub.Event{Type: hub.TypePresenceCount, Channel: "room:1", Payload: []byte(`{"channel":"room:1","memberCount":3}`)}),
		"typing":                      event(&hub.Event{Type: hub.TypeTyping, Channel: "room:1", Payload: []byte(`{"channel":"room:1","memberId":"ann","typing":true}`)}),
		"gap":                         event(&hub.Event{Type: hub.TypeGap, Channel: "room:1", Payload: []byte(`{"channel":"room:1","gateway":"gw-1"}`)}),
		"event": event(&hub.Event{
			Type: "message", Channel: "room:\"1\"\u2028<é>", From: "ann\\", MID: "m1", Payload: []byte(`{"text" : "<b>&\u00e9"}`),
		}),
		"event of an embedding program": event(&hub.Event{Type: "notice", Channel: "room:1"}),
	}
}

func TestFramesAreGolden(t *testing.T) {
	path := filepath.Join("testdata", "frames.golden")
	all := frames()
	var text strings.Builder
	for _, name := range sortedKeys(all) {
		text.WriteString(name + "\n    " + string(payloadOf(t, all[name])) + "\n")
	}
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run go test -update to write it")
	require.Equal(t, string(want), text.String())
}

func TestEveryFrameIsJSONWithTypeAndTime(t *testing.T) {
	for name, frame := range frames() {
		var env struct {
			Type    string          `json:"type"`
			Payload json.RawMessage `json:"payload"`
			TS      int64           `json:"ts"`
		}
		require.NoError(t, json.Unmarshal(payloadOf(t, frame), &env), name)
		require.Equal(t, int64(now), env.TS, name)
		require.NotEmpty(t, env.Payload, name)
		require.NotEmpty(t, env.Type, name)
	}
}

func TestEventIsEncodedOnce(t *testing.T) {
	e := &hub.Event{Type: "m", Channel: "r", Payload: []byte("1")}
	require.Same(t, &protocol.EventFrame(e)[0], &protocol.EventFrame(e)[0])
}

func TestCodesAreListedOnce(t *testing.T) {
	codes := map[protocol.ErrorCode]bool{}
	for _, c := range protocol.ErrorCodes() {
		require.False(t, codes[c], c)
		codes[c] = true
	}
	closes := map[protocol.CloseCode]bool{}
	for _, c := range protocol.CloseCodes() {
		require.False(t, closes[c], c)
		closes[c] = true
	}
	require.Len(t, protocol.RequestTypes(), 7)
}
