package controllers

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers/gateways"
	"github.com/starling-realtime/starling/controllers/resources"
)

// holdRollout reports whether a rollout must not go on, because the mesh is not whole. Template is the hash of the one that is wanted.
//
// What is held is kept in an annotation of the Deployment, so that an operator that restarts knows that it was the operator who
// paused. It is held until the gateways see each other, or until another template is wanted, which may be what mends it: that
// one is held again only if it starts gateways of its own.
func holdRollout(o *observation, template string, now time.Time) bool {
	d, spec := o.deployment, &o.cluster.Spec
	if d == nil || spec.Rollout.Guard == v1alpha1.GuardNone || spec.Rollout.Policy == v1alpha1.RolloutPaused {
		return false
	}
	mesh := o.snapshot.Mesh
	if held(d) && d.Annotations[resources.AnnotationHeld] == template {
		return mesh.Status != metav1.ConditionTrue
	}
	broken := mesh.Status == metav1.ConditionFalse && (mesh.Reason == gateways.ReasonSplit || mesh.Reason == gateways.ReasonGhost)
	return broken && rolling(d) && startsGateways(o, now)
}

// held reports whether the operator holds the rollout of a Deployment.
func held(d *appsv1.Deployment) bool {
	return d != nil && d.Spec.Paused && d.Annotations[resources.AnnotationHeld] != ""
}

// rolling reports whether a Deployment has pods to replace. Of one whose controller is behind, that is not known.
func rolling(d *appsv1.Deployment) bool {
	return d.Status.ObservedGeneration >= d.Generation && d.Status.UpdatedReplicas < d.Status.Replicas
}

// startsGateways reports whether gateways of the template that is wanted are still to come, or have not served for long.
func startsGateways(o *observation, now time.Time) bool {
	if o.deployment.Status.UpdatedReplicas < min(*o.deployment.Spec.Replicas, o.deployment.Status.Replicas) {
		return true
	}
	settle := time.Duration(o.deployment.Spec.MinReadySeconds) * time.Second
	for i := range o.pods {
		pod := &o.pods[i]
		if pod.DeletionTimestamp == nil && !resources.Outdated(o.input, pod) && now.Sub(readySince(pod, now)) < settle {
			return true
		}
	}
	return false
}

// readySince is when a pod became ready; now if it is not.
func readySince(pod *corev1.Pod, now time.Time) time.Time {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			return c.LastTransitionTime.Time
		}
	}
	return now
}
