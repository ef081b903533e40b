package link

import (
	"encoding/binary"
	"fmt"
)

// headerBytes is the length of a frame's header: the body's length (4), the kind (1) and the sequence number (8), all
// big endian. It is the same in both directions.
const headerBytes = 4 + 1 + 8

type header struct {
	length int
	kind   Kind
	seq    uint64
}

func (h header) put(b *[headerBytes]byte) {
	binary.BigEndian.PutUint32(b[0:4], uint32(h.length))
	b[4] = byte(h.kind)
	binary.BigEndian.PutUint64(b[5:13], h.seq)
}

// parseHeader decodes the first headerBytes of b and checks the body's length against bound.
func parseHeader(b []byte, bound int) (header, error) {
	if len(b) < headerBytes {
		return header{}, fmt.Errorf("frame header has %d bytes, want %d", len(b), headerBytes)
	}
	length := binary.BigEndian.Uint32(b[0:4])
	h := header{kind: Kind(b[4]), seq: binary.BigEndian.Uint64(b[5:13])}
	if uint64(length) > uint64(bound) {
		return header{}, fmt.Errorf("frame of kind %s has %d bytes, want at most %d", h.kind, length, bound)
	}
	h.length = int(length)
	return h, nil
}
