package protocol_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/hub"
)

const page = "../../docs/protocol.md"

// An example is a fenced block of the documentation: its info string without "json", and its text.
type example struct{ info, text string }

func examples(t *testing.T) []example {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	var list []example
	for _, m := range regexp.MustCompile("(?s)```json ([^\n]*)\n(.*?)\n```").FindAllStringSubmatch(string(text), -1) {
		list = append(list, example{m[1], m[2]})
	}
	require.NotEmpty(t, list)
	return list
}

func TestDocumentedRequestsParse(t *testing.T) {
	seen := map[protocol.RequestType]bool{}
	for _, e := range examples(t) {
		code, refused := strings.CutPrefix(e.info, "refused ")
		switch {
		case e.info == "client":
			request, err := protocol.ParseRequest([]byte(e.text))
			require.Nil(t, err, e.text)
			seen[request.Type] = true
		case refused:
			_, err := protocol.ParseRequest([]byte(e.text))
			require.NotNil(t, err, e.text)
			require.Equal(t, code, string(err.Code), e.text)
		default:
			require.Equal(t, "server", e.info)
		}
	}
	for _, typ := range protocol.RequestTypes() {
		require.True(t, seen[typ], "%s has no example of request %s", page, typ)
	}
}

// Each example of a server frame is byte for byte what this package writes for the same content.
func TestDocumentedFramesAreWhatTheServerSends(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range examples(t) {
		if e.info != "server" {
			continue
		}
		var env struct {
			Type, Channel, From, MID string
			ID                       json.RawMessage
			Payload                  json.RawMessage
			TS                       int64
		}
		require.NoError(t, json.Unmarshal([]byte(e.text), &env), e.text)
		seen[env.Type] = true
		event := &hub.Event{Type: env.Type, Channel: env.Channel, From: env.From, MID: env.MID, Payload: env.Payload, UnixMilli: env.TS}
		got := encoded(t, env.Type, protocol.ID(env.ID), env.Payload, env.TS, event)
		require.Equal(t, e.text, string(body(got)))
	}
	for name, frame := range frames() {
		var env struct{ Type string }
		require.NoError(t, json.Unmarshal(payloadOf(t, frame), &env))
		if name != "event of an embedding program" {
			require.True(t, seen[env.Type], "%s has no example of frame %s", page, env.Type)
		}
	}
}

// encoded makes the frame of a type from a payload that was read back; what it does not know is an event.
func encoded(t *testing.T, typ string, id protocol.ID, payload json.RawMessage, ts int64, event *hub.Event) []byte {
	t.Helper()
	read := func(v any) { require.NoError(t, json.Unmarshal(payload, v)) }
	switch typ {
	case "welcome":
		var w protocol.Welcome
		read(&w)
		return w.Frame(ts)
	case "presence:snapshot":
		var s hub.Snapshot
		read(&s)
		return protocol.SnapshotFrame(s, ts)
	case "pong":
		return protocol.PongReplyFrame(id, payload, ts)
	case "reconnect":
		var r protocol.Reconnect
		read(&r)
		return r.Frame(ts)
	case "error":
		e := protocol.Error{ID: id}
		read(&e)
		return e.Frame(ts)
	case "reply":
		return encodedReply(t, id, payload, ts)
	default:
		return protocol.EventFrame(event)
	}
}

func encodedReply(t *testing.T, id protocol.ID, payload json.RawMessage, ts int64) []byte {
	t.Helper()
	var r struct {
		protocol.JoinReply
		NowAbsent *bool
		MID       string
		ExpiresAt *int64
		Members   []string
	}
	require.NoError(t, json.Unmarshal(payload, &r))
	switch {
	case r.MID != "":
		return protocol.PublishReplyFrame(id, r.MID, ts)
	case r.ExpiresAt != nil:
		return protocol.AuthReplyFrame(id, *r.ExpiresAt, ts)
	case r.NowAbsent != nil:
		return protocol.LeaveReply{Channel: r.Channel, NowAbsent: *r.NowAbsent}.Frame(id, ts)
	case r.Members != nil:
		var s hub.Snapshot
		require.NoError(t, json.Unmarshal(payload, &s))
		return protocol.PresenceReplyFrame(id, s, ts)
	case r.Channel != "":
		return r.JoinReply.Frame(id, ts)
	default:
		return protocol.TypingReplyFrame(id, ts)
	}
}

func TestEveryCodeIsDocumented(t *testing.T) {
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	for _, code := range protocol.ErrorCodes() {
		require.Contains(t, string(text), "| `"+string(code)+"` |")
	}
	for _, code := range protocol.CloseCodes() {
		require.Regexp(t, `(?m)^\| `+strconv.Itoa(int(code))+` \|`, string(text))
	}
}
