//go:build charts

package charts

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Where values are left alone, Helm installs what kustomize does. What each adds for itself is taken off before they are compared.
func TestChartAndKustomizeInstallTheSame(t *testing.T) {
	rendered := render(t, operatorChart, "")
	out, err := output(t, program(t, "KUSTOMIZE"), "build", "../../config/default")
	require.NoError(t, err)
	built := parse(t, out)
	delete(built, "Namespace//"+namespace)
	for key, object := range rendered {
		if object.GetAnnotations()["helm.sh/hook"] != "" {
			delete(rendered, key)
		}
	}

	require.Equal(t, slices.Sorted(maps.Keys(built)), slices.Sorted(maps.Keys(rendered)))
	for key := range built {
		want, got := plain(t, built[key]), plain(t, rendered[key])
		require.Empty(t, cmp.Diff(want, got), key)
	}
}

// plain takes off what is Helm's or kustomize's own: their labels, the image, and flags that repeat the operator's defaults.
func plain(t *testing.T, object *unstructured.Unstructured) map[string]any {
	t.Helper()
	o := object.DeepCopy()
	labels := o.GetLabels()
	for key := range labels {
		if strings.HasPrefix(key, "app.kubernetes.io/") || strings.HasPrefix(key, "helm.sh/") {
			delete(labels, key)
		}
	}
	o.SetLabels(labels)
	annotations := o.GetAnnotations()
	delete(annotations, "helm.sh/resource-policy")
	o.SetAnnotations(annotations)
	instance := "app.kubernetes.io/instance"
	switch o.GetKind() {
	case "Service":
		unstructured.RemoveNestedField(o.Object, "spec", "selector", instance)
	case "Deployment":
		unstructured.RemoveNestedField(o.Object, "spec", "selector", "matchLabels", instance)
		unstructured.RemoveNestedField(o.Object, "spec", "template", "metadata", "labels", instance)
		containers, found, err := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
		require.NoError(t, err)
		require.True(t, found)
		operator := containers[0].(map[string]any)
		delete(operator, "image")
		delete(operator, "imagePullPolicy")
		require.Subset(t, []any{"--log-format=json", "--log-level=info", "--concurrency=4"}, orNone(operator["args"]))
		delete(operator, "args")
		require.NoError(t, unstructured.SetNestedSlice(o.Object, containers, "spec", "template", "spec", "containers"))
	}
	return o.Object
}

func orNone(args any) []any {
	if args == nil {
		return []any{}
	}
	return args.([]any)
}
