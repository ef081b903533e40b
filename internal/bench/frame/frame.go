// Package frame is the client's half of RFC 6455 framing as a load generator needs it: frames are appended to buffers and found in
// bytes that were read, with no connection and no allocation.
//
// It does not fragment messages and refuses servers that do: none that is measured does.
package frame

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// An Opcode is the kind of a frame.
type Opcode byte

// The opcodes of RFC 6455.
const (
	Text   Opcode = 0x1
	Binary Opcode = 0x2
	Close  Opcode = 0x8
	Ping   Opcode = 0x9
	Pong   Opcode = 0xA
)

const (
	fin  = 0x80
	mask = 0x80
	// maxFrame bounds what a frame from a server may claim, so that a broken one is told from a large one.
	maxFrame = 64 << 20
)

// Append appends one frame of a client. The masking key is zero: the server pays for unmasking all the same, and the generator
// does not pay for masking.
func Append(dst []byte, op Opcode, payload []byte) []byte {
	dst = append(dst, fin|byte(op))
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, mask|byte(n))
	case n < 1<<16:
		dst = append(dst, mask|126)
		dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	default:
		dst = append(dst, mask|127)
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	dst = append(dst, 0, 0, 0, 0)
	return append(dst, payload...)
}

// ErrBroken is a server's frame that no client can take.
var ErrBroken = errors.New("broken frame")

// Next finds the first frame in buf. size is what it takes with its header, or 0 when it is not all there; the payload is a part of
// buf. The error is an [ErrBroken].
func Next(buf []byte) (op Opcode, payload []byte, size int, err error) {
	if len(buf) < 2 {
		return 0, nil, 0, nil
	}
	if buf[0]&fin == 0 || buf[0]&0x0f == 0 || buf[1]&mask != 0 {
		return 0, nil, 0, fmt.Errorf("%w: it begins with %#x %#x, want a whole and unmasked one", ErrBroken, buf[0], buf[1])
	}
	header, n := 2, int(buf[1])
	switch n {
	case 126:
		if len(buf) < 4 {
			return 0, nil, 0, nil
		}
		header, n = 4, int(binary.BigEndian.Uint16(buf[2:]))
	case 127:
		if len(buf) < 10 {
			return 0, nil, 0, nil
		}
		long := binary.BigEndian.Uint64(buf[2:])
		if long > maxFrame {
			return 0, nil, 0, fmt.Errorf("%w: it claims %d bytes", ErrBroken, long)
		}
		header, n = 10, int(long)
	}
	if len(buf) < header+n {
		return 0, nil, 0, nil
	}
	return Opcode(buf[0] & 0x0f), buf[header : header+n], header + n, nil
}

// CloseCode returns the code in a close frame's payload, 1005 when it has none.
func CloseCode(payload []byte) int {
	if len(payload) < 2 {
		return 1005
	}
	return int(binary.BigEndian.Uint16(payload))
}
