package manifest

import (
	gojson "encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/json"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/internal/nearest"
)

// explainType turns a decoder's complaint about a value of the wrong type into one for people.
func explainType(err error) error {
	var wrong *gojson.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	path := wrong.Field
	if path == "" {
		path = "the document"
	}
	return fmt.Errorf("%s: is %s, must be %s", path, describeValue(wrong.Value), describeType(wrong.Type))
}

func describeValue(value string) string {
	switch kind, text, _ := strings.Cut(value, " "); kind {
	case "number":
		return strings.TrimSpace("the number " + text)
	case "array":
		return "a list"
	case "object":
		return "a map"
	case "bool":
		return "true or false"
	default:
		return "a " + kind
	}
}

func describeType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int32:
		return "a whole number of at most 32 bits"
	case reflect.Int64:
		return "a whole number"
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	default:
		return "a map"
	}
}

// explainUnknown says which field was probably meant by one that does not exist, or which there are.
func explainUnknown(err error) error {
	var at json.FieldError
	if !errors.As(err, &at) || !strings.HasPrefix(err.Error(), "unknown field") {
		return err
	}
	path := at.FieldPath()
	parent, name := "", path
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		parent, name = path[:i], path[i+1:]
	}
	known := fieldsAt(reflect.TypeFor[v1alpha1.RealtimeCluster](), parent)
	if near, ok := nearest.Name(name, known); ok {
		return fmt.Errorf("%s: unknown field, did you mean %q?", path, near)
	}
	if len(known) == 0 {
		return fmt.Errorf("%s: unknown field", path)
	}
	return fmt.Errorf("%s: unknown field, must be one of %s", path, strings.Join(known, ", "))
}

// fieldsAt returns the names of the fields of the struct at a path such as spec.auth.jwt.keys[0], sorted; none if there is no
// struct there.
func fieldsAt(t reflect.Type, path string) []string {
	for step := range strings.SplitSeq(path, ".") {
		step, _, _ = strings.Cut(step, "[")
		if step == "" {
			continue
		}
		next, ok := jsonFields(t)[step]
		if !ok {
			return nil
		}
		t = next
	}
	return slices.Sorted(maps.Keys(jsonFields(t)))
}

// jsonFields returns the types of a struct's fields by their names in JSON, with pointers and lists taken off.
func jsonFields(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	if t.Kind() != reflect.Struct {
		return fields
	}
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" && field.Anonymous {
			maps.Copy(fields, jsonFields(field.Type))
			continue
		}
		inner := field.Type
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		fields[name] = inner
	}
	return fields
}
