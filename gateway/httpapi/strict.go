package httpapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// checkNames compares the names of the fields of a body with those of the struct that it was decoded into, without an error. The decoder
// itself would take "TYPE" for "type", and the last of several: neither is what the document allows, and whoever looks at requests on
// their way may see another one.
func checkNames(body []byte, into any) *Problem {
	return checkValue(body, reflect.TypeOf(into).Elem(), "")
}

func checkValue(text []byte, t reflect.Type, at string) *Problem {
	switch {
	case t.Kind() == reflect.Struct:
		return checkObject(text, t, at)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		var list []json.RawMessage
		_ = json.Unmarshal(text, &list) // which worked before
		for i, entry := range list {
			if p := checkObject(entry, t.Elem(), at+"/"+strconv.Itoa(i)); p != nil {
				return p
			}
		}
	}
	return nil
}

func checkObject(text []byte, t reflect.Type, at string) *Problem {
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	if begin, _ := decoder.Token(); begin != json.Delim('{') {
		return nil // null
	}
	seen := make(map[string]bool)
	for decoder.More() {
		token, _ := decoder.Token()
		name, _ := token.(string)
		var value json.RawMessage
		_ = decoder.Decode(&value)
		field, known := fieldNamed(t, name)
		switch {
		case !known:
			return &Problem{Code: CodeBadRequest, Pointer: at, Detail: fmt.Sprintf("unknown field %.80q", name)}
		case seen[name]:
			return &Problem{Code: CodeBadRequest, Pointer: at + "/" + name, Detail: name + " is given twice"}
		}
		seen[name] = true
		if p := checkValue(value, field.Type, at+"/"+name); p != nil {
			return p
		}
	}
	return nil
}

func fieldNamed(t reflect.Type, name string) (reflect.StructField, bool) {
	for field := range t.Fields() {
		if tag, _, _ := strings.Cut(field.Tag.Get("json"), ","); tag == name {
			return field, true
		}
	}
	return reflect.StructField{}, false
}
