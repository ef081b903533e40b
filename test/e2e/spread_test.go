//go:build e2e

package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

// requireSpread wants gateways on different nodes, so that they talk over the nodes' network.
func (w *world) requireSpread(t *testing.T) {
	t.Helper()
	var nodes corev1.NodeList
	require.NoError(t, w.api.List(t.Context(), &nodes))
	if len(nodes.Items) == 1 {
		t.Log("LEFT OUT: this cluster has one node, over which nothing can be spread")
		return
	}
	pods, err := w.pods(t.Context())
	require.NoError(t, err)
	on := map[string]int{}
	for _, pod := range pods {
		on[pod.Spec.NodeName]++
	}
	require.Greater(t, len(on), 1, "all gateways are on one of %d nodes: %v", len(nodes.Items), on)
}
