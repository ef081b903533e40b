package hub

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxNameBytes bounds channel, member and event names, in bytes of UTF-8.
const MaxNameBytes = 200

// CheckName reports why s cannot be a channel, member or event name, or nil: names have 1 to [MaxNameBytes] bytes of
// UTF-8 without control characters. kind ("channel", "member", "event") begins the message. The error is an
// [ErrInvalidName].
func CheckName(kind, s string) error {
	switch {
	case s == "":
		return fmt.Errorf("%s is empty, want 1 to %d bytes: %w", kind, MaxNameBytes, ErrInvalidName)
	case len(s) > MaxNameBytes:
		return fmt.Errorf("%s has %d bytes, want 1 to %d: %w", kind, len(s), MaxNameBytes, ErrInvalidName)
	case !utf8.ValidString(s):
		return fmt.Errorf("%s is not UTF-8: %w", kind, ErrInvalidName)
	case strings.ContainsFunc(s, unicode.IsControl):
		return fmt.Errorf("%s %q has a control character: %w", kind, s, ErrInvalidName)
	}
	return nil
}

// reservedTypes are the frame types of the wire protocol that applications cannot publish.
var reservedTypes = map[string]struct{}{
	"join": {}, "leave": {}, "publish": {}, "typing": {}, "presence": {}, "ping": {}, "pong": {},
	"welcome": {}, "reply": {}, "error": {}, "reconnect": {}, "gap": {}, "auth": {},
}

// CheckEventType reports why applications cannot publish events of type s, or nil. The error is an [ErrInvalidName] or
// an [ErrReservedType].
func CheckEventType(s string) error {
	if err := CheckName("event type", s); err != nil {
		return err
	}
	_, reserved := reservedTypes[s]
	if reserved || strings.HasPrefix(s, "presence:") || strings.HasPrefix(s, "starling:") {
		return fmt.Errorf("event type %q is the server's, choose another: %w", s, ErrReservedType)
	}
	return nil
}
