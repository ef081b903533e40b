package client

import (
	"errors"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"
)

var (
	// ErrClosed says that [Client.Close] was called.
	ErrClosed = errors.New("the client is closed")
	// ErrLeft says that the channel was left, or that the client could not stay in it.
	ErrLeft = errors.New("the channel was left")
	// ErrAlreadyJoined says that this client has a [Channel] of that name.
	ErrAlreadyJoined = errors.New("the channel is joined already")
	// ErrQueueFull says that as much waits to be published as [Options.PublishQueueBytes] allows.
	ErrQueueFull = errors.New("too much waits to be published")
	// ErrTooLarge says that the gateway would not take a message of this size.
	ErrTooLarge = errors.New("the message is too large")
	// ErrUnknownOutcome says that a publish was sent and its answer lost: it may have happened, once, or not.
	ErrUnknownOutcome = errors.New("the publish may or may not have happened")
)

// errLost is the answer to requests whose connection ended first.
var errLost = errors.New("the connection ended before the answer came")

// A Code is the machine-readable part of an [Error]; docs/protocol.md lists them.
type Code string

// The codes that a program may want to tell apart.
const (
	CodeForbidden       Code = "forbidden"
	CodeNotJoined       Code = "not_joined"
	CodeRateLimited     Code = "rate_limited"
	CodeReservedType    Code = "reserved_type"
	CodeTooManyChannels Code = "too_many_channels"
	CodeUnavailable     Code = "unavailable"
)

// An Error is a gateway's refusal of a request.
type Error struct {
	Code Code
	// Message says what was wrong and what would be right.
	Message string
	Channel string
	// Request is the type of the refused request.
	Request string
	// RetryAfter is when to try again; 0: waiting does not help, or nobody knows.
	RetryAfter time.Duration
}

// Error returns the code and the message.
func (e *Error) Error() string { return fmt.Sprintf("the gateway refused: %s: %s", e.Code, e.Message) }

// temporary reports whether the same request may succeed later.
func (e *Error) temporary() bool { return e.Code == CodeRateLimited || e.Code == CodeUnavailable }

// A HandshakeError is a gateway's, or a proxy's, refusal of a connection.
type HandshakeError struct {
	// Status is the HTTP status.
	Status int
	// Message is the beginning of the response's text.
	Message string
	// RetryAfter is what the response asked for; 0: nothing.
	RetryAfter time.Duration
}

// Error returns the status and the message.
func (e *HandshakeError) Error() string {
	return fmt.Sprintf("the handshake was refused with status %d: %s", e.Status, e.Message)
}

// A CloseError says that the gateway closed the connection.
type CloseError struct {
	// Code is the close code; docs/protocol.md lists them.
	Code   int
	Reason string
	// RetryAfter is what the gateway asked for; 0: nothing.
	RetryAfter time.Duration
}

// Error returns the code and the reason.
func (e *CloseError) Error() string {
	return fmt.Sprintf("the gateway closed the connection with %d: %s", e.Code, e.Reason)
}

const maxNameBytes = 200

// checkName says what is wrong with the name of a channel, a member, a session or an event.
func checkName(what, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%s is empty: 1 to %d bytes are right", what, maxNameBytes)
	case len(name) > maxNameBytes:
		return fmt.Errorf("%s has %d bytes: at most %d are right", what, len(name), maxNameBytes)
	case !utf8.ValidString(name):
		return fmt.Errorf("%s is not UTF-8", what)
	}
	for _, r := range name {
		if unicode.IsControl(r) {
			return fmt.Errorf("%s has a control character", what)
		}
	}
	return nil
}
