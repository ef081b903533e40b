package client

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// A frame is what a gateway sent.
type frame struct {
	Type    string          `json:"type"`
	ID      json.RawMessage `json:"id"`
	Channel string          `json:"channel"`
	From    string          `json:"from"`
	MID     string          `json:"mid"`
	Payload json.RawMessage `json:"payload"`
	TS      int64           `json:"ts"`

	// id is ID where it is one of ours; 0: none.
	id uint64
	// body is the payload of a frame that is the protocol's own.
	body body
}

// body holds what the client reads of the protocol's own payloads.
type body struct {
	Channel string `json:"channel"`

	// welcome
	ConnID          string `json:"connId"`
	Gateway         string `json:"gateway"` // also of gap
	HeartbeatMs     int64  `json:"heartbeatMs"`
	MaxMessageBytes int    `json:"maxMessageBytes"`

	// presence and typing
	MemberID    string   `json:"memberId"`
	Members     []string `json:"members"`
	MemberCount int      `json:"memberCount"`
	Truncated   bool     `json:"truncated"`
	// Typing is a flag in typing frames, and a list in snapshots.
	Typing json.RawMessage `json:"typing"`

	// reconnect
	Reason    string `json:"reason"`
	AfterMs   int64  `json:"afterMs"`
	OverlapMs int64  `json:"overlapMs"`

	// error
	Code         Code   `json:"code"`
	Message      string `json:"message"`
	Request      string `json:"request"`
	RetryAfterMs int64  `json:"retryAfterMs"`

	// replies
	MID          string `json:"mid"`
	NewlyPresent bool   `json:"newlyPresent"`
	Partial      bool   `json:"partial"`
	NowAbsent    bool   `json:"nowAbsent"`

	typingMembers []string
	isTyping      bool
}

// parseFrame reads a frame. Payload points into data.
func parseFrame(data []byte) (frame, error) {
	var f frame
	if err := json.Unmarshal(data, &f); err != nil {
		return f, fmt.Errorf("reading a frame: %w", err)
	}
	if n, err := strconv.ParseUint(string(f.ID), 10, 64); err == nil {
		f.id = n
	}
	if f.Channel != "" || !isOwn(f.Type) {
		return f, nil
	}
	if err := json.Unmarshal(f.Payload, &f.body); err != nil {
		return f, fmt.Errorf("reading the payload of a %s frame: %w", f.Type, err)
	}
	return f, f.body.readTyping()
}

// isOwn reports whether a type's payload is the protocol's, and not somebody's event or an echo.
func isOwn(typ string) bool {
	switch typ {
	case "welcome", "reply", "error", "reconnect", "gap", "typing",
		"presence:snapshot", "presence:join", "presence:leave", "presence:count":
		return true
	}
	return false
}

func (b *body) readTyping() error {
	if len(b.Typing) == 0 {
		return nil
	}
	var err error
	if b.Typing[0] == '[' {
		err = json.Unmarshal(b.Typing, &b.typingMembers)
	} else {
		err = json.Unmarshal(b.Typing, &b.isTyping)
	}
	if err != nil {
		return fmt.Errorf("reading typing: %w", err)
	}
	return nil
}

// err is the error that an error frame carries.
func (b *body) err() *Error {
	return &Error{
		Code: b.Code, Message: b.Message, Channel: b.Channel, Request: b.Request, RetryAfter: millis(b.RetryAfterMs, maxRetryAfter),
	}
}

// millis is a duration of a frame, within 0 and a bound.
func millis(ms int64, most time.Duration) time.Duration {
	return time.Duration(min(max(ms, 0), most.Milliseconds())) * time.Millisecond
}

// encode returns a request's frame; payload is JSON. An id of 0 is none.
func encode(typ string, id uint64, payload []byte) []byte {
	const punctuation = 64
	b := make([]byte, 0, punctuation+len(typ)+len(payload))
	b = append(b, `{"type":"`...)
	b = append(b, typ...)
	b = append(b, '"')
	if id != 0 {
		b = append(b, `,"id":`...)
		b = strconv.AppendUint(b, id, 10)
	}
	b = append(b, `,"payload":`...)
	b = append(b, payload...)
	return append(b, '}')
}

// quote returns a string as JSON.
func quote(s string) []byte {
	b, _ := json.Marshal(s) //nolint:errchkjson // a string always can
	return b
}
