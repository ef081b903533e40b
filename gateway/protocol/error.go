package protocol

import (
	"fmt"
	"strconv"
)

// An Error refuses a request, or says why a connection ends. Its frame is an error frame.
type Error struct {
	Code ErrorCode
	// Message says what was wrong and what would be right, for people. It holds no secret.
	Message string
	// ID is the id of the refused request; empty if it had none or could not be read.
	ID ID
	// Channel is the channel concerned; optional.
	Channel string
	// Request is the type of the refused request; optional.
	Request RequestType
	// RetryAfterMs is when to try again, in milliseconds from now; 0 if waiting does not help.
	RetryAfterMs int64
}

// Error returns the code and the message.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Errorf returns an [Error] with a formatted message.
func Errorf(code ErrorCode, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Frame returns the error as a text frame.
func (e *Error) Frame(unixMilli int64) []byte {
	b := append(begin("error", e.ID, 128+len(e.Message)+len(e.Channel)), `{"code":`...)
	b = appendString(b, string(e.Code))
	b = append(b, `,"message":`...)
	b = appendString(b, e.Message)
	if e.Channel != "" {
		b = append(b, `,"channel":`...)
		b = appendString(b, e.Channel)
	}
	if e.Request != "" {
		b = append(b, `,"request":`...)
		b = appendString(b, string(e.Request))
	}
	if e.RetryAfterMs > 0 {
		b = append(b, `,"retryAfterMs":`...)
		b = strconv.AppendInt(b, e.RetryAfterMs, 10)
	}
	return end(append(b, '}'), unixMilli)
}
