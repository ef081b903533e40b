package protocol

import "encoding/json"

// fields are the raw values of a payload's known fields; nil: absent.
type fields struct{ channel, presence, typ, payload, except, key, typing, token []byte }

func parseFields(payload []byte) (f fields, _ *Error) {
	obj, ok := newObject(payload)
	if !ok {
		if payload == nil {
			return f, Errorf(CodeBadRequest, `payload is missing, want an object like {"channel": "room:1"}`)
		}
		return f, Errorf(CodeBadRequest, `payload is %s, want an object like {"channel": "room:1"}`, kindOf(payload))
	}
	for name, value, ok := obj.next(); ok; name, value, ok = obj.next() {
		field := f.named(name)
		if field == nil {
			continue
		}
		if *field != nil {
			return f, Errorf(CodeBadRequest, "payload.%s is given twice", name)
		}
		*field = value
	}
	return f, nil
}

func (f *fields) named(name []byte) *[]byte {
	switch string(name) {
	case "channel":
		return &f.channel
	case "presence":
		return &f.presence
	case "type":
		return &f.typ
	case "payload":
		return &f.payload
	case "except":
		return &f.except
	case "key":
		return &f.key
	case "typing":
		return &f.typing
	case "token":
		return &f.token
	}
	return nil
}

// required returns the text of a string that must be there.
func required(name string, value []byte) (string, *Error) {
	if value == nil || value[0] == 'n' {
		return "", Errorf(CodeBadRequest, "%s is missing, want a string", name)
	}
	return stringField(name, value)
}

// optional returns the text of a string that may be absent or null, and is then empty; it must not be given empty.
func optional(name string, value []byte) (string, *Error) {
	if value == nil {
		return "", nil
	}
	s, err := stringField(name, value)
	if err == nil && s == "" && value[0] == '"' {
		return "", Errorf(CodeBadRequest, "%s is an empty string; leave it out instead", name)
	}
	return s, err
}

func orNull(value []byte) json.RawMessage {
	if value == nil {
		return json.RawMessage("null")
	}
	return value
}
