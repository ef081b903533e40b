package controllers

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers/gateways"
	"github.com/starling-realtime/starling/controllers/resources"
)

func TestHoldRollout(t *testing.T) {
	now := time.Unix(1000, 0)
	split := gateways.Verdict{Status: metav1.ConditionFalse, Reason: gateways.ReasonSplit}
	halfWay := appsv1.DeploymentStatus{Replicas: 4, UpdatedReplicas: 1}
	lastOne := appsv1.DeploymentStatus{Replicas: 4, UpdatedReplicas: 3}
	holds := func(template string) func(*observation) {
		return func(o *observation) {
			o.deployment.Spec.Paused = true
			o.deployment.Annotations = map[string]string{resources.AnnotationHeld: template}
		}
	}
	pod := func(age time.Duration, current bool) func(*observation) {
		return func(o *observation) {
			p := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "a"}}
			p.Status.Conditions = []corev1.PodCondition{
				{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(now.Add(-age))},
			}
			if current {
				p.Annotations = configHash(t, o.input)
				p.Spec.Containers = []corev1.Container{{Name: "gateway", Image: o.input.Image()}}
			}
			o.pods = append(o.pods, p)
		}
	}
	tests := map[string]struct {
		status appsv1.DeploymentStatus
		mesh   gateways.Verdict
		change func(*observation)
		want   bool
	}{
		"whole":                    {halfWay, gateways.Verdict{Status: metav1.ConditionTrue}, nil, false},
		"split":                    {halfWay, split, nil, true},
		"ghost":                    {halfWay, gateways.Verdict{Status: metav1.ConditionFalse, Reason: gateways.ReasonGhost}, nil, true},
		"not known":                {halfWay, gateways.Verdict{Status: metav1.ConditionUnknown, Reason: gateways.ReasonUnreachable}, nil, false},
		"no rollout":               {appsv1.DeploymentStatus{Replicas: 3, UpdatedReplicas: 3}, split, nil, false},
		"no guard":                 {halfWay, split, func(o *observation) { o.cluster.Spec.Rollout.Guard = v1alpha1.GuardNone }, false},
		"paused by people":         {halfWay, split, func(o *observation) { o.cluster.Spec.Rollout.Policy = v1alpha1.RolloutPaused }, false},
		"last old one":             {lastOne, split, pod(44*time.Second, true), true},
		"way back to a long-lived": {lastOne, split, func(o *observation) { pod(45*time.Second, true)(o); pod(0, false)(o) }, false},
		"held, still split":        {lastOne, split, holds("this"), true},
		"held, not known":          {lastOne, gateways.Verdict{Status: metav1.ConditionUnknown}, holds("this"), true},
		"held, whole again":        {lastOne, gateways.Verdict{Status: metav1.ConditionTrue}, holds("this"), false},
		"another one was held":     {lastOne, split, holds("other"), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := observed(3, test.status)
			o.deployment.Spec.Replicas, o.deployment.Spec.MinReadySeconds = new(int32(3)), 45
			o.snapshot.Mesh = test.mesh
			if test.change != nil {
				test.change(o)
			}
			require.Equal(t, test.want, holdRollout(o, "this", now))
		})
	}
}

// configHash returns the annotations of a pod with the flags that new gateways get.
func configHash(t *testing.T, in resources.Input) map[string]string {
	t.Helper()
	objects, err := resources.Build(in)
	require.NoError(t, err)
	for _, o := range objects {
		if o.Kind == resources.KindDeployment {
			return podAnnotations(t, o.Config)
		}
	}
	return nil
}
