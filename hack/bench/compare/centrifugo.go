package main

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/starling-realtime/starling/internal/bench/dialect"
)

// centrifugo speaks Centrifugo's JSON protocol.
type centrifugo struct{}

var _ dialect.Dialect = centrifugo{}

// Request implements [dialect.Dialect].
func (centrifugo) Request(dialect.Member) (string, http.Header) { return "/connection/websocket", nil }

// Greeting implements [dialect.Dialect]. Ids of other commands begin at 1 too; no answer is told apart by its id.
func (centrifugo) Greeting() []byte { return []byte(`{"id":1,"connect":{}}`) }

// Lines implements [dialect.Dialect].
func (centrifugo) Lines() bool { return true }

// Join implements [dialect.Dialect].
func (centrifugo) Join(dst []byte, id int, channel, _ string) []byte {
	return append(command(dst, id, "subscribe", channel), "}}"...)
}

// Leave implements [dialect.Dialect].
func (centrifugo) Leave(dst []byte, id int, channel string) []byte {
	return append(command(dst, id, "unsubscribe", channel), "}}"...)
}

// Publish implements [dialect.Dialect]. Who is subscribed always gets its own publishes; every publish is answered.
func (centrifugo) Publish(dst []byte, id int, channel string, payload []byte, _ bool) []byte {
	dst = append(command(dst, id, "publish", channel), `,"data":`...)
	return append(append(dst, payload...), "}}"...)
}

func command(dst []byte, id int, name, channel string) []byte {
	dst = strconv.AppendInt(append(dst, `{"id":`...), int64(id)+1, 10)
	dst = append(append(append(dst, `,"`...), name...), `":{"channel":"`...)
	return append(append(dst, channel...), '"')
}

// Read implements [dialect.Dialect].
func (centrifugo) Read(msg []byte) dialect.Message {
	switch {
	case string(msg) == "{}":
		return dialect.Message{Kind: dialect.Answer, Answer: msg}
	case bytes.Contains(msg, []byte(`"error":`)):
		return dialect.Message{Kind: dialect.Refused}
	case bytes.Contains(msg, []byte(`"connect":`)):
		return dialect.Message{Kind: dialect.Ready}
	case bytes.Contains(msg, []byte(`"subscribe":`)):
		return dialect.Message{Kind: dialect.Joined}
	case bytes.Contains(msg, []byte(`"join":`)):
		return dialect.Message{Kind: dialect.Appeared, Channel: dialect.Field(msg, "channel")}
	default:
		return dialect.Message{}
	}
}
