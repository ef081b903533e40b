//go:build envtest

package envtest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers"
	"github.com/starling-realtime/starling/controllers/gateways"
	"github.com/starling-realtime/starling/controllers/resources"
	"github.com/starling-realtime/starling/controllers/scaling"
)

// A pool plays the Deployment controller and the kubelet for one cluster, when told to.
type pool struct {
	t        *testing.T
	cluster  *v1alpha1.RealtimeCluster
	net      string // the first three parts of the pods' addresses
	revision string
	pods     []*corev1.Pod
	made     int
}

func newPool(t *testing.T, cluster *v1alpha1.RealtimeCluster, net string) *pool {
	t.Helper()
	awaitOwned(t, cluster.Namespace, cluster.Name)
	return &pool{t: t, cluster: cluster, net: net, revision: "1"}
}

// add starts a gateway that is ready and has so many connections.
func (p *pool) add(connections int) *corev1.Pod {
	p.t.Helper()
	p.made++
	d := deployment(p.t, p.cluster)
	address := fmt.Sprintf("%s.%d", p.net, p.made)
	gateway := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: p.cluster.Namespace, Name: fmt.Sprintf("%s-%d", p.cluster.Name, p.made),
			Labels: resources.Labels(p.cluster.Name), Annotations: d.Spec.Template.Annotations,
			// A pod that ends stays until the test lets it go.
			Finalizers: []string{"example.com/drains"},
		},
		Spec: corev1.PodSpec{NodeName: "node", Containers: []corev1.Container{{Name: "gateway", Image: d.Spec.Template.Spec.Containers[0].Image}}},
	}
	gateway.Labels[appsv1.DefaultDeploymentUniqueLabelKey] = p.revision
	require.NoError(p.t, api.Create(p.t.Context(), gateway))
	gateway.Status = running(address)
	gateway.Status.Conditions[0].LastTransitionTime = metav1.Now()
	require.NoError(p.t, api.Status().Update(p.t.Context(), gateway))
	p.t.Cleanup(func() {
		_ = api.Delete(context.Background(), gateway, client.GracePeriodSeconds(0))
		p.release(context.Background(), gateway)
	})
	p.pods = append(p.pods, gateway)
	p.says(gateway, connections)
	return gateway
}

// says has a gateway tell so many connections; all gateways see each other.
func (p *pool) says(gateway *corev1.Pod, connections int) {
	fleet.set(gateway.Status.PodIP, gateways.Reading{Node: gateway.Name, Boot: gateway.Name, Version: "v1", Ready: true, Connections: connections})
	p.mesh()
}

// mesh lets every gateway see every other one, but for those that are named.
func (p *pool) mesh(but ...string) {
	for _, g := range p.pods {
		fleet.change(g.Status.PodIP, func(r *gateways.Reading) {
			r.Peers = nil
			for _, other := range p.pods {
				if other != g && !slices.Contains(but, g.Name) && !slices.Contains(but, other.Name) {
					r.Peers = append(r.Peers, gateways.Peer{Node: other.Name, Boot: other.Name, State: "live", LinkedIn: true, LinkedOut: true})
				}
			}
		})
	}
}

// settle writes the status of a Deployment that has nothing to do.
func (p *pool) settle() { p.status(len(p.pods)) }

// status writes the status of a Deployment of whose gateways so many are up to date.
func (p *pool) status(updated int) {
	p.t.Helper()
	await(p.t, func() error {
		d := deployment(p.t, p.cluster)
		n := int32(len(p.pods))
		d.Status = appsv1.DeploymentStatus{
			ObservedGeneration: d.Generation, Replicas: n, UpdatedReplicas: int32(updated), ReadyReplicas: n, AvailableReplicas: n,
		}
		return api.Status().Update(p.t.Context(), d)
	})
}

// end ends a gateway, as the ReplicaSet controller does; it drains until it is let go.
func (p *pool) end(gateway *corev1.Pod) {
	p.t.Helper()
	require.NoError(p.t, api.Delete(p.t.Context(), gateway))
	p.pods = slices.DeleteFunc(p.pods, func(g *corev1.Pod) bool { return g == gateway })
	p.settle()
}

func (p *pool) release(ctx context.Context, gateway *corev1.Pod) {
	_ = api.Patch(ctx, gateway, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`)))
	_ = api.Delete(ctx, gateway, client.GracePeriodSeconds(0))
	fleet.remove(gateway.Status.PodIP)
}

// letGo lets an ending gateway be gone.
func (p *pool) letGo(gateway *corev1.Pod) { p.release(p.t.Context(), gateway) }

// marked are the names of the gateways that a ReplicaSet would give up first.
func (p *pool) marked() []string {
	p.t.Helper()
	var list corev1.PodList
	require.NoError(p.t, api.List(p.t.Context(), &list, client.InNamespace(p.cluster.Namespace)))
	var names []string
	for _, pod := range list.Items {
		if pod.Annotations[resources.AnnotationDeletionCost] != "" {
			names = append(names, pod.Name)
		}
	}
	return names
}

// victim is the gateway that a ReplicaSet would give up.
func (p *pool) victim() *corev1.Pod {
	p.t.Helper()
	names := p.marked()
	require.Len(p.t, names, 1)
	i := slices.IndexFunc(p.pods, func(g *corev1.Pod) bool { return g.Name == names[0] })
	require.GreaterOrEqual(p.t, i, 0)
	return p.pods[i]
}

// awaitReplicas waits until the Deployment is told so many.
func (p *pool) awaitReplicas(want int32) {
	p.t.Helper()
	await(p.t, func() error {
		n := *deployment(p.t, p.cluster).Spec.Replicas
		if n != want {
			return fmt.Errorf("the Deployment is told %d, want %d", n, want)
		}
		return nil
	})
}

// steady fails if the Deployment is told anything else for some time, in which the operator has polled and reconciled a lot.
func (p *pool) steady(want int32) {
	p.t.Helper()
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		require.Equal(p.t, want, *deployment(p.t, p.cluster).Spec.Replicas)
	}
}

func TestScaleDownEndsOneAtATime(t *testing.T) {
	cluster := create(t, namespace(t), "chat", `{replicas: 4, auth: {type: Anonymous}}`)
	p := newPool(t, cluster, "10.2.0")
	var all []*corev1.Pod
	for _, n := range []int{40, 10, 30, 20} {
		all = append(all, p.add(n))
	}
	p.settle()
	awaitCondition(t, cluster, v1alpha1.ConditionMeshConverged, metav1.ConditionTrue, gateways.ReasonConverged)
	change(t, cluster, func(s *v1alpha1.RealtimeClusterSpec) { s.Replicas = new(int32(2)) })

	p.awaitReplicas(3)
	require.Equal(t, []string{all[1].Name}, p.marked(), "the one with the fewest connections")
	p.steady(3) // the ReplicaSet controller has not acted yet
	p.end(all[1])
	c := awaitCondition(t, cluster, v1alpha1.ConditionProgressing, metav1.ConditionTrue, controllers.ReasonScaling)
	require.Contains(t, c.Message, "from 3 gateways to 2")
	p.steady(3) // it drains
	p.letGo(all[1])

	p.awaitReplicas(2)
	require.Equal(t, []string{all[3].Name}, p.marked())
	p.end(all[3])
	p.letGo(all[3])
	awaitCondition(t, cluster, v1alpha1.ConditionProgressing, metav1.ConditionFalse, controllers.ReasonSettled)
	require.Empty(t, p.marked())
	require.Equal(t, 2, told(t, cluster, controllers.ReasonScaledDown))
}

func TestScaleUpCancelsAScaleDown(t *testing.T) {
	cluster := create(t, namespace(t), "chat", `{replicas: 3, auth: {type: Anonymous}}`)
	p := newPool(t, cluster, "10.2.1")
	for range 3 {
		p.add(1)
	}
	p.settle()
	change(t, cluster, func(s *v1alpha1.RealtimeClusterSpec) { s.Replicas = new(int32(1)) })
	p.awaitReplicas(2)
	p.end(p.pods[0])
	change(t, cluster, func(s *v1alpha1.RealtimeClusterSpec) { s.Replicas = new(int32(5)) })
	p.awaitReplicas(5)
	await(t, func() error {
		if names := p.marked(); len(names) > 1 { // the one that ends may keep its mark
			return fmt.Errorf("%v are marked", names)
		}
		return nil
	})
}

func TestRolloutsAndScaleDownsExcludeEachOther(t *testing.T) {
	cluster := create(t, namespace(t), "chat", `{replicas: 3, auth: {type: Anonymous}}`)
	p := newPool(t, cluster, "10.2.2")
	for range 3 {
		p.add(1)
	}
	p.settle()
	// Both in one change: the template comes first.
	change(t, cluster, func(s *v1alpha1.RealtimeClusterSpec) { s.Replicas, s.Typing.TTLSeconds = new(int32(2)), new(int32(9)) })
	await(t, func() error {
		if d := deployment(t, cluster); d.Generation == d.Status.ObservedGeneration {
			return fmt.Errorf("no new template yet")
		}
		return nil
	})
	p.steady(3)
	p.revision = "2"
	p.add(0)
	p.status(1)
	await(t, func() error {
		c := awaitCondition(t, cluster, v1alpha1.ConditionProgressing, metav1.ConditionTrue, controllers.ReasonRollingOut)
		if want := "1 of 2 gateways are up to date; the scale-down to 2 waits for the rollout to end"; c.Message != want {
			return fmt.Errorf("it says %s", c.Message)
		}
		return nil
	})
	p.steady(3)
	require.Empty(t, p.marked())
	for _, old := range slices.Clone(p.pods[:3]) {
		p.end(old)
		p.letGo(old)
	}
	p.add(0)
	p.add(0)
	p.settle()
	p.awaitReplicas(2)
}

func TestADeploymentScaledByHandComesBackOneAtATime(t *testing.T) {
	cluster := create(t, namespace(t), "chat", minimal)
	p := newPool(t, cluster, "10.2.3")
	for range 4 {
		p.add(1)
	}
	p.settle()
	awaitCondition(t, cluster, v1alpha1.ConditionMeshConverged, metav1.ConditionTrue, gateways.ReasonConverged)
	// A reconcile that has read the number before may say the old one once more.
	await(t, func() error {
		d := deployment(t, cluster)
		base := d.DeepCopy()
		d.Spec.Replicas = new(int32(4))
		require.NoError(t, api.Patch(t.Context(), d, client.MergeFrom(base)))
		time.Sleep(500 * time.Millisecond)
		if n := *deployment(t, cluster).Spec.Replicas; n != 4 {
			return fmt.Errorf("the Deployment is told %d", n)
		}
		return nil
	})
	p.steady(4) // its controller has not taken it up
	p.settle()
	p.awaitReplicas(3)
	p.steady(3)
}

func autoscaled(t *testing.T, down int) *v1alpha1.RealtimeCluster {
	t.Helper()
	return create(t, namespace(t), "chat", fmt.Sprintf(`{replicas: 7, auth: {type: Anonymous}, autoscaling: {minReplicas: 2, maxReplicas: 5,
		targetConnections: 100, scaleDown: {stabilizationSeconds: %d}}}`, down))
}

func TestAutoscaling(t *testing.T) {
	cluster := autoscaled(t, 4)
	p := newPool(t, cluster, "10.3.0")
	p.awaitReplicas(2)
	a, b := p.add(90), p.add(90)
	p.settle()
	awaitAutoscaling(t, cluster, scaling.ReasonOnTarget, 2)
	await(t, func() error {
		if n := told(t, cluster, controllers.ReasonReplicasIgnored); n != 1 {
			return fmt.Errorf("%d events", n)
		}
		return nil
	})

	p.says(a, 300)
	p.awaitReplicas(4)
	c, d := p.add(5), p.add(5)
	p.settle()
	s := awaitAutoscaling(t, cluster, scaling.ReasonOnTarget, 4)
	require.NotNil(t, s.LastScaleTime)

	// As long as one is silent, none is taken away.
	for _, g := range []*corev1.Pod{a, b, c} {
		p.says(g, 1)
	}
	fleet.remove(d.Status.PodIP)
	awaitAutoscaling(t, cluster, scaling.ReasonSilent, 4)
	for end := time.Now().Add(6 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		require.EqualValues(t, 4, *deployment(t, cluster).Spec.Replicas)
	}
	p.says(d, 0)
	p.awaitReplicas(3)
	require.Equal(t, []string{d.Name}, p.marked())
	p.end(d)
	p.steady(3)
	p.letGo(d)
	p.awaitReplicas(2)
	require.EqualValues(t, 7, *cluster.Spec.Replicas, "it is never written")
}

func awaitAutoscaling(t *testing.T, cluster *v1alpha1.RealtimeCluster, reason string, desired int32) *v1alpha1.AutoscalingStatus {
	t.Helper()
	await(t, func() error {
		if err := api.Get(t.Context(), client.ObjectKeyFromObject(cluster), cluster); err != nil {
			return err
		}
		if s := cluster.Status.Autoscaling; s == nil || s.Reason != reason || *s.DesiredReplicas != desired {
			return fmt.Errorf("autoscaling is %+v, want %s of %d", s, reason, desired)
		}
		return nil
	})
	return cluster.Status.Autoscaling
}
