package link

import "time"

// A Request asks the peer for something. It is the body of a [KindRequest] frame. The peer answers with an [Answer] of
// the same ID in a [KindAnswer] frame on its own link to the requester. Link resets lose requests and answers: the
// requester needs a timeout.
type Request struct {
	// ID correlates the answer. The requester never reuses one within a boot.
	ID uint64
	// Method says what is asked. A peer that does not know it answers [CodeUnknownMethod].
	Method uint16
	// Timeout is how long the requester will wait; 0 is not said. It is carried in milliseconds, at most about 49 days.
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
	CodeOK            uint16 = 0
	CodeUnknownMethod uint16 = 1
	CodeFailed        uint16 = 2
)

// Append appends the encoded request to b.
func (r Request) Append(b []byte) []byte { panic("todo") }

// ParseRequest decodes the body of a [KindRequest] frame. The result's Body points into b.
func ParseRequest(b []byte) (Request, error) { panic("todo") }

// Append appends the encoded answer to b.
func (a Answer) Append(b []byte) []byte { panic("todo") }

// ParseAnswer decodes the body of a [KindAnswer] frame. The result's Body points into b.
func ParseAnswer(b []byte) (Answer, error) { panic("todo") }
