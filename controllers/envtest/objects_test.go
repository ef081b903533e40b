//go:build envtest

package envtest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/controllers"
	"github.com/starling-realtime/starling/controllers/resources"
)

// owned are the objects of a cluster that has no Ingress.
func owned(ns, cluster string) []client.Object {
	at := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: ns, Name: name} }
	gateway := resources.GatewayName(cluster)
	return []client.Object{
		&corev1.ServiceAccount{ObjectMeta: at(gateway)},
		&corev1.Service{ObjectMeta: at(gateway)},
		&corev1.Service{ObjectMeta: at(resources.MeshServiceName(cluster))},
		&corev1.Secret{ObjectMeta: at(resources.MeshKeySecretName(cluster))},
		&policyv1.PodDisruptionBudget{ObjectMeta: at(gateway)},
		&networkingv1.NetworkPolicy{ObjectMeta: at(gateway)},
		&appsv1.Deployment{ObjectMeta: at(gateway)},
	}
}

// awaitOwned waits for all objects of a cluster, and returns them.
func awaitOwned(t *testing.T, ns, cluster string) []client.Object {
	t.Helper()
	objects := owned(ns, cluster)
	for _, object := range objects {
		await(t, func() error { return api.Get(t.Context(), client.ObjectKeyFromObject(object), object) })
	}
	return objects
}

func deployment(t *testing.T, cluster *v1alpha1.RealtimeCluster) *appsv1.Deployment {
	t.Helper()
	d := &appsv1.Deployment{}
	key := client.ObjectKey{Namespace: cluster.Namespace, Name: resources.GatewayName(cluster.Name)}
	require.NoError(t, api.Get(t.Context(), key, d))
	return d
}

func TestEveryObjectIsMadeAndOwned(t *testing.T) {
	cluster := create(t, namespace(t), "chat", minimal)
	for _, object := range awaitOwned(t, cluster.Namespace, "chat") {
		owner := metav1.GetControllerOf(object)
		require.NotNil(t, owner, "%T", object)
		require.Equal(t, cluster.UID, owner.UID)
		require.True(t, *owner.BlockOwnerDeletion)
		require.Empty(t, object.GetFinalizers())
		for key, value := range resources.Labels("chat") {
			require.Equal(t, value, object.GetLabels()[key], "%T", object)
		}
	}
	d := deployment(t, cluster)
	require.EqualValues(t, 2, *d.Spec.Replicas)
	require.EqualValues(t, 0, d.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue())
	require.EqualValues(t, 45, d.Spec.MinReadySeconds)
	require.EqualValues(t, 50, *d.Spec.Template.Spec.TerminationGracePeriodSeconds)
	require.Equal(t, "starling:test", d.Spec.Template.Spec.Containers[0].Image)
	require.False(t, *d.Spec.Template.Spec.AutomountServiceAccountToken)
	awaitCondition(t, cluster, v1alpha1.ConditionReady, metav1.ConditionFalse, controllers.ReasonNoneReady)
	require.Equal(t, "app.kubernetes.io/name=starling-gateway,realtime.starling.dev/cluster=chat", cluster.Status.Selector)
	require.Equal(t, "starling:test", cluster.Status.Image)
}

func TestDriftIsMended(t *testing.T) {
	cluster := create(t, namespace(t), "chat", minimal)
	objects := awaitOwned(t, cluster.Namespace, "chat")
	key := client.ObjectKey{Namespace: cluster.Namespace, Name: "chat-gateway"}

	service := &corev1.Service{}
	require.NoError(t, api.Get(t.Context(), key, service))
	base := service.DeepCopy()
	service.Spec.Ports[0].TargetPort = intstr.FromInt32(1)
	service.Annotations = map[string]string{"example.com/note": "a stranger's"}
	require.NoError(t, api.Patch(t.Context(), service, client.MergeFrom(base)))
	await(t, func() error {
		if err := api.Get(t.Context(), key, service); err != nil {
			return err
		}
		if got := service.Spec.Ports[0].TargetPort.String(); got != "client" {
			return fmt.Errorf("target port is %s", got)
		}
		return nil
	})
	require.Equal(t, "a stranger's", service.Annotations["example.com/note"], "what is not the operator's stays")

	// Without its label, an object is out of the operator's caches; it comes back all the same.
	base = service.DeepCopy()
	delete(service.Labels, resources.LabelManagedBy)
	require.NoError(t, api.Patch(t.Context(), service, client.MergeFrom(base)))
	await(t, func() error {
		if err := api.Get(t.Context(), key, service); err != nil {
			return err
		}
		if service.Labels[resources.LabelManagedBy] == "" {
			return fmt.Errorf("no label yet")
		}
		return nil
	})

	for _, object := range objects {
		if _, secret := object.(*corev1.Secret); secret {
			continue // not watched, by design: see TestMeshKeyIsMadeOnce
		}
		uid := object.GetUID()
		require.NoError(t, api.Delete(t.Context(), object))
		await(t, func() error {
			if err := api.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
				return err
			}
			if object.GetUID() == uid {
				return fmt.Errorf("%T is still the old one", object)
			}
			return nil
		})
	}
}

func TestMeshKeyIsMadeOnce(t *testing.T) {
	cluster := create(t, namespace(t), "chat", minimal)
	awaitOwned(t, cluster.Namespace, "chat")
	key := client.ObjectKey{Namespace: cluster.Namespace, Name: resources.MeshKeySecretName("chat")}
	secret := &corev1.Secret{}
	require.NoError(t, api.Get(t.Context(), key, secret))
	require.Len(t, secret.Data[resources.MeshKeyEntry], 45)

	secret.Data[resources.MeshKeyEntry] = append(secret.Data[resources.MeshKeyEntry], "# mine\n"...)
	require.NoError(t, api.Update(t.Context(), secret))
	version := secret.ResourceVersion
	change(t, cluster, func(s *v1alpha1.RealtimeClusterSpec) { s.Typing.TTLSeconds = new(int32(9)) })
	awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionFalse, controllers.ReasonAsExpected)
	require.NoError(t, api.Get(t.Context(), key, secret))
	require.Equal(t, version, secret.ResourceVersion)

	require.NoError(t, api.Delete(t.Context(), secret))
	change(t, cluster, func(s *v1alpha1.RealtimeClusterSpec) { s.Typing.TTLSeconds = new(int32(10)) })
	former := secret.Data[resources.MeshKeyEntry]
	remade := &corev1.Secret{}
	await(t, func() error { return api.Get(t.Context(), key, remade) })
	require.Len(t, remade.Data[resources.MeshKeyEntry], 45)
	require.NotEqual(t, former[:45], remade.Data[resources.MeshKeyEntry], "nobody has the former key to put it there again")
}

func TestConfigRollsAndScalingDoesNot(t *testing.T) {
	cluster := create(t, namespace(t), "chat", minimal)
	awaitOwned(t, cluster.Namespace, "chat")
	before := deployment(t, cluster)

	change(t, cluster, func(s *v1alpha1.RealtimeClusterSpec) { s.Replicas = new(int32(5)) })
	awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionFalse, controllers.ReasonAsExpected)
	after := deployment(t, cluster)
	require.EqualValues(t, 5, *after.Spec.Replicas)
	require.Equal(t, before.Spec.Template, after.Spec.Template)

	change(t, cluster, func(s *v1alpha1.RealtimeClusterSpec) { s.Typing.TTLSeconds = new(int32(7)) })
	awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionFalse, controllers.ReasonAsExpected)
	after = deployment(t, cluster)
	require.Contains(t, after.Spec.Template.Spec.Containers[0].Args, "--typing-ttl=7s")
	require.NotEqual(t, before.Spec.Template.Annotations, after.Spec.Template.Annotations)
}

func TestScaleSubresource(t *testing.T) {
	cluster := create(t, namespace(t), "chat", minimal)
	awaitOwned(t, cluster.Namespace, "chat")
	scale := &autoscalingv1.Scale{}
	await(t, func() error {
		if err := api.SubResource("scale").Get(t.Context(), cluster, scale); err != nil {
			return err
		}
		if scale.Status.Selector == "" {
			return fmt.Errorf("no selector yet")
		}
		return nil
	})
	require.EqualValues(t, 2, scale.Spec.Replicas)
	scale.Spec.Replicas = 4
	require.NoError(t, api.SubResource("scale").Update(t.Context(), cluster, client.WithSubResourceBody(scale)))
	four := func() error {
		if n := *deployment(t, cluster).Spec.Replicas; n != 4 {
			return fmt.Errorf("%d replicas", n)
		}
		return nil
	}
	await(t, four)

	// Somebody who scales the Deployment itself scales nothing.
	d := deployment(t, cluster)
	base := d.DeepCopy()
	d.Spec.Replicas = new(int32(1))
	require.NoError(t, api.Patch(t.Context(), d, client.MergeFrom(base)))
	await(t, four)
}

func TestPausedChangesNothing(t *testing.T) {
	cluster := create(t, namespace(t), "chat", minimal)
	awaitOwned(t, cluster.Namespace, "chat")
	change(t, cluster, func(s *v1alpha1.RealtimeClusterSpec) { s.ReconcilePolicy = v1alpha1.ReconcilePaused })
	awaitCondition(t, cluster, v1alpha1.ConditionProgressing, metav1.ConditionFalse, controllers.ReasonPaused)
	before := deployment(t, cluster)
	change(t, cluster, func(s *v1alpha1.RealtimeClusterSpec) { s.Replicas, s.Typing.TTLSeconds = new(int32(9)), new(int32(9)) })
	awaitCondition(t, cluster, v1alpha1.ConditionProgressing, metav1.ConditionFalse, controllers.ReasonPaused)
	require.Equal(t, before.ResourceVersion, deployment(t, cluster).ResourceVersion)

	change(t, cluster, func(s *v1alpha1.RealtimeClusterSpec) { s.ReconcilePolicy = v1alpha1.ReconcileActive })
	await(t, func() error {
		if n := *deployment(t, cluster).Spec.Replicas; n != 9 {
			return fmt.Errorf("%d replicas", n)
		}
		return nil
	})
}

func TestStrangersObjectsAreLeftAlone(t *testing.T) {
	ns := namespace(t)
	stranger := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "chat-gateway"},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 1234}}},
	}
	require.NoError(t, api.Create(t.Context(), stranger))
	version := stranger.ResourceVersion
	cluster := create(t, ns, "chat", minimal)
	c := awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionTrue, controllers.ReasonNameConflict)
	require.Contains(t, c.Message, "Service chat-gateway exists and is not this cluster's")
	require.NoError(t, api.Get(t.Context(), client.ObjectKeyFromObject(stranger), stranger))
	require.Equal(t, version, stranger.ResourceVersion)
	deployment(t, cluster) // one conflict is no reason to have no pods

	require.NoError(t, api.Delete(t.Context(), stranger))
	change(t, cluster, func(s *v1alpha1.RealtimeClusterSpec) { s.Replicas = new(int32(3)) })
	awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionFalse, controllers.ReasonAsExpected)
}

func TestSecretOfAStrangerIsNoMeshKey(t *testing.T) {
	ns := namespace(t)
	stranger := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: resources.MeshKeySecretName("chat")}}
	require.NoError(t, api.Create(t.Context(), stranger))
	cluster := create(t, ns, "chat", minimal)
	c := awaitCondition(t, cluster, v1alpha1.ConditionDegraded, metav1.ConditionTrue, controllers.ReasonNameConflict)
	require.Contains(t, c.Message, "spec.mesh.keySecretRef")
}

func TestTwoClustersShareANamespace(t *testing.T) {
	ns := namespace(t)
	one, two := create(t, ns, "one", minimal), create(t, ns, "two", `{replicas: 3, auth: {type: Anonymous}}`)
	awaitOwned(t, ns, "one")
	awaitOwned(t, ns, "two")
	require.EqualValues(t, 2, *deployment(t, one).Spec.Replicas)
	require.EqualValues(t, 3, *deployment(t, two).Spec.Replicas)
	require.NotEqual(t, deployment(t, one).Spec.Selector, deployment(t, two).Spec.Selector)
}

func TestDeletionNeedsNoOperator(t *testing.T) {
	cluster := create(t, namespace(t), "chat", minimal)
	awaitOwned(t, cluster.Namespace, "chat")
	require.Empty(t, cluster.Finalizers)
	require.NoError(t, api.Delete(t.Context(), cluster))
	err := api.Get(t.Context(), client.ObjectKeyFromObject(cluster), cluster)
	require.True(t, apierrors.IsNotFound(err), "%v", err)
}

func TestIngressAndNetworkPolicyComeAndGo(t *testing.T) {
	cluster := create(t, namespace(t), "chat", `{auth: {type: Anonymous}, ingress: {host: chat.example.com}}`)
	awaitOwned(t, cluster.Namespace, "chat")
	key := client.ObjectKey{Namespace: cluster.Namespace, Name: "chat-gateway"}
	ingress := &networkingv1.Ingress{}
	await(t, func() error { return api.Get(t.Context(), key, ingress) })
	require.Equal(t, "chat.example.com", ingress.Spec.Rules[0].Host)
	require.Equal(t, cluster.UID, metav1.GetControllerOf(ingress).UID)
	change(t, cluster, func(s *v1alpha1.RealtimeClusterSpec) {
		s.Ingress, s.NetworkPolicy.Mode = nil, v1alpha1.NetworkPolicyNone
	})
	for _, object := range []client.Object{ingress, &networkingv1.NetworkPolicy{}} {
		await(t, func() error {
			if err := api.Get(t.Context(), key, object); !apierrors.IsNotFound(err) {
				return fmt.Errorf("%T is still there: %v", object, err)
			}
			return nil
		})
	}
}
