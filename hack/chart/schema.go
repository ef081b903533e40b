package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// clusterName is what the API's rule for metadata.name allows: a DNS label that begins with a letter, of at most 45 characters.
const clusterName = `^[a-z]([-a-z0-9]{0,43}[a-z0-9])?$`

// writeSchema makes the values.schema.json of a chart whose values are RealtimeClusters. CEL rules are not in it: the API server
// checks those.
func writeSchema(definition, out string) error {
	spec, err := specSchema(definition)
	if err != nil {
		return fmt.Errorf("reading %s: %w", definition, err)
	}
	texts := map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "string"}}
	closed := func(properties map[string]any) map[string]any {
		return map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	}
	cluster := closed(map[string]any{"labels": texts, "annotations": texts, "spec": spec})
	cluster["required"] = []string{"spec"}
	schema := closed(map[string]any{
		"clusters": map[string]any{
			"type": "object", "propertyNames": map[string]any{"pattern": clusterName}, "additionalProperties": cluster,
		},
		"labels": texts,
		"keep":   map[string]any{"type": "boolean"},
		"global": map[string]any{"type": "object"},
	})
	schema["$schema"] = "http://json-schema.org/draft-07/schema#"
	content, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the schema: %w", err)
	}
	return writeFile(out, append(content, '\n'))
}

func specSchema(definition string) (any, error) {
	content, err := os.ReadFile(definition) //nolint:gosec // hack/chart.sh names the file
	if err != nil {
		return nil, err
	}
	var object map[string]any
	if err := yaml.Unmarshal(content, &object); err != nil {
		return nil, err
	}
	versions, _, err := unstructured.NestedSlice(object, "spec", "versions")
	if err != nil {
		return nil, err
	}
	for _, version := range versions {
		fields, ok := version.(map[string]any)
		if !ok || fields["storage"] != true {
			continue
		}
		spec, found, err := unstructured.NestedMap(fields, "schema", "openAPIV3Schema", "properties", "spec")
		if err != nil || !found {
			return nil, errors.Join(errors.New("the stored version has no schema of spec"), err)
		}
		return jsonSchema(spec), nil
	}
	return nil, errors.New("no version is stored")
}

// jsonSchema turns a schema of Kubernetes into one that Helm understands: extensions go, and a field that is not known is an
// error.
func jsonSchema(in map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range in {
		switch {
		case strings.HasPrefix(key, "x-kubernetes-"), key == "format", key == "default":
		case key == "properties":
			properties := map[string]any{}
			for name, property := range value.(map[string]any) { //nolint:forcetypeassert // controller-gen writes maps
				properties[name] = jsonSchema(property.(map[string]any)) //nolint:forcetypeassert // as above
			}
			out[key] = properties
		case key == "items", key == "additionalProperties":
			if nested, ok := value.(map[string]any); ok {
				value = jsonSchema(nested)
			}
			out[key] = value
		default:
			out[key] = value
		}
	}
	if in["x-kubernetes-int-or-string"] == true {
		out["type"] = []string{"integer", "string"}
		delete(out, "anyOf")
	}
	if _, ok := in["properties"]; ok && in["x-kubernetes-preserve-unknown-fields"] != true {
		out["additionalProperties"] = false
	}
	return out
}
