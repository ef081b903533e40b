package resources

import (
	"encoding/json"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

// An Unstructured is the apply configuration of an object whose types are not compiled in.
type Unstructured struct {
	*unstructured.Unstructured
}

// IsApplyConfiguration marks it as one.
func (*Unstructured) IsApplyConfiguration() {}

// MarshalJSON leaves out that it is wrapped.
func (u *Unstructured) MarshalJSON() ([]byte, error) { return json.Marshal(u.Object) }

// unstructured returns an object with a spec. Numbers in it are int64, as in JSON that was read.
func (b *builder) unstructured(kind schema.GroupVersionKind, spec map[string]any) *Unstructured {
	u := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	u.SetGroupVersionKind(kind)
	u.SetName(b.name())
	u.SetNamespace(b.cluster.Namespace)
	u.SetLabels(b.labels())
	u.Object["metadata"].(map[string]any)["ownerReferences"] = []any{map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": v1alpha1.Kind,
		"name": b.cluster.Name, "uid": string(b.cluster.UID),
		"controller": true, "blockOwnerDeletion": true,
	}}
	return &Unstructured{u}
}

// httpRoute is nil if the cluster wants none.
func (b *builder) httpRoute() *Unstructured {
	r := b.spec.HTTPRoute
	if r == nil {
		return nil
	}
	parents := make([]any, 0, len(r.ParentRefs))
	for _, parent := range r.ParentRefs {
		ref := map[string]any{"group": KindHTTPRoute.Group, "kind": "Gateway", "name": parent.Name}
		if parent.Namespace != "" {
			ref["namespace"] = parent.Namespace
		}
		if parent.SectionName != "" {
			ref["sectionName"] = parent.SectionName
		}
		parents = append(parents, ref)
	}
	spec := map[string]any{
		"parentRefs": parents,
		"rules": []any{map[string]any{
			"matches": []any{map[string]any{"path": map[string]any{"type": "PathPrefix", "value": "/"}}},
			"backendRefs": []any{map[string]any{
				"group": "", "kind": "Service", "name": b.name(), "port": int64(*b.spec.Service.Port), "weight": int64(1),
			}},
		}},
	}
	if len(r.Hostnames) > 0 {
		names := make([]any, 0, len(r.Hostnames))
		for _, name := range r.Hostnames {
			names = append(names, string(name))
		}
		spec["hostnames"] = names
	}
	return b.unstructured(KindHTTPRoute, spec)
}

// podMonitor has the Prometheus operator read every gateway's metrics.
func (b *builder) podMonitor() *Unstructured {
	matchLabels := map[string]any{}
	for key, value := range b.selector() {
		matchLabels[key] = value
	}
	return b.unstructured(KindPodMonitor, map[string]any{
		"selector":            map[string]any{"matchLabels": matchLabels},
		"podTargetLabels":     []any{LabelCluster},
		"podMetricsEndpoints": []any{map[string]any{"port": "admin", "path": "/metrics"}},
	})
}
