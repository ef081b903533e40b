package manifest

import (
	"reflect"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

// Ignored returns the paths of the fields that a cluster sets and that mean nothing outside Kubernetes, in the schema's order.
// A field that is set to its default counts as left out.
func Ignored(cluster *v1alpha1.RealtimeCluster) []string {
	var plain v1alpha1.RealtimeCluster
	v1alpha1.SetDefaults(&plain)
	got, none := &cluster.Spec, &plain.Spec
	var paths []string
	for _, f := range []struct {
		path      string
		got, none any
	}{
		{"spec.reconcilePolicy", got.ReconcilePolicy, none.ReconcilePolicy},
		{"spec.image", got.Image, none.Image},
		{"spec.imagePullPolicy", got.ImagePullPolicy, none.ImagePullPolicy},
		{"spec.imagePullSecrets", got.ImagePullSecrets, none.ImagePullSecrets},
		{"spec.gateway.resources", got.Gateway.Resources, none.Gateway.Resources},
		{"spec.gateway.podLabels", got.Gateway.PodLabels, none.Gateway.PodLabels},
		{"spec.gateway.podAnnotations", got.Gateway.PodAnnotations, none.Gateway.PodAnnotations},
		{"spec.gateway.nodeSelector", got.Gateway.NodeSelector, none.Gateway.NodeSelector},
		{"spec.gateway.tolerations", got.Gateway.Tolerations, none.Gateway.Tolerations},
		{"spec.gateway.affinity", got.Gateway.Affinity, none.Gateway.Affinity},
		{"spec.gateway.topologySpreadConstraints", got.Gateway.TopologySpreadConstraints, none.Gateway.TopologySpreadConstraints},
		{"spec.gateway.priorityClassName", got.Gateway.PriorityClassName, none.Gateway.PriorityClassName},
		{"spec.service", got.Service, none.Service},
		{"spec.ingress", got.Ingress, none.Ingress},
		{"spec.httpRoute", got.HTTPRoute, none.HTTPRoute},
		{"spec.mesh", got.Mesh, none.Mesh},
		{"spec.observability.tracing.headersSecretRef", headers(got), headers(none)},
		{"spec.networkPolicy", got.NetworkPolicy, none.NetworkPolicy},
		{"spec.drain", got.Drain, none.Drain},
		{"spec.rollout", got.Rollout, none.Rollout},
	} {
		if !reflect.DeepEqual(f.got, f.none) {
			paths = append(paths, f.path)
		}
	}
	return paths
}

// headers are outside Kubernetes in the environment of who starts the gateways.
func headers(spec *v1alpha1.RealtimeClusterSpec) *v1alpha1.SecretKeyReference {
	if spec.Observability.Tracing == nil {
		return nil
	}
	return spec.Observability.Tracing.HeadersSecretRef
}
