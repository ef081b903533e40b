// Package apitest holds answers of the HTTP API against its OpenAPI document, for tests. It reads what the document uses, not all of
// OpenAPI.
package apitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/starling-realtime/starling/gateway/httpapi"
)

// A document is the parts of the OpenAPI document that are looked at.
type document struct {
	Paths      map[string]map[string]operation
	Components struct{ Responses map[string]response }
}

type operation struct {
	OperationID string
	RequestBody struct{ Content map[string]media }
	Responses   map[string]response
}

type response struct {
	Ref     string `json:"$ref"`
	Content map[string]media
}

type media struct {
	Schema struct {
		Ref string `json:"$ref"`
	}
}

// load reads the document once.
var load = sync.OnceValues(func() (*document, error) { //nolint:gochecknoglobals // it never changes
	var d document
	if err := json.Unmarshal(httpapi.Document(), &d); err != nil {
		return nil, fmt.Errorf("reading the OpenAPI document: %w", err)
	}
	return &d, nil
})

// Operations returns the ids of the document's operations, by method and path.
func Operations() (map[string]string, error) {
	d, err := load()
	if err != nil {
		return nil, err
	}
	ids := make(map[string]string)
	for path, methods := range d.Paths {
		for method, op := range methods {
			ids[strings.ToUpper(method)+" "+path] = op.OperationID
		}
	}
	return ids, nil
}

// Check says how an answer, or the request that it answers well, differs from what the document says. An answer to what is no operation
// must be a problem.
func Check(r *http.Request, body []byte, status int, header http.Header, answer []byte) error {
	d, err := load()
	if err != nil {
		return err
	}
	if r.Method == http.MethodHead {
		return nil
	}
	kind, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	op, known := d.find(r.Method, r.URL.EscapedPath())
	if !known {
		if kind != "application/problem+json" {
			return fmt.Errorf("%s %s is no operation and was answered with %q", r.Method, r.URL.Path, kind)
		}
		return validate("#/components/schemas/Problem", answer)
	}
	want, ok := op.Responses[fmt.Sprint(status)]
	if !ok {
		return fmt.Errorf("%s answered %d, which the document does not know", op.OperationID, status)
	}
	if name, isRef := strings.CutPrefix(want.Ref, "#/components/responses/"); isRef {
		want = d.Components.Responses[name]
	}
	content, ok := want.Content[kind]
	if !ok {
		return fmt.Errorf("%s answered %d with %q, which the document does not know", op.OperationID, status, kind)
	}
	if request := op.RequestBody.Content["application/json"].Schema.Ref; status == http.StatusOK && request != "" && len(body) > 0 {
		if err := validate(request, body); err != nil {
			return fmt.Errorf("%s took a request that the document does not allow: %w", op.OperationID, err)
		}
	}
	if content.Schema.Ref == "" {
		return nil
	}
	if err := validate(content.Schema.Ref, answer); err != nil {
		return fmt.Errorf("%s answered %d: %w", op.OperationID, status, err)
	}
	return nil
}

// find returns the operation of a method and path.
func (d *document) find(method, path string) (operation, bool) {
	parts := strings.Split(path, "/")
	for template, methods := range d.Paths {
		if op, ok := methods[strings.ToLower(method)]; ok && matches(strings.Split(template, "/"), parts) {
			return op, true
		}
	}
	return operation{}, false
}

func matches(template, parts []string) bool {
	if len(template) != len(parts) {
		return false
	}
	for i, t := range template {
		if t != parts[i] && !strings.HasPrefix(t, "{") {
			return false
		}
	}
	return true
}

func validate(ref string, instance []byte) error {
	root, err := jsonschema.UnmarshalJSON(bytes.NewReader(httpapi.Document()))
	if err != nil {
		return err
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("openapi.json", root); err != nil {
		return err
	}
	schema, err := compiler.Compile("openapi.json" + ref)
	if err != nil {
		return fmt.Errorf("compiling %s: %w", ref, err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(instance))
	if err != nil {
		return fmt.Errorf("reading JSON: %w", err)
	}
	return schema.Validate(value)
}
