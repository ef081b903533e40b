package gateway_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/starling-realtime/starling/gateway"
	"github.com/starling-realtime/starling/gateway/protocol"
)

// Every kind of bad input over a real connection: the exact answer, and the connection goes on.
func TestBadInputIsAnswered(t *testing.T) {
	s := serve(t, nil)
	p := s.member("ann")
	p.join("joined")
	for name, tc := range map[string]struct{ in, want string }{
		"not JSON":             {`{"type":`, `{"code":"bad_request","message":"the frame is not JSON, want {\"type\": …, \"payload\": …}: unexpected end of JSON input"}`},
		"empty":                {``, `{"code":"bad_request","message":"the frame is not JSON, want {\"type\": …, \"payload\": …}: unexpected end of JSON input"}`},
		"not UTF-8":            {"\"\xff\"", `{"code":"bad_request","message":"the frame is not UTF-8"}`},
		"not an object":        {`[]`, `{"code":"bad_request","message":"the frame is not a JSON object, want {\"type\": …, \"payload\": …}"}`},
		"no type":              {`{}`, `{"code":"bad_request","message":"type is missing, want one of join, leave, publish, typing, presence, ping, auth"}`},
		"unknown type":         {`{"type":"subscribe"}`, `{"code":"unknown_type","message":"type is \"subscribe\", want one of join, leave, publish, typing, presence, ping, auth"}`},
		"bad id":               {`{"type":"ping","id":1.5}`, `{"code":"bad_request","message":"id is 1.5, want an integer from 0 to 9007199254740991, without fraction or exponent","request":"ping"}`},
		"no payload":           {`{"type":"join"}`, `{"code":"bad_request","message":"payload is missing, want an object like {\"channel\": \"room:1\"}","request":"join"}`},
		"no channel":           {`{"type":"leave","payload":{}}`, `{"code":"bad_request","message":"payload.channel is missing, want a string","request":"leave"}`},
		"empty channel":        {`{"type":"join","payload":{"channel":""}}`, `{"code":"bad_request","message":"payload.channel is empty, want 1 to 200 bytes: invalid name","request":"join"}`},
		"bad mode":             {`{"type":"join","payload":{"channel":"r","presence":"x"}}`, `{"code":"bad_request","message":"payload.presence is \"x\", want \"full\", \"count\" or \"none\"","channel":"r","request":"join"}`},
		"reserved type":        {`{"type":"publish","payload":{"channel":"joined","type":"presence:join"}}`, `{"code":"reserved_type","message":"payload.type: event type \"presence:join\" is the server's, choose another: reserved event type","channel":"joined","request":"publish"}`},
		"publish before join":  {`{"type":"publish","payload":{"channel":"r","type":"m"}}`, `{"code":"not_joined","message":"this connection is not in channel \"r\": join it first","channel":"r","request":"publish"}`},
		"typing before join":   {`{"type":"typing","payload":{"channel":"r","typing":true}}`, `{"code":"not_joined","message":"this connection is not in channel \"r\": join it first","channel":"r","request":"typing"}`},
		"leave before join":    {`{"type":"leave","payload":{"channel":"r"}}`, `{"code":"not_joined","message":"this connection is not in channel \"r\": join it first","channel":"r","request":"leave"}`},
		"typing without value": {`{"type":"typing","payload":{"channel":"joined"}}`, `{"code":"bad_request","message":"payload.typing is missing, want true or false","channel":"joined","request":"typing"}`},
	} {
		t.Run(name, func(t *testing.T) {
			p.say("%s", tc.in)
			require.JSONEq(t, tc.want, string(p.expect("error").Payload))
		})
	}
	require.NoError(t, p.WriteMessage(websocket.BinaryMessage, []byte(`{"type":"ping"}`)))
	require.JSONEq(t, `{"code":"bad_request","message":"this is a binary frame: send JSON in text frames"}`, string(p.expect("error").Payload))
	p.settle()
}

func TestErrorCarriesTheID(t *testing.T) {
	s := serve(t, nil)
	p := s.member("ann")
	p.say(`{"type":"leave","id":"a\u0062","payload":{"channel":"r"}}`)
	require.Equal(t, `"a\u0062"`, string(p.expect("error").ID))
}

func TestFloodOfBadFramesEndsTheConnection(t *testing.T) {
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) { c.Limits.BadFrames = 5 })
	p := s.member("ann")
	for range 6 {
		p.say("{")
	}
	for range 6 {
		p.expectError(protocol.CodeBadRequest)
	}
	require.Contains(t, p.expectClose(protocol.ClosePolicy), "too many malformed frames")
	s.metric(`starling_limit_hits_total{limit="max-bad-frames"} 1`)
	s.metric(`starling_closed_total{code="1008"} 1`)
}

func TestTooLargeMessageEndsTheConnection(t *testing.T) {
	s := serve(t, func(c *gateway.Config, _ *gateway.Options) { c.Limits.MessageBytes = 2048 })
	p := s.member("ann")
	p.say(`{"type":"ping","payload":"%s"}`, strings.Repeat("x", 2048-len(`{"type":"ping","payload":""}`)))
	p.expect("pong")
	p.say(`{"type":"ping","payload":"%s"}`, strings.Repeat("x", 1<<20))
	require.Contains(t, p.expectError(protocol.CodeTooLarge), "2048 bytes")
	p.expectClose(protocol.CloseTooBig)
	s.metric(`starling_limit_hits_total{limit="max-message-bytes"} 1`)
}

func TestImpossibleLengthIsTooLarge(t *testing.T) {
	s := serve(t, nil)
	p := s.member("ann")
	_, err := p.NetConn().Write([]byte{0x81, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0})
	require.NoError(t, err)
	p.expectError(protocol.CodeTooLarge)
	p.expectClose(protocol.CloseTooBig)
	s.metric(`starling_closed_total{code="1009"} 1`)
}

// Frames that break RFC 6455 end the connection with 1002.
func TestBrokenFramesEndTheConnection(t *testing.T) {
	for name, raw := range map[string][]byte{
		"not masked":              {0x81, 0x02, '{', '}'},
		"reserved opcode":         {0x83, 0x80, 0, 0, 0, 0},
		"reserved bits":           {0xC1, 0x80, 0, 0, 0, 0},
		"continuation of nothing": {0x80, 0x80, 0, 0, 0, 0},
		"fragmented ping":         {0x09, 0x80, 0, 0, 0, 0},
		"control frame over 125":  {0x89, 0xFE, 0x00, 0x7E, 0, 0, 0, 0},
		"text inside a message":   {0x01, 0x80, 0, 0, 0, 0, 0x81, 0x80, 0, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, nil)
			p := s.member("ann")
			_, err := p.NetConn().Write(raw)
			require.NoError(t, err)
			p.expectClose(protocol.CloseProtocolError)
			s.metric(`starling_closed_total{code="1002"} 1`)
		})
	}
}

func TestCloseOfClientIsAnswered(t *testing.T) {
	s := serve(t, nil)
	p := s.member("ann")
	message := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "bye")
	require.NoError(t, p.WriteControl(websocket.CloseMessage, message, time.Now().Add(patience)))
	p.expectClose(protocol.CloseNormal)
	s.metric(`starling_closed_total{code="client"} 1`)
}

func TestVanishingClientIsCounted(t *testing.T) {
	s := serve(t, nil)
	p := s.member("ann")
	require.NoError(t, p.NetConn().Close())
	s.metric(`starling_closed_total{code="none"} 1`)
	s.metric(`starling_connections 0`)
}
