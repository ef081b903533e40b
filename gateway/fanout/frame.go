package fanout

import (
	"encoding/binary"
	"errors"
	"math"
)

var errNotAFrame = errors.New("fanout: not an unmasked WebSocket frame")

// frameSize returns the size of the frame that b begins with, header and payload, or 0 when b does not hold the whole
// header. Frames of servers are not masked.
func frameSize(b []byte) (int, error) {
	if len(b) < 2 {
		return 0, nil
	}
	const maskBit = 0x80
	switch length := b[1]; {
	case length&maskBit != 0:
		return 0, errNotAFrame
	case length < 126:
		return 2 + int(length), nil
	case length == 126:
		if len(b) < 4 {
			return 0, nil
		}
		return 4 + int(binary.BigEndian.Uint16(b[2:])), nil
	default:
		if len(b) < 10 {
			return 0, nil
		}
		n := binary.BigEndian.Uint64(b[2:])
		if n > math.MaxInt32 {
			return 0, errNotAFrame
		}
		return 10 + int(n), nil
	}
}

// isClose reports that a frame is a close frame.
func isClose(frame []byte) bool { return frame[0]&0x0f == 0x8 }
