package resources

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

// place says where the pods run. Without a word from the user they are spread where that is possible, and run where it is not.
func (b *builder) place(spec *corev1ac.PodSpecApplyConfiguration) error {
	g := &b.spec.Gateway
	if g.Affinity != nil {
		affinity, err := convert[corev1ac.AffinityApplyConfiguration](g.Affinity)
		if err != nil {
			return err
		}
		spec.WithAffinity(affinity)
	}
	for i := range g.Tolerations {
		toleration, err := convert[corev1ac.TolerationApplyConfiguration](&g.Tolerations[i])
		if err != nil {
			return err
		}
		spec.WithTolerations(toleration)
	}
	for _, constraint := range b.spread() {
		if constraint.LabelSelector == nil {
			constraint.LabelSelector = &metav1.LabelSelector{MatchLabels: b.selector()}
		}
		applied, err := convert[corev1ac.TopologySpreadConstraintApplyConfiguration](&constraint)
		if err != nil {
			return err
		}
		spec.WithTopologySpreadConstraints(applied)
	}
	return nil
}

func (b *builder) spread() []corev1.TopologySpreadConstraint {
	if own := b.spec.Gateway.TopologySpreadConstraints; len(own) > 0 {
		return own
	}
	// Counted by revision, a rollout ends as evenly spread as it began.
	even := corev1.TopologySpreadConstraint{
		MaxSkew: 1, WhenUnsatisfiable: corev1.ScheduleAnyway, MatchLabelKeys: []string{"pod-template-hash"},
	}
	node, zone := even, even
	node.TopologyKey, zone.TopologyKey = corev1.LabelHostname, corev1.LabelTopologyZone
	return []corev1.TopologySpreadConstraint{node, zone}
}

// convert turns one of Kubernetes' types into its apply configuration: both have the same JSON.
func convert[T any](value any) (*T, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("converting %T: %w", value, err)
	}
	out := new(T)
	if err := json.Unmarshal(text, out); err != nil {
		return nil, fmt.Errorf("converting %T: %w", value, err)
	}
	return out, nil
}
