//go:build charts

package charts

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// What is rendered for some values is in testdata. The CustomResourceDefinition is left out: it is long, and generated.
func TestRenderedObjectsAreAsBefore(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.values.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, cases)
	for _, file := range cases {
		name := strings.TrimSuffix(filepath.Base(file), ".values.yaml")
		t.Run(name, func(t *testing.T) {
			values, err := os.ReadFile(file)
			require.NoError(t, err)
			chart := operatorChart
			if strings.HasPrefix(name, "cluster") {
				chart = clusterChart
			}
			got, err := template(t, chart, string(values))
			require.NoError(t, err)
			got = withoutDefinition(got)
			golden := filepath.Join("testdata", name+".golden.yaml")
			if *update {
				require.NoError(t, os.WriteFile(golden, got, 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(string(want), string(got)), "go test ./test/charts -update writes the files anew")
		})
	}
}

func withoutDefinition(stream []byte) []byte {
	var kept [][]byte
	for document := range bytes.SplitSeq(stream, []byte("\n---\n")) {
		if !bytes.Contains(document, []byte("\nkind: CustomResourceDefinition\n")) {
			kept = append(kept, document)
		}
	}
	return bytes.Join(kept, []byte("\n---\n"))
}

const definition = "CustomResourceDefinition//realtimeclusters.realtime.starling.dev"

func TestTheDefinitionStaysUnlessToldOtherwise(t *testing.T) {
	crd := render(t, operatorChart, "")[definition]
	require.NotNil(t, crd)
	require.Equal(t, "keep", crd.GetAnnotations()["helm.sh/resource-policy"])
	require.Contains(t, crd.GetAnnotations(), "controller-gen.kubebuilder.io/version")

	crd = render(t, operatorChart, "crds: {keep: false}")[definition]
	require.NotNil(t, crd)
	require.NotContains(t, crd.GetAnnotations(), "helm.sh/resource-policy")

	require.NotContains(t, render(t, operatorChart, "crds: {enabled: false}"), definition)
}

// In the mode of a few namespaces nothing in the release gives a right on all of them.
func TestWatchingNamespacesNeedsNoRightsElsewhere(t *testing.T) {
	all := render(t, operatorChart, "watchNamespaces: [blue, green]\nmetrics: {enabled: false}\nrbac: {aggregate: false}")
	for key, object := range all {
		require.NotContains(t, []string{"ClusterRole", "ClusterRoleBinding"}, object.GetKind(), key)
	}
	everywhere := render(t, operatorChart, "")["ClusterRole//starling-operator"]
	for _, served := range []string{"blue", "green"} {
		role := all["Role/"+served+"/starling-operator-clusters"]
		require.NotNil(t, role)
		require.Equal(t, everywhere.Object["rules"], role.Object["rules"])
		binding := all["RoleBinding/"+served+"/starling-operator-clusters"]
		require.NotNil(t, binding)
		require.Equal(t, map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "starling-operator-clusters"},
			binding.Object["roleRef"])
		require.Equal(t, []any{map[string]any{"kind": "ServiceAccount", "name": "starling-operator", "namespace": namespace}},
			binding.Object["subjects"])
	}
}

func TestWhatIsWrongIsRefused(t *testing.T) {
	cluster := func(spec string) string { return "clusters: {chat: {spec: {" + spec + "}}}" }
	tests := map[string]struct{ chart, values, want string }{
		"unknown value":        {operatorChart, "replica: 2", "replica"},
		"replicas":             {operatorChart, "replicas: two", "replicas"},
		"log level":            {operatorChart, "log: {level: loud}", "level"},
		"namespace":            {operatorChart, "watchNamespaces: [A]", "watchNamespaces"},
		"digest":               {operatorChart, "image: {digest: abc}", "digest"},
		"no service account":   {operatorChart, "serviceAccount: {create: false}", "serviceAccount.name must be set"},
		"no spec":              {clusterChart, "clusters: {chat: {}}", "spec"},
		"cluster's name":       {clusterChart, "clusters: {Chat: {spec: {auth: {type: Anonymous}}}}", "Chat"},
		"no auth":              {clusterChart, cluster("replicas: 3"), "auth"},
		"misspelled field":     {clusterChart, cluster("auth: {type: Anonymous}, replica: 3"), "replica"},
		"out of bounds":        {clusterChart, cluster("auth: {type: Anonymous}, replicas: 100000"), "replicas"},
		"not one of the enum":  {clusterChart, cluster("auth: {type: None}"), "type"},
		"a list with no entry": {clusterChart, cluster("auth: {type: JWT, jwt: {keys: []}}"), "keys"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := template(t, tt.chart, tt.values)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestOldKubernetesIsRefused(t *testing.T) {
	for _, chart := range []string{operatorChart, clusterChart} {
		_, err := template(t, chart, "", "--kube-version", "1.29.0")
		require.ErrorContains(t, err, "1.30")
	}
}

func TestChartsPassHelmLint(t *testing.T) {
	helm := program(t, "HELM")
	out, err := output(t, helm, "lint", "--strict", operatorChart, clusterChart)
	require.NoError(t, err, "%s", out)
}

func TestSamplesPassTheSchemaOfTheClusterChart(t *testing.T) {
	samples, err := filepath.Glob("../../config/samples/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, samples)
	for _, sample := range samples {
		content, err := os.ReadFile(sample)
		require.NoError(t, err)
		for _, object := range parse(t, content) {
			if object.GetKind() != "RealtimeCluster" {
				continue
			}
			values := map[string]any{"clusters": map[string]any{object.GetName(): map[string]any{"spec": object.Object["spec"]}}}
			rendered := render(t, clusterChart, toYAML(t, values))
			got := rendered["RealtimeCluster/"+namespace+"/"+object.GetName()]
			require.NotNil(t, got, sample)
			require.Equal(t, object.Object["spec"], got.Object["spec"], sample)
		}
	}
}

func toYAML(t *testing.T, value any) string {
	t.Helper()
	content, err := yaml.Marshal(value)
	require.NoError(t, err)
	return string(content)
}
