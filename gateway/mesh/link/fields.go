package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Hello and reply are messages of tagged fields: four bytes of magic, a length (4), then for each field its tag (2), its
// length (2) and its value, all big endian. Receivers ignore tags that they do not know, so fields can be added without a
// new protocol version. The framing itself never changes: both sides must understand each other well enough to refuse.
const (
	helloMagic = "SLH1"
	replyMagic = "SLR1"
	// maxMessage bounds a message's fields, in bytes; today's need under 2 KiB.
	maxMessage = 16 << 10
	// maxText bounds a text field, in bytes.
	maxText = 255
	// maxRefusal bounds the text of a refusal, in bytes.
	maxRefusal = 1024
)

// fieldWriter builds a message.
type fieldWriter struct{ b []byte }

func newFieldWriter(magic string) *fieldWriter {
	return &fieldWriter{b: append([]byte(magic), 0, 0, 0, 0)}
}

func (w *fieldWriter) bytes(tag uint16, value []byte) {
	w.b = binary.BigEndian.AppendUint16(w.b, tag)
	w.b = binary.BigEndian.AppendUint16(w.b, uint16(len(value)))
	w.b = append(w.b, value...)
}

func (w *fieldWriter) text(tag uint16, s string) { w.bytes(tag, []byte(s)) }

func (w *fieldWriter) uint16(tag, v uint16) {
	w.bytes(tag, binary.BigEndian.AppendUint16(nil, v))
}

func (w *fieldWriter) uint64(tag uint16, v uint64) {
	w.bytes(tag, binary.BigEndian.AppendUint64(nil, v))
}

func (w *fieldWriter) bool(tag uint16, v bool) {
	if v {
		w.bytes(tag, []byte{1})
	}
}

func (w *fieldWriter) versions(tag uint16, v VersionRange) {
	w.bytes(tag, binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, v.Min), v.Max))
}

// message returns the encoded message.
func (w *fieldWriter) message() []byte {
	binary.BigEndian.PutUint32(w.b[4:8], uint32(len(w.b)-8))
	return w.b
}

// readMessage reads one message and returns its fields. Errors of the connection are returned as they are; what was read
// and is wrong is an errMalformed.
func readMessage(r io.Reader, magic string) ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	if string(head[:4]) != magic {
		return nil, fmt.Errorf("%w: it begins with %q, want %q", errMalformed, head[:4], magic)
	}
	length := binary.BigEndian.Uint32(head[4:])
	if length > maxMessage {
		return nil, fmt.Errorf("%w: it has %d bytes, want at most %d", errMalformed, length, maxMessage)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, err
	}
	return body, nil
}

var errMalformed = errors.New("malformed message")

// fields are the values of a message by tag.
type fields map[uint16][]byte

func parseFields(b []byte) (fields, error) {
	f := make(fields)
	for len(b) > 0 {
		if len(b) < 4 {
			return nil, fmt.Errorf("%w: %d bytes are left over, want a tag and a length", errMalformed, len(b))
		}
		tag, length := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		b = b[4:]
		if length > len(b) {
			return nil, fmt.Errorf("%w: field %d has %d bytes, and %d are left", errMalformed, tag, length, len(b))
		}
		if _, ok := f[tag]; ok {
			return nil, fmt.Errorf("%w: field %d is there twice", errMalformed, tag)
		}
		f[tag] = b[:length]
		b = b[length:]
	}
	return f, nil
}

// fieldReader takes fields out of a message and remembers the first thing that is wrong.
type fieldReader struct {
	f   fields
	err error
}

func (r *fieldReader) has(tag uint16) bool {
	_, ok := r.f[tag]
	return ok
}

// fixed returns a field of exactly n bytes, nil when it is absent.
func (r *fieldReader) fixed(tag uint16, n int) []byte {
	v, ok := r.f[tag]
	if ok && len(v) != n {
		r.fail(fmt.Errorf("%w: field %d has %d bytes, want %d", errMalformed, tag, len(v), n))
		return nil
	}
	return v
}

func (r *fieldReader) uint16(tag uint16) uint16 {
	if v := r.fixed(tag, 2); v != nil {
		return binary.BigEndian.Uint16(v)
	}
	return 0
}

func (r *fieldReader) uint64(tag uint16) uint64 {
	if v := r.fixed(tag, 8); v != nil {
		return binary.BigEndian.Uint64(v)
	}
	return 0
}

func (r *fieldReader) bool(tag uint16) bool {
	v := r.fixed(tag, 1)
	return v != nil && v[0] != 0
}

func (r *fieldReader) versions(tag uint16) VersionRange {
	if v := r.fixed(tag, 4); v != nil {
		return VersionRange{Min: binary.BigEndian.Uint16(v), Max: binary.BigEndian.Uint16(v[2:])}
	}
	return VersionRange{}
}

func (r *fieldReader) text(tag uint16, bound int) string {
	v := r.f[tag]
	switch {
	case len(v) > bound:
		r.fail(fmt.Errorf("%w: field %d has %d bytes, want at most %d", errMalformed, tag, len(v), bound))
		return ""
	case !utf8.Valid(v):
		r.fail(fmt.Errorf("%w: field %d is not UTF-8", errMalformed, tag))
		return ""
	}
	return string(v)
}

func (r *fieldReader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}
