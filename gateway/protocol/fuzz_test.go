package protocol_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/starling-realtime/starling/gateway/protocol"
	"github.com/starling-realtime/starling/hub"
)

// The parser never panics, refuses what is not JSON in UTF-8, and hands out only what the hub accepts.
func FuzzParseRequest(f *testing.F) {
	for _, seed := range []string{
		`{"type":"join","id":1,"payload":{"channel":"room:1","presence":"count"}}`,
		`{"type":"publish","id":"x","payload":{"channel":"r","type":"m","payload":{"a":[1,{"b":"}\""}]},"except":"none","key":"k"}}`,
		`{"type":"typing","payload":{"channel":"r","typing":true}}`,
		` { "type" : "ping" , "payload" : "\u00e9\\" } `,
		`{"\u0074ype":"leave","payload":{"channel":"\ud800"}}`,
		`[]`, `{}`, `{"":{}}`, "{\"type\":\"\xff\"}", `{"type":"ping","id":-0}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		req, err := protocol.ParseRequest(data)
		if !bytes.Equal(before, data) {
			t.Fatal("the parser changed its input")
		}
		if err != nil {
			checkError(t, err)
			return
		}
		if !utf8.Valid(data) || !json.Valid(data) {
			t.Fatalf("accepted what is not JSON in UTF-8: %q", data)
		}
		checkRequest(t, req)
	})
}

func checkError(t *testing.T, err *protocol.Error) {
	t.Helper()
	if err.Code == "" || err.Message == "" || len(err.Message) > 1000 {
		t.Fatalf("an error that does not explain itself: %#v", err)
	}
	if text := body(err.Frame(1)); !json.Valid(text) {
		t.Fatalf("error frame is not JSON: %s", text)
	}
}

func checkRequest(t *testing.T, req protocol.Request) {
	t.Helper()
	if req.Type != protocol.Ping && hub.CheckName("channel", req.Channel) != nil {
		t.Fatalf("accepted channel %q", req.Channel)
	}
	if req.Type == protocol.Publish && hub.CheckEventType(req.Event) != nil {
		t.Fatalf("accepted event type %q", req.Event)
	}
	if req.Payload != nil && !json.Valid(req.Payload) {
		t.Fatalf("payload is not JSON: %q", req.Payload)
	}
	if req.ID != "" && !json.Valid([]byte(req.ID)) {
		t.Fatalf("id is not JSON: %q", req.ID)
	}
	if len(req.Key) > protocol.MaxKeyBytes {
		t.Fatalf("accepted a key of %d bytes", len(req.Key))
	}
}
