package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	yamlv2 "go.yaml.in/yaml/v2"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

// maxDocuments bounds the documents of a file, so that an error that names them all stays readable.
const maxDocuments = 100

// split returns the documents of a YAML stream as JSON, without the empty ones. One decoder reads the whole stream, so that line
// numbers in errors are the file's and no document hides behind an unusual separator.
func split(text []byte) ([][]byte, error) {
	decoder := yamlv2.NewDecoder(bytes.NewReader(text))
	decoder.SetStrict(true)
	var documents [][]byte
	for {
		var value any
		switch err := decoder.Decode(&value); {
		case errors.Is(err, io.EOF):
			return documents, nil
		case err != nil:
			return nil, oneLine(err)
		case value == nil:
			continue
		case len(documents) == maxDocuments:
			return nil, fmt.Errorf("the file has more than %d documents", maxDocuments)
		}
		document, err := toJSON(value)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", len(documents)+1, oneLine(err))
		}
		documents = append(documents, document)
	}
}

// toJSON goes through text, because only the library's own way from YAML to JSON is exactly that of kubectl.
func toJSON(value any) ([]byte, error) {
	text, err := yamlv2.Marshal(value)
	if err != nil {
		return nil, err
	}
	return yaml.YAMLToJSONStrict(text)
}

// oneLine folds the YAML library's errors of several lines.
func oneLine(err error) error {
	return errors.New(strings.Join(strings.Fields(err.Error()), " "))
}

// typeMeta is what tells which kind of object a document is.
type typeMeta struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
}

func (m typeMeta) String() string {
	if m.Kind == "" {
		return "an object without a kind"
	}
	return strings.TrimSuffix(fmt.Sprintf("%s (%s)", m.Kind, m.APIVersion), " ()")
}

// onlyCluster returns the one document, if it is a RealtimeCluster of the version that this release knows.
func onlyCluster(documents [][]byte) ([]byte, error) {
	want := typeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.Kind}
	var found []byte
	var others []error
	clusters := 0
	for i, document := range documents {
		var got typeMeta
		if err := json.UnmarshalCaseSensitivePreserveInts(document, &got); err != nil {
			return nil, fmt.Errorf("document %d is not an object with apiVersion and kind, must be a %s", i+1, want)
		}
		if got != want {
			others = append(others, fmt.Errorf("document %d is %s, must be a %s and nothing else", i+1, got, want))
			continue
		}
		found = document
		clusters++
	}
	switch {
	case len(others) > 0:
		return nil, list(others)
	case clusters == 0:
		return nil, fmt.Errorf("there is no object in it, must be one %s", want)
	case clusters > 1:
		return nil, fmt.Errorf("there are %d RealtimeClusters in it, must be one", clusters)
	}
	return found, nil
}
