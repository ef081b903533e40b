package protocol

import (
	"encoding/json"

	"github.com/starling-realtime/starling/hub"
)

// A RequestType is the type of a frame that a client sends.
type RequestType string

// The requests.
const (
	// Join adds the connection to a channel, or changes its presence mode there.
	Join RequestType = "join"
	// Leave removes the connection from a channel.
	Leave RequestType = "leave"
	// Publish sends an application event to a channel.
	Publish RequestType = "publish"
	// Typing sets or clears the member's typing flag in a channel.
	Typing RequestType = "typing"
	// Presence asks who is in a channel.
	Presence RequestType = "presence"
	// Ping asks for a pong with the same payload.
	Ping RequestType = "ping"
	// Auth renews the connection's credentials.
	Auth RequestType = "auth"
)

// RequestTypes lists every request, in the order of the documentation.
func RequestTypes() []RequestType {
	return []RequestType{Join, Leave, Publish, Typing, Presence, Ping, Auth}
}

// Bounds of a request's own fields, beside [hub.MaxNameBytes].
const (
	// MaxIDBytes bounds an id that is a string, in bytes of UTF-8.
	MaxIDBytes = 64
	// MaxIDNumber is the largest id that is a number: the largest integer that every JSON reader keeps exactly.
	MaxIDNumber = 1<<53 - 1
	// MaxTokenBytes bounds the token of an Auth, in bytes.
	MaxTokenBytes = 8 << 10
	// MaxKeyBytes bounds the deduplication key of a publish, in bytes of UTF-8.
	MaxKeyBytes = 128
)

// An ID is a request's id as the client wrote it, a JSON number or string, to be echoed verbatim. Empty: the request had none.
type ID string

// An Except says which connections a publish leaves out.
type Except uint8

const (
	// ExceptConnection leaves out the publishing connection and its session. It is the default.
	ExceptConnection Except = iota
	// ExceptMember leaves out every connection of the publishing member.
	ExceptMember
	// ExceptNone leaves out nobody: the publisher gets its own event.
	ExceptNone
)

// A Request is one parsed frame of a client. Fields that its type does not have are zero.
type Request struct {
	Type RequestType
	// ID asks for exactly one answer that carries it. Empty: success is silent.
	ID ID
	// Channel is a valid name in all requests but Ping and Auth.
	Channel string
	// Presence is a Join's mode.
	Presence hub.PresenceMode
	// Event is a Publish's type: a valid name, and not a reserved one.
	Event string
	// Payload is a Publish's or Ping's payload, "null" if it had none. It points into the parsed frame.
	Payload json.RawMessage
	// Except scopes a Publish.
	Except Except
	// Key deduplicates a Publish's retries; empty if it had none.
	Key string
	// Typing is the flag of a Typing request.
	Typing bool
	// Token is an Auth's new credentials. It is a secret.
	Token string
}
