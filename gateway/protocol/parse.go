package protocol

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// ParseRequest parses one text frame of a client. It is safe for concurrent use and keeps no reference to data, except that
// the request's Payload points into it.
//
// Fields are matched by their exact names; unknown ones are ignored, a known one must not be given twice, and null means that an
// optional field is absent. The whole frame must be UTF-8, because payloads are forwarded verbatim. The error carries the
// request's id and type as far as they could be read.
func ParseRequest(data []byte) (Request, *Error) {
	if err := checkJSON(data); err != nil {
		return Request{}, err
	}
	env, err := parseEnvelope(data)
	req := Request{Type: RequestType(env.typ), ID: env.id}
	if err == nil {
		err = req.parsePayload(env.payload)
	}
	if err != nil {
		err.ID = env.id
		if known(req.Type) {
			err.Request = req.Type
		}
		return Request{}, err
	}
	return req, nil
}

func checkJSON(data []byte) *Error {
	if !utf8.Valid(data) {
		return Errorf(CodeBadRequest, "the frame is not UTF-8")
	}
	if json.Valid(data) {
		return nil
	}
	var raw json.RawMessage
	return Errorf(CodeBadRequest, `the frame is not JSON, want {"type": …, "payload": …}: %v`, json.Unmarshal(data, &raw))
}

// envelope holds the fields that all requests share.
type envelope struct {
	typ     string
	id      ID
	payload []byte // nil: absent
}

// parseEnvelope returns what it could read even when it fails, so that the error can carry the id.
func parseEnvelope(data []byte) (envelope, *Error) {
	var env envelope
	obj, ok := newObject(data)
	if !ok {
		return env, Errorf(CodeBadRequest, `the frame is not a JSON object, want {"type": …, "payload": …}`)
	}
	var first *Error
	var seen seen
	for name, value, ok := obj.next(); ok; name, value, ok = obj.next() {
		if err := env.set(name, value, &seen); err != nil && first == nil {
			first = err
		}
	}
	if first == nil && env.typ == "" {
		first = Errorf(CodeBadRequest, "type is missing, want one of %s", typeList)
	}
	return env, first
}

func (env *envelope) set(name, value []byte, seen *seen) (err *Error) {
	switch string(name) {
	case "type":
		if err = seen.once("type", 1<<0); err == nil {
			env.typ, err = stringField("type", value)
		}
	case "id":
		if err = seen.once("id", 1<<1); err == nil {
			env.id, err = parseID(value)
		} else {
			env.id = "" // which of the two is meant is unknown
		}
	case "payload":
		if err = seen.once("payload", 1<<2); err == nil {
			env.payload = value
		}
	}
	return err
}

// seen is a set of the fields that came already.
type seen uint8

func (s *seen) once(name string, bit seen) *Error {
	if *s&bit != 0 {
		return Errorf(CodeBadRequest, "%s is given twice", name)
	}
	*s |= bit
	return nil
}

func parseID(value []byte) (ID, *Error) {
	switch c := value[0]; {
	case c == 'n':
		return "", nil
	case c == '"':
		if n := len(unquote(value)); n > MaxIDBytes {
			return "", Errorf(CodeBadRequest, "id has %d bytes, want at most %d", n, MaxIDBytes)
		}
		return ID(value), nil
	case '0' <= c && c <= '9':
		if n, err := strconv.ParseUint(string(value), 10, 64); err != nil || n > MaxIDNumber {
			return "", Errorf(CodeBadRequest, "id is %s, want an integer from 0 to %d, without fraction or exponent",
				clip(string(value)), MaxIDNumber)
		}
		return ID(value), nil
	default:
		return "", Errorf(CodeBadRequest, "id is %s, want an integer from 0 to %d or a string of at most %d bytes",
			describe(value), MaxIDNumber, MaxIDBytes)
	}
}

// describe names a value in an error message: its kind, and for a number its text.
func describe(value []byte) string {
	if c := value[0]; c == '-' || '0' <= c && c <= '9' {
		return clip(string(value))
	}
	return kindOf(value)
}

// stringField returns the text of a string value; null is an empty string, which no field accepts as a value.
func stringField(name string, value []byte) (string, *Error) {
	switch value[0] {
	case '"':
		return unquote(value), nil
	case 'n':
		return "", nil
	default:
		return "", Errorf(CodeBadRequest, "%s is %s, want a string", name, kindOf(value))
	}
}

// clip shortens text of a client for an error message.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
