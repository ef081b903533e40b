package main

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/starling-realtime/starling/internal/bench/dialect"
)

// socketio speaks Engine.IO 4 and Socket.IO 4 to socketio/server.mjs.
type socketio struct{}

var _ dialect.Dialect = socketio{}

// Request implements [dialect.Dialect].
func (socketio) Request(dialect.Member) (string, http.Header) {
	return "/socket.io/?EIO=4&transport=websocket", nil
}

// Greeting implements [dialect.Dialect]: connect to the main namespace.
func (socketio) Greeting() []byte { return []byte("40") }

// Lines implements [dialect.Dialect].
func (socketio) Lines() bool { return false }

// Join implements [dialect.Dialect].
func (socketio) Join(dst []byte, id int, channel, _ string) []byte {
	dst = strconv.AppendInt(append(dst, "42"...), int64(id), 10)
	return append(append(append(dst, `["join","`...), channel...), `"]`...)
}

// Leave implements [dialect.Dialect].
func (socketio) Leave(dst []byte, _ int, channel string) []byte {
	return append(append(append(dst, `42["leave","`...), channel...), `"]`...)
}

// Publish implements [dialect.Dialect]. Everybody in the room gets it, the publisher too if it is there.
func (socketio) Publish(dst []byte, _ int, channel string, payload []byte, _ bool) []byte {
	dst = append(append(append(dst, `42["publish","`...), channel...), `",`...)
	return append(append(dst, payload...), ']')
}

// Read implements [dialect.Dialect].
func (socketio) Read(msg []byte) dialect.Message {
	switch {
	case string(msg) == "2":
		return dialect.Message{Kind: dialect.Answer, Answer: []byte("3")}
	case bytes.HasPrefix(msg, []byte("40")):
		return dialect.Message{Kind: dialect.Ready}
	case bytes.HasPrefix(msg, []byte("43")):
		return dialect.Message{Kind: dialect.Joined}
	case bytes.HasPrefix(msg, []byte("44")):
		return dialect.Message{Kind: dialect.Refused}
	default:
		return dialect.Message{}
	}
}
