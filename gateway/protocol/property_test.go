package protocol_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/hub"
)

// Any request that encoding/json writes is read back as the same request.
func TestRequestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOfN(rapid.RuneFrom([]rune("aé\"\\/<\u2028😀 :")), 1, 40, hub.MaxNameBytes)
		fields := map[string]any{"channel": name.Draw(t, "channel")}
		want := protocol.Request{Channel: fields["channel"].(string)}
		want.Type = rapid.SampledFrom(protocol.RequestTypes()).Draw(t, "type")
		value := rapid.SampledFrom([]any{nil, 1.5, "}]\\\"", []any{1, "x"}, map[string]any{"type": []any{"}"}}}).Draw(t, "payload")
		raw, err := json.Marshal(value)
		require.NoError(t, err)
		frame := map[string]any{"type": want.Type, "payload": fields, "extra": value}
		switch want.Type {
		case protocol.Join:
			want.Presence = rapid.SampledFrom([]hub.PresenceMode{hub.PresenceFull, hub.PresenceCount, hub.PresenceNone}).Draw(t, "mode")
			fields["presence"] = want.Presence.String()
		case protocol.Publish:
			want.Event, want.Key = "e:"+name.Draw(t, "event")[1:], "k"+name.Draw(t, "key")
			want.Event = strings.ToValidUTF8(want.Event, "")
			fields["type"], fields["payload"], fields["key"] = want.Event, value, want.Key
			want.Except = protocol.Except(rapid.IntRange(0, 2).Draw(t, "except"))
			fields["except"] = []string{"connection", "member", "none"}[want.Except]
			want.Payload = raw
		case protocol.Typing:
			want.Typing = rapid.Bool().Draw(t, "typing")
			fields["typing"] = want.Typing
		case protocol.Auth:
			want.Channel, want.Token = "", name.Draw(t, "token")
			fields["token"] = want.Token
		case protocol.Ping:
			frame["payload"] = value
			want.Channel, want.Payload = "", raw
		}
		if rapid.Bool().Draw(t, "has id") {
			id := rapid.Uint64Max(protocol.MaxIDNumber).Draw(t, "id")
			frame["id"] = id
			text, _ := json.Marshal(id)
			want.ID = protocol.ID(text)
		}
		data, err := json.Marshal(frame)
		require.NoError(t, err)
		got, perr := protocol.ParseRequest(data)
		require.Nil(t, perr, "%s", data)
		require.Equal(t, want, got)
	})
}

// Whatever the strings, an event's frame is JSON that says the same, and the payload comes through byte for byte.
func TestEventRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload, err := json.Marshal(rapid.String().Draw(t, "payload"))
		require.NoError(t, err)
		e := &hub.Event{
			Type: rapid.StringN(1, 50, -1).Draw(t, "type"), Channel: rapid.String().Draw(t, "channel"),
			From: rapid.String().Draw(t, "from"), MID: rapid.String().Draw(t, "mid"),
			Payload: payload, UnixMilli: rapid.Int64().Draw(t, "ts"),
		}
		frame := protocol.EventFrame(e)
		var got struct {
			Type, Channel, From, MID string
			Payload                  json.RawMessage
			TS                       int64
		}
		require.True(t, utf8.Valid(body(frame)))
		require.NoError(t, json.Unmarshal(body(frame), &got))
		require.Equal(t, e.Type, got.Type)
		require.Equal(t, []byte(e.Payload), []byte(got.Payload))
		require.Equal(t, e.UnixMilli, got.TS)
		require.Equal(t, []string{e.Channel, e.From, e.MID}, []string{got.Channel, got.From, got.MID})
	})
}

// Strings that are not even UTF-8 end as the same text that encoding/json would make of them.
func TestAnyStringIsEscapedLikeEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "s"))
		frame := protocol.Errorf(protocol.CodeBadRequest, "%s", s).Frame(1)
		var got struct{ Payload struct{ Message string } }
		require.NoError(t, json.Unmarshal(body(frame), &got))
		reference, err := json.Marshal(s)
		require.NoError(t, err)
		var want string
		require.NoError(t, json.Unmarshal(reference, &want))
		require.Equal(t, want, got.Payload.Message)
	})
}
