package auth

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// An Identity is who a connection belongs to.
type Identity struct {
	// MemberID is a valid member name.
	MemberID string
	// Subject is what permissions depend on. Nil: nothing is known besides that it may connect.
	Subject *Subject
	// Method says how it was proved, for people: a signature's algorithm, or "anonymous".
	Method string
	// Expires is when the connection must end unless it gets new credentials; zero: never. The allowed difference of
	// clocks is already added.
	Expires time.Time
}

// An Authenticator decides who a request comes from, before its connection is upgraded. It is safe for concurrent use.
type Authenticator interface {
	// Authenticate returns the identity, or an *[Error] that says what to answer.
	Authenticate(r *http.Request) (Identity, error)
}

// A TokenVerifier is an [Authenticator] whose credentials can be renewed while a connection is open.
type TokenVerifier interface {
	// Renew returns the identity of a new token, or an *[Error]. The caller compares the member with the connection's.
	Renew(ctx context.Context, token string) (Identity, error)
}

// An Error is a refusal, fit to be shown to the client: it never holds a part of a token or key.
type Error struct {
	// Status is the HTTP status: 400, 401 or 403; 503 when it may be tried again.
	Status int
	// Code is the protocol's error code: "bad_request", "forbidden" or "unavailable".
	Code string
	// Message says what was wrong and what would be right.
	Message string
	// Challenge is the value of the WWW-Authenticate header; only with status 401.
	Challenge string
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// SetHeader adds what the answer needs besides the status: WWW-Authenticate with 401.
func (e *Error) SetHeader(h http.Header) {
	if e.Challenge != "" {
		h.Set("WWW-Authenticate", e.Challenge)
	}
}

func badRequest(format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: "bad_request", Message: fmt.Sprintf(format, args...)}
}

func badQuery() *Error {
	return badRequest("the query string is malformed: special characters are written as %%XX")
}

func forbidden(format string, args ...any) *Error {
	return &Error{Status: http.StatusForbidden, Code: "forbidden", Message: fmt.Sprintf(format, args...)}
}

// unauthorized is an answer with a challenge as RFC 6750 describes it; code is its error code, empty where no token was given.
func unauthorized(code, format string, args ...any) *Error {
	challenge := `Bearer realm="starling"`
	if code != "" {
		challenge += fmt.Sprintf(`, error=%q`, code)
	}
	return &Error{Status: http.StatusUnauthorized, Code: "forbidden", Message: fmt.Sprintf(format, args...), Challenge: challenge}
}

func unavailable(message string) *Error {
	return &Error{Status: http.StatusServiceUnavailable, Code: "unavailable", Message: message}
}
