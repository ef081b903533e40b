package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const namespaceAndAccount = `apiVersion: v1
kind: Namespace
metadata: {name: starling-system}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: starling-operator}
`

func TestObjectsGetFilesOfTheirOwn(t *testing.T) {
	folder := t.TempDir()
	old := filepath.Join(folder, "rbac", "role-starling-of-before.yaml")
	require.NoError(t, os.MkdirAll(filepath.Dir(old), 0o750))
	require.NoError(t, os.WriteFile(old, nil, 0o600))

	require.NoError(t, run([]string{"objects", folder}, strings.NewReader(namespaceAndAccount)))
	require.NoFileExists(t, old)
	files, err := filepath.Glob(filepath.Join(folder, "*", "*"))
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(folder, "serviceaccount", "serviceaccount-starling-operator.yaml")}, files)
}

func TestObjectsThatTheChartWouldLoseAreRefused(t *testing.T) {
	for name, tt := range map[string]struct{ objects, want string }{
		"no template":  {"kind: ConfigMap\nmetadata: {name: starling-x}\n", "no template for ConfigMap starling-x"},
		"foreign name": {"kind: Service\nmetadata: {name: other}\n", "must begin with starling-"},
		"nothing":      {"", "no objects"},
		"no YAML":      {"{", "reading an object"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, run([]string{"objects", t.TempDir()}, strings.NewReader(tt.objects)), tt.want)
		})
	}
}

func TestSchemaKnowsEveryFieldAndNoOther(t *testing.T) {
	out := filepath.Join(t.TempDir(), "schema.json")
	definition := filepath.Join("..", "..", "config", "crd", "bases", "realtime.starling.dev_realtimeclusters.yaml")
	require.NoError(t, run([]string{"schema", definition, out}, nil))
	content, err := os.ReadFile(out)
	require.NoError(t, err)
	require.NotContains(t, string(content), "x-kubernetes-")

	type schema struct {
		Properties           map[string]schema `json:"properties"`
		AdditionalProperties json.RawMessage   `json:"additionalProperties"`
		Required             []string          `json:"required"`
	}
	var values, cluster schema
	require.NoError(t, json.Unmarshal(content, &values))
	require.NoError(t, json.Unmarshal(values.Properties["clusters"].AdditionalProperties, &cluster))
	require.Equal(t, []string{"spec"}, cluster.Required)
	spec := cluster.Properties["spec"]
	require.Contains(t, spec.Properties, "replicas")
	require.Contains(t, spec.Required, "auth")
	require.JSONEq(t, "false", string(spec.AdditionalProperties))
}

func TestReadmeGetsTheTableOfValues(t *testing.T) {
	chart := t.TempDir()
	values := "# How many.\n# Up to | ten.\nreplicas: 1\nlog:\n  # How loud.\n  level: info\n# Extra.\nlabels: {a: b}\n"
	require.NoError(t, os.WriteFile(filepath.Join(chart, "values.yaml"), []byte(values), 0o600))
	readme := filepath.Join(chart, "README.md")
	require.NoError(t, os.WriteFile(readme, []byte("before\n"+tableBegin+"\nold\n"+tableEnd+"\nafter\n"), 0o600))

	require.NoError(t, run([]string{"readme", chart}, nil))
	content, err := os.ReadFile(readme)
	require.NoError(t, err)
	require.Equal(t, "before\n"+tableBegin+"\n| value | default | |\n|---|---|---|\n"+
		"| `replicas` | `1` | How many. Up to \\| ten. |\n| `log.level` | `info` | How loud. |\n| `labels` | `{a: b}` | Extra. |\n"+
		tableEnd+"\nafter\n", string(content))

	_, err = valuesTable([]byte("replicas: 1\n"))
	require.ErrorContains(t, err, "replicas has no comment")
	require.NoError(t, os.WriteFile(readme, []byte("no marks"), 0o600))
	require.ErrorContains(t, run([]string{"readme", chart}, nil), "needs the lines")
}

func TestCommandLine(t *testing.T) {
	require.ErrorIs(t, run(nil, nil), errUsage)
}
