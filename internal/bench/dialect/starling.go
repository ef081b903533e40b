package dialect

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"

	"github.com/starling-realtime/starling/gateway/protocol"
)

// Starling speaks starling.v1.
type Starling struct{}

var _ Dialect = Starling{}

// Request implements [Dialect]. A member with a token shows that, and is anonymous otherwise.
func (Starling) Request(m Member) (uri string, header http.Header) {
	header = http.Header{"Sec-Websocket-Protocol": {protocol.Version}}
	if m.Token != "" {
		header.Set("Authorization", "Bearer "+m.Token)
		return "/ws", header
	}
	return "/ws?member=" + url.QueryEscape(m.ID), header
}

// Greeting implements [Dialect]: the server's welcome comes first.
func (Starling) Greeting() []byte { return nil }

// Lines implements [Dialect].
func (Starling) Lines() bool { return false }

// Join implements [Dialect].
func (Starling) Join(dst []byte, id int, channel, presence string) []byte {
	dst = begin(dst, "join", id, channel)
	if presence != "" {
		dst = append(dst, `,"presence":"`...)
		dst = append(append(dst, presence...), '"')
	}
	return append(dst, "}}"...)
}

// Leave implements [Dialect].
func (Starling) Leave(dst []byte, _ int, channel string) []byte {
	return append(begin(dst, "leave", 0, channel), "}}"...)
}

// Publish implements [Dialect]. It asks for no answer.
func (Starling) Publish(dst []byte, _ int, channel string, payload []byte, echo bool) []byte {
	dst = begin(dst, "publish", 0, channel)
	if echo {
		dst = append(dst, `,"except":"none"`...)
	}
	dst = append(dst, `,"type":"bench","payload":`...)
	return append(append(dst, payload...), "}}"...)
}

// begin appends a request up to the channel in its payload; id 0: without an id. Channel names of the generator need no escapes.
func begin(dst []byte, typ string, id int, channel string) []byte {
	dst = append(append(append(dst, `{"type":"`...), typ...), '"')
	if id > 0 {
		dst = strconv.AppendInt(append(dst, `,"id":`...), int64(id), 10)
	}
	return append(append(append(dst, `,"payload":{"channel":"`...), channel...), '"')
}

// Read implements [Dialect]. Every frame of the server begins with its type.
func (Starling) Read(msg []byte) Message {
	rest, ok := bytes.CutPrefix(msg, []byte(`{"type":"`))
	if !ok {
		return Message{}
	}
	typ, rest, ok := bytes.Cut(rest, []byte{'"'})
	if !ok {
		return Message{}
	}
	switch string(typ) {
	case "welcome":
		return Message{Kind: Ready}
	case "reply":
		return Message{Kind: Joined}
	case "presence:join":
		return Message{Kind: Appeared, Channel: Field(rest, "channel")}
	case "presence:leave":
		return Message{Kind: Vanished, Channel: Field(rest, "channel")}
	case "gap":
		return Message{Kind: Gap}
	case "error":
		return Message{Kind: Refused}
	default:
		return Message{}
	}
}

// Field finds the first member of an object with the name whose value is a string without escapes, and returns the value; nil: none.
func Field(msg []byte, name string) []byte {
	var buf [64]byte
	key := append(append(append(buf[:0], '"'), name...), `":"`...)
	_, rest, ok := bytes.Cut(msg, key)
	if !ok {
		return nil
	}
	value, _, ok := bytes.Cut(rest, []byte{'"'})
	if !ok {
		return nil
	}
	return value
}
