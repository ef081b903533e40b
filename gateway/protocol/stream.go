package protocol

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/starling-realtime/starling/hub"
)

// StreamFormat is the slot of server-sent events in the cache of [hub.Event.Encoded].
const StreamFormat hub.Format = 1

// Types of the frames that only server-sent events have.
const (
	// StreamJoined says that a channel of the stream is joined: what a join's reply says over WebSocket.
	StreamJoined = "starling:joined"
	// StreamClose is the last frame of a stream: what a close frame says over WebSocket.
	StreamClose = "starling:close"
)

// StreamEvent returns an event as a server-sent event, whose data is the JSON of the event's frame. It is encoded once and shared
// by all receivers: it must not be modified.
func StreamEvent(e *hub.Event) []byte {
	return e.Encoded(StreamFormat, func(e *hub.Event) []byte { return appendServerSent(nil, e.MID, textOf(encodeEvent(e))) })
}

// StreamFrame makes a server-sent event of a text frame of this package; id may be empty.
func StreamFrame(frame []byte, id string) []byte { return appendServerSent(nil, id, textOf(frame)) }

// StreamHeartbeat returns a comment, which clients ignore.
func StreamHeartbeat() []byte { return []byte(":\n\n") }

// StreamStart returns what a stream begins with: an id, which clients that come back send as Last-Event-ID even when no event had
// one, and [StreamRetry].
func StreamStart(id string, retryMs int64) []byte {
	return append([]byte("id: "+id+"\n"), StreamRetry(retryMs)...)
}

// StreamRetry returns the field that tells clients after how many milliseconds to connect again when the stream has ended.
func StreamRetry(ms int64) []byte {
	return append(strconv.AppendInt([]byte("retry: "), ms, 10), "\n\n"...)
}

// StreamJoinedFrame is the text frame of a StreamJoined.
func StreamJoinedFrame(r JoinReply, unixMilli int64) []byte {
	b := append(begin(StreamJoined, "", 96+len(r.Channel)), `{"channel":`...)
	b = appendString(b, r.Channel)
	b = append(b, `,"newlyPresent":`...)
	b = strconv.AppendBool(b, r.NewlyPresent)
	if r.Partial {
		b = append(b, `,"partial":true`...)
	}
	return end(append(b, '}'), unixMilli)
}

// StreamCloseFrame is the text frame of a StreamClose.
func StreamCloseFrame(code CloseCode, reason string, unixMilli int64) []byte {
	b := append(begin(StreamClose, "", 64+len(reason)), `{"code":`...)
	b = strconv.AppendUint(b, uint64(code), 10)
	b = append(b, `,"reason":`...)
	b = appendString(b, reason)
	return end(append(b, '}'), unixMilli)
}

// StreamGapFrame is the text frame of a gap of a stream that was connected again: nobody knows what it has missed, or from which
// gateway.
func StreamGapFrame(channel string, unixMilli int64) []byte {
	b := append(begin(hub.TypeGap, "", 64+len(channel)), `{"channel":`...)
	b = appendString(b, channel)
	return end(append(b, `,"gateway":"*"}`...), unixMilli)
}

// textOf is the payload of an unmasked text frame.
func textOf(frame []byte) []byte {
	switch length := frame[1]; {
	case length < 126:
		return frame[2:]
	case length == 126:
		return frame[4 : 4+int(binary.BigEndian.Uint16(frame[2:]))]
	default:
		return frame[10:]
	}
}

// appendServerSent writes a server-sent event. Payloads are forwarded as they are written, so the data may have several lines, of
// which each is a field of its own; between tokens of JSON it makes no difference that clients join them with "\n".
func appendServerSent(b []byte, id string, data []byte) []byte {
	const fields = len("id: \ndata: \n\n")
	if b == nil {
		b = make([]byte, 0, len(id)+len(data)+fields)
	}
	if id != "" {
		b = append(b, "id: "...)
		b = append(b, id...)
		b = append(b, '\n')
	}
	for more := true; more; {
		line := data
		if i := bytes.IndexAny(data, "\r\n"); i >= 0 {
			line, data = data[:i], afterLineEnd(data[i:])
		} else {
			more = false
		}
		b = append(b, "data: "...)
		b = append(b, line...)
		b = append(b, '\n')
	}
	return append(b, '\n')
}

func afterLineEnd(data []byte) []byte {
	if bytes.HasPrefix(data, []byte("\r\n")) {
		return data[2:]
	}
	return data[1:]
}
