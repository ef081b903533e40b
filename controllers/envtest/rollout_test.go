//go:build envtest

package envtest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers"
	"github.com/starling-realtime/starling/controllers/gateways"
	"github.com/starling-realtime/starling/controllers/resources"
)

// halfWay returns a cluster of two whose rollout has started one new gateway.
func halfWay(t *testing.T, net string) (*v1alpha1.RealtimeCluster, *pool, *corev1.Pod) {
	t.Helper()
	cluster := create(t, namespace(t), "chat", minimal)
	p := newPool(t, cluster, net)
	p.add(1)
	p.add(1)
	p.settle()
	awaitCondition(t, cluster, v1alpha1.ConditionMeshConverged, metav1.ConditionTrue, gateways.ReasonConverged)
	roll(t, cluster, 9)
	p.revision = "2"
	fresh := p.add(0)
	p.status(1)
	return cluster, p, fresh
}

// roll changes the template, and waits for it.
func roll(t *testing.T, cluster *v1alpha1.RealtimeCluster, ttl int32) {
	t.Helper()
	before := deployment(t, cluster).Spec.Template
	change(t, cluster, func(s *v1alpha1.RealtimeClusterSpec) { s.Typing.TTLSeconds = &ttl })
	await(t, func() error {
		if before.Annotations[resources.AnnotationConfigHash] == deployment(t, cluster).Spec.Template.Annotations[resources.AnnotationConfigHash] {
			return fmt.Errorf("the template is the old one")
		}
		return nil
	})
}

func awaitPaused(t *testing.T, cluster *v1alpha1.RealtimeCluster, want bool) {
	t.Helper()
	await(t, func() error {
		d := deployment(t, cluster)
		if held := d.Annotations[resources.AnnotationHeld] != ""; d.Spec.Paused != want || held != want {
			return fmt.Errorf("paused is %t, held is %t, want %t", d.Spec.Paused, held, want)
		}
		return nil
	})
}

func TestARolloutIsHeldWhileTheMeshIsSplit(t *testing.T) {
	cluster, p, fresh := halfWay(t, "10.4.0")
	p.mesh(fresh.Name)
	awaitPaused(t, cluster, true)
	c := awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionTrue, controllers.ReasonRolloutHeld)
	require.Contains(t, c.Message, "does not see "+fresh.Name)
	awaitCondition(t, cluster, v1alpha1.ConditionProgressing, metav1.ConditionFalse, controllers.ReasonRolloutHeld)
	p.status(1) // the controller has taken it up
	p.mesh()
	awaitPaused(t, cluster, false)
	awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionFalse, controllers.ReasonAsExpected)
	await(t, func() error {
		if held, resumed := told(t, cluster, controllers.ReasonRolloutHeld), told(t, cluster, controllers.ReasonRolloutResumed); held != 1 || resumed != 1 {
			return fmt.Errorf("told %d and %d times", held, resumed)
		}
		return nil
	})
}

func TestWithoutAGuardAHeldRolloutGoesOn(t *testing.T) {
	cluster, p, fresh := halfWay(t, "10.4.1")
	p.mesh(fresh.Name)
	awaitPaused(t, cluster, true)
	change(t, cluster, func(s *v1alpha1.RealtimeClusterSpec) { s.Rollout.Guard = v1alpha1.GuardNone })
	awaitPaused(t, cluster, false)
}

func TestAGatewayThatNeverBecomesReadyStopsTheRollout(t *testing.T) {
	cluster, p, fresh := halfWay(t, "10.4.2")
	d := deployment(t, cluster)
	require.Zero(t, d.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue(), "no old one ends before a new one is ready")
	fresh.Status.Conditions[0].Status = corev1.ConditionFalse
	require.NoError(t, api.Status().Update(t.Context(), fresh))
	p.status(1)
	d = deployment(t, cluster)
	d.Status.ReadyReplicas, d.Status.AvailableReplicas = 2, 2
	d.Status.Conditions = []appsv1.DeploymentCondition{
		{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: "ProgressDeadlineExceeded"},
	}
	require.NoError(t, api.Status().Update(t.Context(), d))
	awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionTrue, controllers.ReasonRolloutStuck)
	awaitCondition(t, cluster, v1alpha1.ConditionReady, metav1.ConditionTrue, controllers.ReasonServing)
	awaitCondition(t, cluster, v1alpha1.ConditionProgressing, metav1.ConditionTrue, controllers.ReasonRollingOut)
}

func TestARolloutIsDoneWhenNothingEnds(t *testing.T) {
	cluster, p, _ := halfWay(t, "10.4.3")
	first, second := p.pods[0], p.pods[1]
	p.end(first)
	p.letGo(first)
	p.add(0)
	p.end(second)
	c := awaitCondition(t, cluster, v1alpha1.ConditionProgressing, metav1.ConditionTrue, controllers.ReasonTerminating)
	require.Equal(t, "1 gateways are ending", c.Message)
	p.letGo(second)
	awaitCondition(t, cluster, v1alpha1.ConditionProgressing, metav1.ConditionFalse, controllers.ReasonSettled)
}
