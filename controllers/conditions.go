package controllers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers/gateways"
	"github.com/starling-realtime/starling/controllers/scaling"
)

func condition(kind string, status metav1.ConditionStatus, reason, format string, args ...any) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

func ready(o *observation) metav1.Condition {
	const kind = v1alpha1.ConditionReady
	if o.deployment == nil {
		return condition(kind, metav1.ConditionFalse, ReasonNotDeployed, "the Deployment does not exist yet")
	}
	n := o.deployment.Status.ReadyReplicas
	switch {
	case o.replicas == 0:
		return condition(kind, metav1.ConditionFalse, ReasonScaledToZero, "no gateway is asked for")
	case n == 0:
		return condition(kind, metav1.ConditionFalse, ReasonNoneReady, "none of %d gateways takes clients", o.replicas)
	case n < o.replicas:
		return condition(kind, metav1.ConditionFalse, ReasonTooFewReady, "%d of %d gateways take clients", n, o.replicas)
	default:
		return condition(kind, metav1.ConditionTrue, ReasonServing, "%d of %d gateways take clients", min(n, o.replicas), o.replicas)
	}
}

func progressing(o *observation) metav1.Condition {
	const kind = v1alpha1.ConditionProgressing
	d := o.deployment
	switch {
	case o.cluster.Spec.ReconcilePolicy == v1alpha1.ReconcilePaused:
		return condition(kind, metav1.ConditionFalse, ReasonPaused, "spec.reconcilePolicy is Paused: nothing is changed")
	case d == nil:
		return condition(kind, metav1.ConditionTrue, ReasonRollingOut, "the Deployment is being created")
	case held(d):
		return condition(kind, metav1.ConditionFalse, ReasonRolloutHeld, "%s", whyHeld(o))
	case d.Status.ObservedGeneration < d.Generation:
		return condition(kind, metav1.ConditionTrue, ReasonRollingOut, "a change of the Deployment is being taken up")
	case d.Status.UpdatedReplicas < o.replicas && d.Spec.Paused:
		return condition(kind, metav1.ConditionFalse, ReasonRolloutPaused, "the rollout is paused with %d of %d gateways up to date",
			d.Status.UpdatedReplicas, o.replicas)
	case d.Status.UpdatedReplicas < min(o.replicas, d.Status.Replicas):
		return condition(kind, metav1.ConditionTrue, ReasonRollingOut, "%d of %d gateways are up to date%s",
			d.Status.UpdatedReplicas, o.replicas, waits(o))
	case d.Status.Replicas > o.replicas && d.Status.UpdatedReplicas < d.Status.Replicas:
		return condition(kind, metav1.ConditionTrue, ReasonRollingOut, "%d old gateways are left%s",
			d.Status.Replicas-d.Status.UpdatedReplicas, waits(o))
	case d.Status.Replicas != o.replicas:
		return condition(kind, metav1.ConditionTrue, ReasonScaling, "from %d gateways to %d%s", d.Status.Replicas, o.replicas, waits(o))
	}
	if n := terminating(o.pods); n > 0 {
		return condition(kind, metav1.ConditionTrue, ReasonTerminating, "%d gateways are ending", n)
	}
	if d.Status.ReadyReplicas < o.replicas {
		return condition(kind, metav1.ConditionTrue, ReasonRollingOut, "%d gateways are starting", o.replicas-d.Status.ReadyReplicas)
	}
	return condition(kind, metav1.ConditionFalse, ReasonSettled, "%d gateways are up to date", o.replicas)
}

// waits says what the next step of a scale-down waits for.
func waits(o *observation) string {
	switch o.scaleWait {
	case scaling.WaitRollout:
		return fmt.Sprintf("; the scale-down to %d waits for the rollout to end", o.replicas)
	case scaling.WaitTerminating, scaling.WaitEnding:
		return ", one at a time: the next one ends after the one that drains"
	}
	return ""
}

// whyHeld says why a rollout is held.
func whyHeld(o *observation) string {
	v := o.snapshot.Mesh
	if v.Status == metav1.ConditionFalse {
		return "the rollout is paused until the gateways see each other: " + v.Message
	}
	return "the rollout is paused until it is known that the gateways see each other; " + cmp.Or(v.Message, "they were not asked yet")
}

func terminating(pods []corev1.Pod) int {
	n := 0
	for i := range pods {
		if pods[i].DeletionTimestamp != nil {
			n++
		}
	}
	return n
}

func degraded(o *observation) metav1.Condition {
	const kind = v1alpha1.ConditionDegraded
	faults := slices.Clone(o.faults)
	if v := o.snapshot.Mesh; held(o.deployment) {
		faults = append(faults, Fault{ReasonRolloutHeld, whyHeld(o)})
	} else if v.Status == metav1.ConditionFalse {
		faults = append(faults, Fault{ReasonMeshBroken, v.Message})
	}
	if len(faults) == 0 {
		return condition(kind, metav1.ConditionFalse, ReasonAsExpected, "nothing is wrong")
	}
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(slices.Index(severity, a.Reason), slices.Index(severity, b.Reason)), cmp.Compare(a.Message, b.Message))
	})
	messages := make([]string, 0, len(faults))
	for _, f := range slices.Compact(faults) {
		messages = append(messages, f.Message)
	}
	return condition(kind, metav1.ConditionTrue, faults[0].Reason, "%s", strings.Join(messages, "; "))
}

func converged(o *observation) metav1.Condition {
	if !o.polled {
		return condition(v1alpha1.ConditionMeshConverged, metav1.ConditionUnknown, ReasonNotObserved, "the gateways were not asked yet")
	}
	v := o.snapshot.Mesh
	return condition(v1alpha1.ConditionMeshConverged, v.Status, v.Reason, "%s", v.Message)
}

func draining(o *observation) metav1.Condition {
	var names []string
	told := map[string]*gateways.Reading{}
	for _, g := range o.snapshot.Gateways {
		told[g.Pod] = g.Reading
	}
	for i := range o.pods {
		r := told[o.pods[i].Name]
		switch draining := r != nil && r.Draining; {
		case draining && r.Drain != nil:
			names = append(names, fmt.Sprintf("%s (%s, %d connections left)", o.pods[i].Name, r.Drain.Phase, r.Connections))
		case draining, o.pods[i].DeletionTimestamp != nil:
			names = append(names, o.pods[i].Name)
		}
	}
	if len(names) == 0 {
		return condition(v1alpha1.ConditionDraining, metav1.ConditionFalse, ReasonNotDraining, "no gateway moves its clients away")
	}
	slices.Sort(names)
	return condition(v1alpha1.ConditionDraining, metav1.ConditionTrue, ReasonDraining,
		"clients are moved away from %s", strings.Join(names, ", "))
}

// clip keeps a message within the bound of a condition's.
func clip(message string) string {
	if runes := []rune(message); len(runes) > maxMessage {
		return string(runes[:maxMessage]) + "…"
	}
	return message
}
