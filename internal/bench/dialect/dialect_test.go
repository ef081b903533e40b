package dialect

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/hub"
)

func TestPayloadCarriesItsMark(t *testing.T) {
	want := Mark{Stream: 7, Seq: 1 << 31, At: 1_780_000_000_123_456_789}
	for _, size := range []int{LeastPayload, LeastPayload + 1, 200, 1000} {
		payload := AppendPayload(nil, want, size)
		require.Len(t, payload, size)
		require.True(t, json.Valid(payload))
		got, ok := FindMark(payload)
		require.True(t, ok)
		require.Equal(t, want, got)
	}
	for _, none := range []string{"", "~sb~", "~sb~00", `{"mark":"~sb~zz000000000000000000000000000000"}`} {
		_, ok := FindMark([]byte(none))
		require.False(t, ok, none)
	}
}

// What the generator says is what the gateway understands.
func TestStarlingRequests(t *testing.T) {
	parse := func(msg []byte) protocol.Request {
		r, err := protocol.ParseRequest(msg)
		require.Nil(t, err, "%s", msg)
		return r
	}
	join := parse(Starling{}.Join(nil, 3, "room", "count"))
	require.Equal(t, protocol.Join, join.Type)
	require.Equal(t, "room", join.Channel)
	require.Equal(t, hub.PresenceCount, join.Presence)
	require.NotEmpty(t, join.ID)

	require.Equal(t, protocol.Leave, parse(Starling{}.Leave(nil, 4, "room")).Type)

	payload := AppendPayload(nil, Mark{Stream: 1, Seq: 2, At: 3}, 200)
	publish := parse(Starling{}.Publish(nil, 5, "room", payload, true))
	require.Equal(t, protocol.ExceptNone, publish.Except)
	require.JSONEq(t, string(payload), string(publish.Payload))
	require.Empty(t, publish.ID)
	require.Equal(t, protocol.ExceptConnection, parse(Starling{}.Publish(nil, 5, "room", payload, false)).Except)
}

// And the other way round.
func TestStarlingReads(t *testing.T) {
	read := func(framed []byte) Message { return Starling{}.Read(framed[len(framed)-payloadOf(framed):]) }
	require.Equal(t, Ready, read(protocol.Welcome{ConnID: "c"}.Frame(1)).Kind)
	require.Equal(t, Joined, read(protocol.JoinReply{Channel: "room"}.Frame("3", 1)).Kind)
	require.Equal(t, Refused, read(protocol.Errorf(protocol.CodeNotJoined, "no").Frame(1)).Kind)
	require.Equal(t, Other, read(protocol.SnapshotFrame(hub.Snapshot{Channel: "room"}, 1)).Kind)

	event := &hub.Event{Type: hub.TypePresenceJoin, Payload: json.RawMessage(`{"channel":"room","memberId":"ann"}`)}
	got := read(protocol.EventFrame(event))
	require.Equal(t, Appeared, got.Kind)
	require.Equal(t, "room", string(got.Channel))
	event = &hub.Event{Type: hub.TypeGap, Payload: json.RawMessage(`{"channel":"room","gateway":"g"}`)}
	require.Equal(t, Gap, read(protocol.EventFrame(event)).Kind)
	require.Equal(t, Other, Starling{}.Read([]byte("noise")).Kind)
	require.Equal(t, Other, Starling{}.Read([]byte(`{"type":"`)).Kind)
}

// payloadOf is the length of a server's frame's payload.
func payloadOf(framed []byte) int {
	if framed[1] == 126 {
		return len(framed) - 4
	}
	return len(framed) - 2
}
