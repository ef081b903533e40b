package dialect

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
)

// A Mark is in every payload that a generator publishes, so that whoever gets it can tell what it is, in every protocol that
// carries JSON strings as they are.
type Mark struct {
	// Stream is who publishes to which channel.
	Stream uint32
	// Seq counts the publishes of the stream, from 1.
	Seq uint32
	// At is when the publish was due, in nanoseconds of the generator's clock: also when it was sent later than that, since the
	// wait is part of what a user would see.
	At int64
}

const (
	marker     = "~sb~"
	markBytes  = 16
	markLength = len(marker) + 2*markBytes
)

// LeastPayload is the smallest payload that holds a mark.
const LeastPayload = len(`{"mark":"","pad":""}`) + markLength

// AppendPayload appends a JSON object of size bytes, at least [LeastPayload], that carries the mark.
func AppendPayload(dst []byte, m Mark, size int) []byte {
	var raw [markBytes]byte
	binary.BigEndian.PutUint32(raw[:], m.Stream)
	binary.BigEndian.PutUint32(raw[4:], m.Seq)
	binary.BigEndian.PutUint64(raw[8:], uint64(m.At))
	dst = append(dst, `{"mark":"`+marker...)
	dst = hex.AppendEncode(dst, raw[:])
	dst = append(dst, `","pad":"`...)
	const words = "the quick brown fox jumps over the lazy dog "
	for left := size - LeastPayload; left > 0; left -= len(words) {
		dst = append(dst, words[:min(left, len(words))]...)
	}
	return append(dst, `"}`...)
}

// FindMark returns the mark in a message.
func FindMark(msg []byte) (m Mark, ok bool) {
	i := bytes.Index(msg, []byte(marker))
	if i < 0 || len(msg) < i+markLength {
		return Mark{}, false
	}
	var raw [markBytes]byte
	if _, err := hex.Decode(raw[:], msg[i+len(marker):i+markLength]); err != nil {
		return Mark{}, false
	}
	return Mark{
		Stream: binary.BigEndian.Uint32(raw[:]),
		Seq:    binary.BigEndian.Uint32(raw[4:]),
		At:     int64(binary.BigEndian.Uint64(raw[8:])),
	}, true
}
