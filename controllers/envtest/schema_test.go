//go:build envtest

package envtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

func TestSchemaRefuses(t *testing.T) {
	ns := namespace(t)
	jwt := `{type: JWT, jwt: {keys: [{name: a, secretRef: {name: s, key: k}}]}}`
	tests := map[string]struct{ name, spec, want string }{
		"dots in the name":       {"chat.example", minimal, "metadata.name must be 1 to 45 characters"},
		"digit first":            {"1chat", minimal, "metadata.name must be 1 to 45 characters"},
		"long name":              {strings.Repeat("a", 46), minimal, "metadata.name must be 1 to 45 characters"},
		"no auth":                {"a", `{}`, "spec.auth: Required value"},
		"JWT without keys":       {"a", `{auth: {type: JWT}}`, "jwt must be set when type is JWT, and only then"},
		"keys without JWT":       {"a", strings.Replace(`{auth: `+jwt+`}`, "type: JWT", "type: Anonymous", 1), "jwt must be set when type is JWT, and only then"},
		"too many replicas":      {"a", `{replicas: 101, auth: {type: Anonymous}}`, "spec.replicas"},
		"policy":                 {"a", `{reconcilePolicy: Off, auth: {type: Anonymous}}`, `supported values: "Active", "Paused"`},
		"operator's label":       {"a", `{gateway: {podLabels: {app.kubernetes.io/name: x}}, auth: {type: Anonymous}}`, "are the operator's: choose another prefix"},
		"operator's annotation":  {"a", `{gateway: {podAnnotations: {realtime.starling.dev/x: x}}, auth: {type: Anonymous}}`, "are the operator's: choose another prefix"},
		"traffic policy":         {"a", `{service: {externalTrafficPolicy: Local}, auth: {type: Anonymous}}`, "externalTrafficPolicy needs type NodePort or LoadBalancer"},
		"load balancer class":    {"a", `{service: {type: NodePort, loadBalancerClass: x}, auth: {type: Anonymous}}`, "loadBalancerClass needs type LoadBalancer"},
		"node port":              {"a", `{service: {nodePort: 30000}, auth: {type: Anonymous}}`, "nodePort needs type NodePort or LoadBalancer"},
		"peer of nobody":         {"a", `{networkPolicy: {monitoringFrom: [{}]}, auth: {type: Anonymous}}`, "set namespaceSelector, podSelector or both"},
		"hasty deregistration":   {"a", `{drain: {deregisterSeconds: 4}, auth: {type: Anonymous}}`, "spec.drain.deregisterSeconds"},
		"route without a parent": {"a", `{httpRoute: {parentRefs: []}, auth: {type: Anonymous}}`, "spec.httpRoute.parentRefs"},
		"pull secret twice":      {"a", `{imagePullSecrets: [{name: a}, {name: a}], auth: {type: Anonymous}}`, "Duplicate value"},
		"origin":                 {"a", `{auth: {type: Anonymous, allowedOrigins: ["https://a.example/path"]}}`, "spec.auth.allowedOrigins[0]"},
		"drain": {"a", `{gateway: {capacity: {connections: 70000}}, replicas: 3, auth: {type: Anonymous}}`, "the clients of a full gateway do not fit into a drain: " +
			"the others (2) accept 60000 connections in the window, and a gateway may have 70000: raise spec.drain.windowSeconds to 35 or " +
			"spec.gateway.capacity.acceptPerSecond to 1167, or lower spec.gateway.capacity.connections to 60000"},
		"drain, by default": {"a", `{drain: {windowSeconds: 19}, auth: {type: Anonymous}}`, "a gateway may have 20000: raise spec.drain.windowSeconds to 20"},
		"drain, autoscaled": {"a", `{replicas: 9, autoscaling: {maxReplicas: 9, targetConnections: 9}, drain: {windowSeconds: 19}, auth: {type: Anonymous}}`, "the others (1) accept 19000"},
		"autoscaling":       {"a", `{autoscaling: {minReplicas: 5, maxReplicas: 4, targetConnections: 1}, auth: {type: Anonymous}}`, "minReplicas is 5, more than maxReplicas, which is 4"},
		"no target":         {"a", `{autoscaling: {maxReplicas: 4}, auth: {type: Anonymous}}`, "spec.autoscaling.targetConnections: Required value"},
		"actions":           {"a", `{gateway: {uiActions: true}, auth: {type: Anonymous}}`, "spec.gateway.uiActions needs spec.auth.apiKeysSecretRef"},
		"log level":         {"a", `{gateway: {logLevel: debug}, auth: {type: Anonymous}}`, `supported values: "Debug", "Info", "Warn", "Error"`},
		"host":              {"a", `{ingress: {host: "Chat.example"}, auth: {type: Anonymous}}`, "spec.ingress.host"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := api.Create(t.Context(), object(t, ns, test.name, test.spec), client.DryRunAll)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestSchemaAcceptsWhatTheGoldenFilesAreMadeOf(t *testing.T) {
	ns := namespace(t)
	paths, err := filepath.Glob("../resources/testdata/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		if strings.HasSuffix(path, ".golden.yaml") {
			continue
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, api.Create(t.Context(), object(t, ns, "chat", string(text)), client.DryRunAll, client.FieldValidation("Strict")), path)
	}
}

func TestSamplesAreAccepted(t *testing.T) {
	ns := namespace(t)
	paths, err := filepath.Glob("../../config/samples/realtimecluster*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		o := &unstructured.Unstructured{}
		require.NoError(t, yaml.UnmarshalStrict(text, &o.Object))
		o.SetNamespace(ns)
		require.NoError(t, api.Create(t.Context(), o, client.DryRunAll, client.FieldValidation("Strict")), path)
	}
}

func TestDefaulting(t *testing.T) {
	o := object(t, namespace(t), "chat", minimal)
	require.NoError(t, api.Create(t.Context(), o, client.DryRunAll))
	var got, want v1alpha1.RealtimeCluster
	text, err := yaml.Marshal(o.Object)
	require.NoError(t, err)
	require.NoError(t, yaml.UnmarshalStrict(text, &got))
	require.NoError(t, yaml.UnmarshalStrict([]byte(minimal), &want.Spec))
	v1alpha1.SetDefaults(&want)
	require.Equal(t, want.Spec, got.Spec)
}

func object(t *testing.T, ns, name, spec string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{Object: map[string]any{}}
	var s map[string]any
	require.NoError(t, yaml.UnmarshalStrict([]byte(spec), &s))
	o.Object["spec"] = s
	o.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(v1alpha1.Kind))
	o.SetNamespace(ns)
	o.SetName(name)
	return o
}
