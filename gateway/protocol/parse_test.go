package protocol_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/hub"
)

func TestParseRequest(t *testing.T) {
	for name, tc := range map[string]struct {
		in   string
		want protocol.Request
	}{
		"join": {`{"type":"join","payload":{"channel":"room:1"}}`, protocol.Request{Type: protocol.Join, Channel: "room:1"}},
		"join with everything": {
			`{"type":"join","id":7,"ts":1,"payload":{"channel":"room:1","presence":"count"}}`,
			protocol.Request{Type: protocol.Join, ID: "7", Channel: "room:1", Presence: hub.PresenceCount},
		},
		"join, presence none": {
			`{"type":"join","payload":{"presence":"none","channel":"r"}}`,
			protocol.Request{Type: protocol.Join, Channel: "r", Presence: hub.PresenceNone},
		},
		"null is absent": {
			`{"type":"join","id":null,"payload":{"channel":"r","presence":null}}`, protocol.Request{Type: protocol.Join, Channel: "r"},
		},
		"leave": {`{"type":"leave","id":"a b","payload":{"channel":"r"}}`, protocol.Request{Type: protocol.Leave, ID: `"a b"`, Channel: "r"}},
		"publish": {
			`{"type":"publish","id":0,"payload":{"channel":"r","type":"msg","payload": {"a" : [1, 1e400, "\ud83d\ude00"]} ,"key":"k1"}}`,
			protocol.Request{
				Type: protocol.Publish, ID: "0", Channel: "r", Event: "msg", Key: "k1",
				Payload: []byte(`{"a" : [1, 1e400, "\ud83d\ude00"]}`),
			},
		},
		"publish without payload": {
			`{"type":"publish","payload":{"channel":"r","type":"msg","except":"none"}}`,
			protocol.Request{Type: protocol.Publish, Channel: "r", Event: "msg", Payload: []byte("null"), Except: protocol.ExceptNone},
		},
		"publish except member": {
			`{"type":"publish","payload":{"channel":"r","type":"msg","payload":1,"except":"member"}}`,
			protocol.Request{Type: protocol.Publish, Channel: "r", Event: "msg", Payload: []byte("1"), Except: protocol.ExceptMember},
		},
		"publish except connection": {
			`{"type":"publish","payload":{"channel":"r","type":"msg","payload":"x","except":"connection"}}`,
			protocol.Request{Type: protocol.Publish, Channel: "r", Event: "msg", Payload: []byte(`"x"`)},
		},
		"typing":        {`{"type":"typing","payload":{"channel":"r","typing":true}}`, protocol.Request{Type: protocol.Typing, Channel: "r", Typing: true}},
		"typing false":  {`{"type":"typing","payload":{"channel":"r","typing":false}}`, protocol.Request{Type: protocol.Typing, Channel: "r"}},
		"presence":      {`{"type":"presence","id":1,"payload":{"channel":"r"}}`, protocol.Request{Type: protocol.Presence, ID: "1", Channel: "r"}},
		"ping":          {`{"type":"ping","payload":{"n":[]}}`, protocol.Request{Type: protocol.Ping, Payload: []byte(`{"n":[]}`)}},
		"ping, nothing": {`{"type":"ping"}`, protocol.Request{Type: protocol.Ping, Payload: []byte("null")}},
		"unknown and reserved fields are ignored": {
			`{"v":{"type":"x"},"type":"leave","offset":{},"resume":[1],"after":1,"limit":null,"payload":{"channel":"r","limit":1,"id":[],"x":"}"}}`,
			protocol.Request{Type: protocol.Leave, Channel: "r"},
		},
		"names are exact": {
			`{"type":"leave","TYPE":"join","payload":{"channel":"r","Channel":"q"}}`, protocol.Request{Type: protocol.Leave, Channel: "r"},
		},
		"escapes in names and values": {
			`{"\u0074ype":"le\u0061ve","payload":{"ch\u0061nnel":"caf\u00e9 \"1\" \\ \/"}}`,
			protocol.Request{Type: protocol.Leave, Channel: `café "1" \ /`},
		},
		"white space": {" \r\n\t{ \"type\" : \"leave\" , \"payload\" : { \"channel\" : \"r\" } } \n", protocol.Request{Type: protocol.Leave, Channel: "r"}},
		"largest id":  {`{"type":"ping","id":9007199254740991}`, protocol.Request{Type: protocol.Ping, ID: "9007199254740991", Payload: []byte("null")}},
		"longest id": {
			`{"type":"ping","id":"` + strings.Repeat("é", 32) + `"}`,
			protocol.Request{Type: protocol.Ping, ID: protocol.ID(`"` + strings.Repeat("é", 32) + `"`), Payload: []byte("null")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := protocol.ParseRequest([]byte(tc.in))
			require.Nil(t, err)
			require.Empty(t, cmp.Diff(tc.want, got))
		})
	}
}

func TestParseRequestRefuses(t *testing.T) {
	const bad = protocol.CodeBadRequest
	for name, tc := range map[string]struct {
		in      string
		code    protocol.ErrorCode
		message string // a part of it
		id      protocol.ID
	}{
		"empty":              {``, bad, "not JSON", ""},
		"not JSON":           {`{"type":`, bad, "unexpected end of JSON input", ""},
		"two values":         {`{"type":"ping"} {}`, bad, "after top-level value", ""},
		"not UTF-8":          {"{\"type\":\"ping\",\"payload\":\"\xff\"}", bad, "not UTF-8", ""},
		"an array":           {`[1]`, bad, "not a JSON object", ""},
		"a string":           {`"join"`, bad, "not a JSON object", ""},
		"no type":            {`{"id":3,"payload":{}}`, bad, "type is missing, want one of join", "3"},
		"null type":          {`{"type":null}`, bad, "type is missing", ""},
		"type is a number":   {`{"type":1,"id":"x"}`, bad, "type is a number, want a string", `"x"`},
		"type twice":         {`{"type":"ping","type":"ping","id":1}`, bad, "type is given twice", "1"},
		"id twice":           {`{"type":"ping","id":1,"id":2}`, bad, "id is given twice", ""},
		"payload twice":      {`{"type":"ping","payload":1,"payload":2}`, bad, "payload is given twice", ""},
		"unknown type":       {`{"type":"subscribe","id":1}`, protocol.CodeUnknownType, `type is "subscribe", want one of join, leave`, "1"},
		"server's type":      {`{"type":"welcome"}`, protocol.CodeUnknownType, `type is "welcome"`, ""},
		"long unknown type":  {`{"type":"` + strings.Repeat("x", 999) + `"}`, protocol.CodeUnknownType, `…`, ""},
		"negative id":        {`{"type":"ping","id":-1}`, bad, "id is -1, want an integer from 0 to 9007199254740991 or a string", ""},
		"fractional id":      {`{"type":"ping","id":1.0}`, bad, "without fraction", ""},
		"exponent in id":     {`{"type":"ping","id":1e3}`, bad, "id is 1e3", ""},
		"id too large":       {`{"type":"ping","id":9007199254740992}`, bad, "id is 9007199254740992", ""},
		"id far too large":   {`{"type":"ping","id":` + strings.Repeat("9", 300) + `}`, bad, "…, want an integer", ""},
		"id too long":        {`{"type":"ping","id":"` + strings.Repeat("x", 65) + `"}`, bad, "id has 65 bytes, want at most 64", ""},
		"id is an object":    {`{"type":"ping","id":{}}`, bad, "id is an object", ""},
		"id is a boolean":    {`{"type":"ping","id":true}`, bad, "id is a boolean", ""},
		"no payload":         {`{"type":"join","id":1}`, bad, "payload is missing, want an object", "1"},
		"payload is null":    {`{"type":"join","payload":null}`, bad, "payload is null, want an object", ""},
		"payload is a list":  {`{"type":"join","payload":["r"]}`, bad, "payload is an array", ""},
		"no channel":         {`{"type":"join","payload":{}}`, bad, "payload.channel is missing", ""},
		"channel is null":    {`{"type":"join","payload":{"channel":null}}`, bad, "payload.channel is missing", ""},
		"channel is empty":   {`{"type":"join","payload":{"channel":""}}`, bad, "payload.channel is empty, want 1 to 200 bytes", ""},
		"channel is number":  {`{"type":"join","payload":{"channel":5}}`, bad, "payload.channel is a number, want a string", ""},
		"channel twice":      {`{"type":"join","payload":{"channel":"a","channel":"b"}}`, bad, "payload.channel is given twice", ""},
		"channel too long":   {`{"type":"join","payload":{"channel":"` + strings.Repeat("x", 201) + `"}}`, bad, "has 201 bytes", ""},
		"control character":  {`{"type":"join","payload":{"channel":"a\u0000"}}`, bad, "control character", ""},
		"presence mode":      {`{"type":"join","payload":{"channel":"r","presence":"all"}}`, bad, `payload.presence is "all", want "full", "count" or "none"`, ""},
		"presence is bool":   {`{"type":"join","payload":{"channel":"r","presence":true}}`, bad, "payload.presence is a boolean", ""},
		"presence is empty":  {`{"type":"join","payload":{"channel":"r","presence":""}}`, bad, "payload.presence is an empty string", ""},
		"typing missing":     {`{"type":"typing","payload":{"channel":"r"}}`, bad, "payload.typing is missing, want true or false", ""},
		"typing is a string": {`{"type":"typing","payload":{"channel":"r","typing":"true"}}`, bad, "payload.typing is a string", ""},
		"typing is null":     {`{"type":"typing","payload":{"channel":"r","typing":null}}`, bad, "payload.typing is null", ""},
		"no event type":      {`{"type":"publish","payload":{"channel":"r","payload":1}}`, bad, "payload.type is missing", ""},
		"empty event type":   {`{"type":"publish","payload":{"channel":"r","type":""}}`, bad, "payload.type: event type is empty", ""},
		"reserved type":      {`{"type":"publish","payload":{"channel":"r","type":"gap"}}`, protocol.CodeReservedType, `"gap" is the server's`, ""},
		"reserved prefix":    {`{"type":"publish","payload":{"channel":"r","type":"presence:x"}}`, protocol.CodeReservedType, "presence:x", ""},
		"starling: prefix":   {`{"type":"publish","id":1,"payload":{"channel":"r","type":"starling:"}}`, protocol.CodeReservedType, "starling:", "1"},
		"except":             {`{"type":"publish","payload":{"channel":"r","type":"m","except":"me"}}`, bad, `payload.except is "me", want "connection"`, ""},
		"except is a list":   {`{"type":"publish","payload":{"channel":"r","type":"m","except":[]}}`, bad, "payload.except is an array", ""},
		"key is a number":    {`{"type":"publish","payload":{"channel":"r","type":"m","key":1}}`, bad, "payload.key is a number", ""},
		"key is empty":       {`{"type":"publish","payload":{"channel":"r","type":"m","key":""}}`, bad, "payload.key is an empty string", ""},
		"key is too long": {
			`{"type":"publish","payload":{"channel":"r","type":"m","key":"` + strings.Repeat("k", 129) + `"}}`, bad,
			"payload.key has 129 bytes, want 1 to 128", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := protocol.ParseRequest([]byte(tc.in))
			require.NotNil(t, err)
			require.Zero(t, got)
			require.Equal(t, tc.code, err.Code)
			require.Contains(t, err.Message, tc.message)
			require.Equal(t, tc.id, err.ID)
			require.Less(t, len(err.Message), 400)
			require.ErrorContains(t, err, string(tc.code)+": ")
		})
	}
}

func TestRefusalNamesRequestAndChannel(t *testing.T) {
	_, err := protocol.ParseRequest([]byte(`{"type":"publish","id":4,"payload":{"channel":"r","type":"auth"}}`))
	require.Equal(t, protocol.Publish, err.Request)
	require.Equal(t, "r", err.Channel)
	_, err = protocol.ParseRequest([]byte(`{"type":"nonsense"}`))
	require.Empty(t, err.Request, "an unknown type is not a request")
}
