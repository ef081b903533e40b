package protocol

// Version names this protocol; a client may ask for it in Sec-WebSocket-Protocol, and is told so there.
const Version = "starling.v1"

// An ErrorCode is the machine-readable part of an error frame. The set only grows.
type ErrorCode string

const (
	// CodeBadRequest refuses a frame that is not text, not JSON, or whose fields are missing, of the wrong type or out of
	// bounds.
	CodeBadRequest ErrorCode = "bad_request"
	// CodeUnknownType refuses a frame whose type this server does not know.
	CodeUnknownType ErrorCode = "unknown_type"
	// CodeReservedType refuses to publish an event under a type that only the server may send.
	CodeReservedType ErrorCode = "reserved_type"
	// CodeNotJoined refuses a request about a channel that this connection has not joined.
	CodeNotJoined ErrorCode = "not_joined"
	// CodeForbidden refuses what this member may not do.
	CodeForbidden ErrorCode = "forbidden"
	// CodeTooLarge refuses a frame that the connection could send but that the server would not carry.
	CodeTooLarge ErrorCode = "too_large"
	// CodeRateLimited refuses a request that came too soon; retryAfterMs says when to try again.
	CodeRateLimited ErrorCode = "rate_limited"
	// CodeTooManyChannels refuses a join over the limit of channels for one connection.
	CodeTooManyChannels ErrorCode = "too_many_channels"
	// CodeUnavailable refuses what this gateway cannot do now: it is full, starting or draining.
	CodeUnavailable ErrorCode = "unavailable"
)

// ErrorCodes lists every code, in the order of the documentation.
func ErrorCodes() []ErrorCode {
	return []ErrorCode{
		CodeBadRequest, CodeUnknownType, CodeReservedType, CodeNotJoined, CodeForbidden,
		CodeTooLarge, CodeRateLimited, CodeTooManyChannels, CodeUnavailable,
	}
}

// A CloseCode is the status of a WebSocket close frame.
type CloseCode uint16

const (
	// CloseNormal answers a client that closed normally.
	CloseNormal CloseCode = 1000
	// CloseGoingAway ends a connection because the gateway stops for good, or because the client was silent for too long.
	CloseGoingAway CloseCode = 1001
	// CloseProtocolError ends a connection whose frames broke RFC 6455, such as one that was not masked.
	CloseProtocolError CloseCode = 1002
	// ClosePolicy ends a connection that broke a rule, which the reason names.
	ClosePolicy CloseCode = 1008
	// CloseTooBig ends a connection that sent a message over the limit of the welcome frame.
	CloseTooBig CloseCode = 1009
	// CloseRestart ends a connection because the gateway drains; connect again, to another gateway.
	CloseRestart CloseCode = 1012
	// CloseAtCapacity ends a connection that this gateway has no room for; try again later.
	CloseAtCapacity CloseCode = 1013
	// CloseExpired ends a connection whose credentials are missing, invalid or expired; get new ones before connecting again.
	CloseExpired CloseCode = 4001
	// CloseTooSlow ends a connection that did not read what it was sent; it has lost events.
	CloseTooSlow CloseCode = 4008
)

// CloseCodes lists every code that the server closes with, in the order of the documentation.
func CloseCodes() []CloseCode {
	return []CloseCode{
		CloseNormal, CloseGoingAway, CloseProtocolError, ClosePolicy, CloseTooBig, CloseRestart, CloseAtCapacity, CloseExpired,
		CloseTooSlow,
	}
}
