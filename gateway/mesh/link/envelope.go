package link

import (
	"encoding/binary"
	"fmt"
	"time"
)

// A Request asks the peer for something. It is the body of a [KindRequest] frame. The peer answers with an [Answer] of
// the same ID in a [KindAnswer] frame on its own link to the requester. Link resets lose requests and answers: the
// requester needs a timeout.
type Request struct {
	// ID correlates the answer. The requester never reuses one within a boot.
	ID uint64
	// Method says what is asked. A peer that does not know it answers [CodeUnknownMethod].
	Method uint16
	// Timeout is how long the requester will wait; 0 is not said. It is carried in milliseconds, rounded up, at most
	// about 49 days.
	Timeout time.Duration
	// Body is the method's own.
	Body []byte
}

// An Answer answers the [Request] with the same ID.
type Answer struct {
	ID uint64
	// Code is [CodeOK] or an error.
	Code uint16
	// Body is the method's own; with an error code it is a text for people.
	Body []byte
}

// Codes of an [Answer]. Codes from 1000 belong to the methods.
const (
	// CodeOK is success.
	CodeOK uint16 = 0
	// CodeUnknownMethod answers a request whose method the peer does not know.
	CodeUnknownMethod uint16 = 1
	// CodeFailed is any failure that has no code of its own.
	CodeFailed uint16 = 2
)

const (
	requestHead = 8 + 2 + 4
	answerHead  = 8 + 2
)

// Append appends the encoded request to b: ID (8), method (2) and timeout (4), big endian, then the body.
func (r Request) Append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, r.ID)
	b = binary.BigEndian.AppendUint16(b, r.Method)
	b = binary.BigEndian.AppendUint32(b, millis(r.Timeout))
	return append(b, r.Body...)
}

// millis rounds up, so that no timeout becomes "not said".
func millis(d time.Duration) uint32 {
	if d <= 0 {
		return 0
	}
	ms := (d-1)/time.Millisecond + 1
	return uint32(min(ms, 1<<32-1))
}

// ParseRequest decodes the body of a [KindRequest] frame. The result's Body points into b.
func ParseRequest(b []byte) (Request, error) {
	if len(b) < requestHead {
		return Request{}, fmt.Errorf("request has %d bytes, want at least %d", len(b), requestHead)
	}
	return Request{
		ID:      binary.BigEndian.Uint64(b),
		Method:  binary.BigEndian.Uint16(b[8:]),
		Timeout: time.Duration(binary.BigEndian.Uint32(b[10:])) * time.Millisecond,
		Body:    b[requestHead:],
	}, nil
}

// Append appends the encoded answer to b: ID (8) and code (2), big endian, then the body.
func (a Answer) Append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, a.ID)
	b = binary.BigEndian.AppendUint16(b, a.Code)
	return append(b, a.Body...)
}

// ParseAnswer decodes the body of a [KindAnswer] frame. The result's Body points into b.
func ParseAnswer(b []byte) (Answer, error) {
	if len(b) < answerHead {
		return Answer{}, fmt.Errorf("answer has %d bytes, want at least %d", len(b), answerHead)
	}
	return Answer{ID: binary.BigEndian.Uint64(b), Code: binary.BigEndian.Uint16(b[8:]), Body: b[answerHead:]}, nil
}
