//go:build charts

package charts

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the files in testdata anew")

// namespace is config/manager's, too.
const namespace = "starling-system"

// program is the file of a tool, which a variable names.
func program(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	require.NotEmpty(t, path, "$%s must name the program: run make test-charts", variable)
	return path
}

// output runs a program; it returns what it wrote to standard output, and the error with what it wrote to standard error.
func output(t *testing.T, path string, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path, args...)
	// Nobody's own plugins and repositories.
	home := t.TempDir()
	cmd.Env = append(os.Environ(), "HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home, "KUBECONFIG="+os.DevNull)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err != nil {
		err = errors.New(err.Error() + ": " + stderr.String())
	}
	return stdout.Bytes(), err
}

// template renders a chart with values in YAML.
func template(t *testing.T, chart, values string, flags ...string) ([]byte, error) {
	t.Helper()
	helm := program(t, "HELM")
	file := filepath.Join(t.TempDir(), "values.yaml")
	require.NoError(t, os.WriteFile(file, []byte(values), 0o600))
	args := append([]string{"template", "starling", chart, "--namespace", namespace, "--kube-version", "1.37.0", "--values", file}, flags...)
	return output(t, helm, args...)
}

// objects are what a stream of YAML holds, by kind and name.
type objects map[string]*unstructured.Unstructured

func parse(t *testing.T, stream []byte) objects {
	t.Helper()
	all := objects{}
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(stream)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		object := &unstructured.Unstructured{}
		require.NoError(t, yaml.UnmarshalStrict(document, &object.Object), "%s", document)
		if len(object.Object) == 0 {
			continue
		}
		key := strings.Join([]string{object.GetKind(), object.GetNamespace(), object.GetName()}, "/")
		require.NotContains(t, all, key, "rendered twice")
		all[key] = object
	}
}

func render(t *testing.T, chart, values string) objects {
	t.Helper()
	out, err := template(t, chart, values)
	require.NoError(t, err)
	return parse(t, out)
}
