package protocol

import (
	"errors"

	"github.com/starling-realtime/starling/hub"
)

// typeList is [RequestTypes] for error messages.
const typeList = "join, leave, publish, typing, presence, ping, auth"

func known(t RequestType) bool {
	switch t {
	case Join, Leave, Publish, Typing, Presence, Ping, Auth:
		return true
	}
	return false
}

// parsePayload fills the fields of the request's type from its payload.
func (r *Request) parsePayload(payload []byte) *Error {
	switch {
	case !known(r.Type):
		return Errorf(CodeUnknownType, "type is %q, want one of %s", clip(string(r.Type)), typeList)
	case r.Type == Ping:
		r.Payload = orNull(payload)
		return nil
	}
	f, err := parseFields(payload)
	if err != nil {
		return err
	}
	if r.Type == Auth {
		return r.setToken(f.token)
	}
	if err := r.setChannel(f); err != nil {
		return err
	}
	if err := r.setOwn(f); err != nil {
		err.Channel = r.Channel
		return err
	}
	return nil
}

func (r *Request) setChannel(f fields) *Error {
	name, err := required("payload.channel", f.channel)
	if err != nil {
		return err
	}
	if err := hub.CheckName("payload.channel", name); err != nil {
		return Errorf(CodeBadRequest, "%v", err)
	}
	r.Channel = name
	return nil
}

// setOwn sets the fields that only one type of request has.
func (r *Request) setOwn(f fields) *Error {
	switch r.Type {
	case Join:
		return r.setPresence(f.presence)
	case Typing:
		return r.setTyping(f.typing)
	case Publish:
		return r.setPublish(f)
	}
	return nil
}

func (r *Request) setPresence(value []byte) *Error {
	mode, err := optional("payload.presence", value)
	if err != nil {
		return err
	}
	switch mode {
	case "", "full":
		r.Presence = hub.PresenceFull
	case "count":
		r.Presence = hub.PresenceCount
	case "none":
		r.Presence = hub.PresenceNone
	default:
		return Errorf(CodeBadRequest, `payload.presence is %q, want "full", "count" or "none"`, clip(mode))
	}
	return nil
}

func (r *Request) setTyping(value []byte) *Error {
	switch {
	case value == nil:
		return Errorf(CodeBadRequest, "payload.typing is missing, want true or false")
	case value[0] != 't' && value[0] != 'f':
		return Errorf(CodeBadRequest, "payload.typing is %s, want true or false", kindOf(value))
	}
	r.Typing = value[0] == 't'
	return nil
}

func (r *Request) setToken(value []byte) (err *Error) {
	if r.Token, err = required("payload.token", value); err != nil {
		return err
	}
	if n := len(r.Token); n == 0 || n > MaxTokenBytes {
		return Errorf(CodeBadRequest, "payload.token has %d bytes, want 1 to %d", n, MaxTokenBytes)
	}
	return nil
}

func (r *Request) setPublish(f fields) (err *Error) {
	if r.Event, err = required("payload.type", f.typ); err != nil {
		return err
	}
	if bad := hub.CheckEventType(r.Event); bad != nil {
		if errors.Is(bad, hub.ErrReservedType) {
			return Errorf(CodeReservedType, "payload.type: %v", bad)
		}
		return Errorf(CodeBadRequest, "payload.type: %v", bad)
	}
	r.Payload = orNull(f.payload)
	if err = r.setExcept(f.except); err != nil {
		return err
	}
	if r.Key, err = optional("payload.key", f.key); err != nil {
		return err
	}
	if len(r.Key) > MaxKeyBytes {
		return Errorf(CodeBadRequest, "payload.key has %d bytes, want 1 to %d", len(r.Key), MaxKeyBytes)
	}
	return nil
}

func (r *Request) setExcept(value []byte) *Error {
	except, err := optional("payload.except", value)
	if err != nil {
		return err
	}
	switch except {
	case "", "connection":
		r.Except = ExceptConnection
	case "member":
		r.Except = ExceptMember
	case "none":
		r.Except = ExceptNone
	default:
		return Errorf(CodeBadRequest, `payload.except is %q, want "connection", "member" or "none"`, clip(except))
	}
	return nil
}
