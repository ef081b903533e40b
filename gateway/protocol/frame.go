package protocol

import (
	"encoding/binary"
	"unicode/utf8"
)

// Opcodes of RFC 6455, with the FIN bit: the server never sends fragments.
const (
	finText  = 0x81
	finClose = 0x88
	finPing  = 0x89
	finPong  = 0x8A
)

const (
	// headerRoom is the largest header of an unmasked frame. It is left free in front of a frame under construction, so
	// that the header can be put before the payload once its length is known.
	headerRoom = 10
	// maxControlPayload bounds the payload of a control frame (RFC 6455, section 5.5).
	maxControlPayload = 125
)

// newFrame returns a buffer for a text frame with room for about size bytes of payload.
func newFrame(size int) []byte { return make([]byte, headerRoom, headerRoom+size) }

// finish puts the shortest header in front of the payload, as RFC 6455 demands.
func finish(opcode byte, buf []byte) []byte {
	n := len(buf) - headerRoom
	switch {
	case n < 126:
		buf = buf[headerRoom-2:]
		buf[1] = byte(n)
	case n < 1<<16:
		buf = buf[headerRoom-4:]
		buf[1] = 126
		binary.BigEndian.PutUint16(buf[2:], uint16(n))
	default:
		buf[1] = 127
		binary.BigEndian.PutUint64(buf[2:], uint64(n))
	}
	buf[0] = opcode
	return buf
}

// TextFrame returns a text frame with a payload that is already encoded.
func TextFrame(payload []byte) []byte {
	return finish(finText, append(newFrame(len(payload)), payload...))
}

// PingFrame returns a ping control frame. The payload is cut at 125 bytes.
func PingFrame(payload []byte) []byte { return controlFrame(finPing, payload) }

// PongFrame returns a pong control frame that answers a ping with this payload. The payload is cut at 125 bytes.
func PongFrame(payload []byte) []byte { return controlFrame(finPong, payload) }

// CloseFrame returns a close control frame. The reason is cut at 123 bytes, between characters.
func CloseFrame(code CloseCode, reason string) []byte {
	if most := maxControlPayload - 2; len(reason) > most {
		for most > 0 && !utf8.RuneStart(reason[most]) {
			most--
		}
		reason = reason[:most]
	}
	payload := binary.BigEndian.AppendUint16(make([]byte, 0, maxControlPayload), uint16(code))
	return controlFrame(finClose, append(payload, reason...))
}

func controlFrame(opcode byte, payload []byte) []byte {
	payload = payload[:min(len(payload), maxControlPayload)]
	return finish(opcode, append(newFrame(len(payload)), payload...))
}
