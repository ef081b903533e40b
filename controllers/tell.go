package controllers

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers/resources"
)

// maxNote is the most that an Event's note may have, in bytes.
const maxNote = 1000

// tell records an Event for every condition that is entered, and none while it lasts.
func (r *Reconciler) tell(cluster *v1alpha1.RealtimeCluster, before, after []metav1.Condition) {
	for _, c := range after {
		old := meta.FindStatusCondition(before, c.Type)
		if old != nil && old.Status == c.Status && old.Reason == c.Reason {
			continue
		}
		switch {
		case c.Type == v1alpha1.ConditionProgressing && c.Reason == ReasonRolloutHeld:
			r.event(cluster, corev1.EventTypeWarning, c)
		case c.Type == v1alpha1.ConditionProgressing && old != nil && old.Reason == ReasonRolloutHeld:
			c.Reason = ReasonRolloutResumed
			r.event(cluster, corev1.EventTypeNormal, c)
		case c.Type == v1alpha1.ConditionBalanced:
			r.tellBalance(cluster, old, c)
		case c.Type == v1alpha1.ConditionDegraded && c.Status == metav1.ConditionTrue && c.Reason == ReasonRolloutHeld: // told above
		case c.Type == v1alpha1.ConditionDegraded && c.Status == metav1.ConditionTrue,
			c.Type == v1alpha1.ConditionMeshConverged && c.Status == metav1.ConditionFalse:
			r.event(cluster, corev1.EventTypeWarning, c)
		case old == nil || old.Status == c.Status:
		case c.Type == v1alpha1.ConditionReady,
			c.Type == v1alpha1.ConditionDegraded && old.Status == metav1.ConditionTrue,
			c.Type == v1alpha1.ConditionMeshConverged && old.Status == metav1.ConditionFalse:
			r.event(cluster, corev1.EventTypeNormal, c)
		}
	}
}

// tellBalance leaves out that gateways rest, and that they are even again after that: each rollout and each scaling does so.
func (r *Reconciler) tellBalance(cluster *v1alpha1.RealtimeCluster, old *metav1.Condition, c metav1.Condition) {
	switch {
	case c.Reason == ReasonRebalanceStopped:
		r.event(cluster, corev1.EventTypeWarning, c)
	case c.Reason == ReasonRebalancing, c.Reason == ReasonEven && old != nil && old.Status == metav1.ConditionFalse:
		r.event(cluster, corev1.EventTypeNormal, c)
	}
}

// longDrain is the most that cluster autoscalers wait for a pod, in seconds, unless they are told otherwise.
const longDrain = 600

// warnOfLongDrain tells, once for each change of the spec, that a node that goes away may not wait for a drain.
func (r *Reconciler) warnOfLongDrain(cluster *v1alpha1.RealtimeCluster) {
	if grace := resources.TimesOf(&cluster.Spec).TerminationGrace; grace > longDrain {
		r.Recorder.Eventf(cluster, nil, corev1.EventTypeWarning, ReasonLongDrain, "Reconcile",
			"gateways may take %d s to end; cluster autoscalers wait for %d s only: lower spec.drain.windowSeconds, or raise theirs",
			grace, longDrain)
	}
}

// warnOfReplicas tells, once for each change of the spec, that spec.replicas says something that nobody heeds. What is left out looks
// like the default, of which nothing is told.
func (r *Reconciler) warnOfReplicas(cluster *v1alpha1.RealtimeCluster, desired int32) {
	n := *cluster.Spec.Replicas
	if cluster.Spec.Autoscaling == nil || n == desired || n == v1alpha1.DefaultReplicas {
		return
	}
	r.Recorder.Eventf(cluster, nil, corev1.EventTypeWarning, ReasonReplicasIgnored, "Reconcile",
		"spec.replicas is %d and ignored: spec.autoscaling wants %d gateways; remove one of the two", n, desired)
}

func (r *Reconciler) event(cluster *v1alpha1.RealtimeCluster, kind string, c metav1.Condition) {
	note := c.Message
	if len(note) > maxNote {
		note = note[:maxNote]
	}
	r.Recorder.Eventf(cluster, nil, kind, c.Reason, "Reconcile", "%s", note)
}
