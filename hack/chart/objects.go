package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// prefix begins the name of everything that kustomize makes. The chart puts the release's name in its place.
const prefix = "starling-"

// folders says where the chart expects objects of a kind. It has a template for each of them.
var folders = map[string]string{
	"CustomResourceDefinition": "crds",
	"ServiceAccount":           "serviceaccount",
	"Role":                     "rbac",
	"RoleBinding":              "rbac",
	"ClusterRole":              "rbac",
	"ClusterRoleBinding":       "rbac",
	"Service":                  "service",
	"Deployment":               "deployment",
}

// writeObjects writes every object of a stream into a file of its own, below folder, and removes the files of before. A kind that
// the chart has no template for is an error: it would be missing from the chart without a word.
func writeObjects(in io.Reader, folder string) error {
	files := map[string][]byte{}
	reader := utilyaml.NewYAMLReader(bufio.NewReader(in))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("reading objects: %w", err)
		}
		if len(bytes.TrimSpace(document)) == 0 {
			continue
		}
		path, content, err := chartFile(document)
		if err != nil {
			return err
		}
		if path != "" {
			files[path] = content
		}
	}
	if len(files) == 0 {
		return errors.New("there are no objects on standard input")
	}
	return replaceFolder(folder, files)
}

// chartFile returns where an object belongs in the chart, and what is written there. Names stay as kustomize made them: the
// templates replace them. A Namespace belongs nowhere: it is Helm's business.
func chartFile(document []byte) (path string, content []byte, err error) {
	var object unstructured.Unstructured
	if err := yaml.Unmarshal(document, &object.Object); err != nil {
		return "", nil, fmt.Errorf("reading an object: %w", err)
	}
	kind, name := object.GetKind(), object.GetName()
	if kind == "Namespace" {
		return "", nil, nil
	}
	folder, ok := folders[kind]
	if !ok {
		return "", nil, fmt.Errorf("the chart has no template for %s %s: give it one, and name its folder in hack/chart/objects.go", kind, name)
	}
	if kind != "CustomResourceDefinition" && !strings.HasPrefix(name, prefix) {
		return "", nil, fmt.Errorf("%s %s: its name must begin with %s, so that the chart can replace that", kind, name, prefix)
	}
	content, err = yaml.Marshal(object.Object)
	if err != nil {
		return "", nil, fmt.Errorf("writing %s %s: %w", kind, name, err)
	}
	return filepath.Join(folder, strings.ToLower(kind)+"-"+name+".yaml"), content, nil
}

func replaceFolder(folder string, files map[string][]byte) error {
	for _, sub := range folders {
		if err := os.RemoveAll(filepath.Join(folder, sub)); err != nil { //nolint:gosec // hack/chart.sh names the folder
			return fmt.Errorf("removing the files of before: %w", err)
		}
	}
	for path, content := range files {
		path = filepath.Join(folder, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // part of the source tree
			return fmt.Errorf("making a folder: %w", err)
		}
		if err := writeFile(path, content); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(path string, content []byte) error {
	if err := os.WriteFile(path, content, 0o644); err != nil { //nolint:gosec // part of the source tree
		return fmt.Errorf("writing a generated file: %w", err)
	}
	return nil
}
