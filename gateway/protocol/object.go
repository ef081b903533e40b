package protocol

import (
	"bytes"
	"encoding/json"
)

// object walks the fields of a JSON object that is already known to be valid JSON, so that it needs no errors. encoding/json
// would match names whatever their case and let the last of two equal names win; two readers of one frame could then
// disagree about what it says.
type object struct{ rest []byte }

// newObject returns a walk over value and whether value is an object.
func newObject(value []byte) (object, bool) {
	value = bytes.TrimLeft(value, whitespace)
	if len(value) == 0 || value[0] != '{' {
		return object{}, false
	}
	return object{value[1:]}, true
}

const whitespace = " \t\r\n"

// next returns the next field's name and its raw value, or ok == false at the end.
func (o *object) next() (name, value []byte, ok bool) {
	o.rest = bytes.TrimLeft(o.rest, whitespace+",")
	if o.rest[0] == '}' {
		return nil, nil, false
	}
	n := valueLen(o.rest)
	name = unquoteBytes(o.rest[:n])
	o.rest = bytes.TrimLeft(o.rest[n:], whitespace+":")
	n = valueLen(o.rest)
	value, o.rest = o.rest[:n:n], o.rest[n:]
	return name, value, true
}

// valueLen returns the length of the JSON value that b begins with.
func valueLen(b []byte) int {
	switch b[0] {
	case '"':
		return stringLen(b)
	case '{', '[':
		return nestedLen(b)
	}
	if n := bytes.IndexAny(b, whitespace+",]}"); n >= 0 {
		return n
	}
	return len(b)
}

func stringLen(b []byte) int {
	for i := 1; ; i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

func nestedLen(b []byte) int {
	depth := 0
	for i := 0; ; {
		switch b[i] {
		case '"':
			i += stringLen(b[i:])
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
}

// unquote returns the text of a valid JSON string literal.
func unquote(literal []byte) string {
	return string(unquoteBytes(literal))
}

// unquoteBytes is unquote without a copy where there are no escapes.
func unquoteBytes(literal []byte) []byte {
	if bytes.IndexByte(literal, '\\') < 0 {
		return literal[1 : len(literal)-1]
	}
	var s string
	if err := json.Unmarshal(literal, &s); err != nil {
		return nil // not reached: the caller checked the literal
	}
	return []byte(s)
}

// kindOf names the kind of a valid JSON value, for error messages.
func kindOf(value []byte) string {
	switch value[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		return "a number"
	}
}
