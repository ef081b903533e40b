//go:build envtest

package envtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers"
	"github.com/starling-realtime/starling/controllers/gateways"
)

// TestAnOperatorThatRestartsInAnyStepContinues scales down with an operator that starts anew for every reconcile, and forgets all.
func TestAnOperatorThatRestartsInAnyStepContinues(t *testing.T) {
	// The shared operator takes the cluster for paused.
	cluster := create(t, namespace(t), "chat", `{replicas: 4, reconcilePolicy: Paused, auth: {type: Anonymous}}`)
	request := ctrl.Request{NamespacedName: client.ObjectKeyFromObject(cluster)}
	reconcile := func() {
		fresh := &controllers.Reconciler{
			Client: &asActive{Client: api}, Reader: api, Recorder: events.NewFakeRecorder(100), DefaultImage: "starling:test",
			Namespace: "starling-system", Now: time.Now, Poller: gateways.NewPoller(fleet.fetch, time.Now), Loads: controllers.NewLoads(),
		}
		_, err := fresh.Reconcile(t.Context(), request)
		require.NoError(t, err)
	}
	reconcile()
	p := newPool(t, cluster, "10.6.0")
	for range 4 {
		p.add(1)
	}
	p.settle()
	change(t, cluster, func(s *v1alpha1.RealtimeClusterSpec) { s.Replicas = new(int32(1)) })

	told := func() int32 { return *deployment(t, cluster).Spec.Replicas }
	for want := int32(3); want >= 1; want-- {
		reconcile()
		require.Equal(t, want+1, told(), "first the mark")
		reconcile()
		require.Equal(t, want, told(), "then one less")
		one := p.victim()
		for range 3 {
			reconcile()
			require.Equal(t, want, told(), "the ReplicaSet has not acted")
			require.Equal(t, []string{one.Name}, p.marked(), "the mark stays until it has")
		}
		p.end(one)
		for range 3 {
			reconcile()
			require.Equal(t, want, told(), "it drains")
		}
		p.letGo(one)
		await(t, func() error {
			if err := api.Get(t.Context(), client.ObjectKeyFromObject(one), &corev1.Pod{}); err == nil {
				return fmt.Errorf("%s is still there", one.Name)
			}
			return nil
		})
	}
	reconcile()
	require.EqualValues(t, 1, told())
	require.Empty(t, p.marked())
	require.Len(t, p.pods, 1)
}
