package hub

import (
	"encoding/json"
	"sync/atomic"
)

// Event types that the hub itself sends. Applications cannot publish them.
const (
	// TypePresenceJoin says that a member became present; payload {"channel", "memberId"}.
	TypePresenceJoin = "presence:join"
	// TypePresenceLeave says that a member became absent; payload {"channel", "memberId"}.
	TypePresenceLeave = "presence:leave"
	// TypePresenceCount carries the number of present members; payload {"channel", "memberCount"}.
	TypePresenceCount = "presence:count"
	// TypeTyping says that a member started or stopped typing; payload {"channel", "memberId", "typing"}.
	TypeTyping = "typing"
	// TypeGap says that publishes from one gateway to the channel may have been lost; payload {"channel", "gateway"}.
	TypeGap = "gap"
)

// A Format is a wire format's slot in an [Event]'s cache of encodings. Formats are numbered by the gateway from 0 to
// MaxFormats-1.
type Format uint8

// MaxFormats bounds the number of wire formats that can be cached in one event.
const MaxFormats = 4

// An Event is what connections receive. It is immutable once it was given to the hub, and shared by all receivers.
type Event struct {
	// Type is the event's name: one of the Type constants or an application's own.
	Type string
	// Channel is the channel that the event belongs to.
	Channel string
	// From is the publishing member's id; empty for the hub's own events.
	From string
	// MID identifies one publish on every connection of every gateway and is never used again; empty for the hub's
	// own events.
	MID string
	// Payload is the event's body as JSON, forwarded verbatim.
	Payload json.RawMessage
	// Seq numbers the publishes that one hub accepted for one channel: consecutive while the channel lives there, and
	// rising over its later lives. 0 for the hub's own events.
	Seq uint64
	// UnixMilli is when the event was accepted, in milliseconds since 1970.
	UnixMilli int64

	encodings [MaxFormats]atomic.Pointer[[]byte]
}

// Encoded returns the event in a wire format, calling encode at most once per format in the common case: two
// receivers that race may both encode, and one result is kept. The returned bytes are shared and must not be modified.
func (e *Event) Encoded(f Format, encode func(*Event) []byte) []byte {
	if b := e.encodings[f].Load(); b != nil {
		return *b
	}
	b := encode(e)
	if e.encodings[f].CompareAndSwap(nil, &b) {
		return b
	}
	return *e.encodings[f].Load()
}
