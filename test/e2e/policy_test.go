//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/starling-realtime/starling/controllers/resources"
)

// policy evaluates the NetworkPolicy on the pods that there are. It does not see packets refused: the network of hack/kube enforces
// no NetworkPolicy.
func (w *world) policy(t *testing.T) {
	var policy networkingv1.NetworkPolicy
	key := client.ObjectKey{Namespace: namespace, Name: clusterName + "-gateway"}
	require.NoError(t, w.api.Get(t.Context(), key, &policy))
	gateways := w.requirePodNames(t)
	selected := w.selected(t, networkingv1.NetworkPolicyPeer{PodSelector: &policy.Spec.PodSelector})
	require.Equal(t, gateways, selected, "the policy is for the cluster's gateways")

	var operators []string
	var list corev1.PodList
	require.NoError(t, w.api.List(t.Context(), &list, client.InNamespace(operatorNamespace)))
	for _, pod := range list.Items {
		operators = append(operators, pod.Name)
	}
	slices.Sort(operators)
	require.NotEmpty(t, operators)
	want := map[string][]string{
		fmt.Sprint("TCP/", resources.ClientPort): {"everybody"},
		fmt.Sprint("TCP/", resources.MeshPort):   gateways,
		fmt.Sprint("UDP/", resources.MeshPort):   gateways,
		fmt.Sprint("TCP/", resources.AdminPort):  operators,
	}
	require.Equal(t, want, w.allowed(t, &policy))
	t.Log("the rules were evaluated on the pods; that others' packets are refused was not tried, since this network enforces no NetworkPolicy")
}

// allowed says which pods reach each port.
func (w *world) allowed(t *testing.T, policy *networkingv1.NetworkPolicy) map[string][]string {
	t.Helper()
	allowed := map[string][]string{}
	for _, rule := range policy.Spec.Ingress {
		who := []string{"everybody"}
		if len(rule.From) > 0 {
			who = nil
			for _, peer := range rule.From {
				who = append(who, w.selected(t, peer)...)
			}
		}
		for _, port := range rule.Ports {
			allowed[fmt.Sprint(*port.Protocol, "/", port.Port.IntValue())] = who
		}
	}
	return allowed
}

// selected names the pods of all namespaces that a peer of the cluster's policy stands for.
func (w *world) selected(t *testing.T, peer networkingv1.NetworkPolicyPeer) []string {
	t.Helper()
	matches := func(s *metav1.LabelSelector, set map[string]string) bool {
		selector, err := metav1.LabelSelectorAsSelector(s)
		require.NoError(t, err)
		return selector.Matches(labels.Set(set))
	}
	var namespaces corev1.NamespaceList
	require.NoError(t, w.api.List(t.Context(), &namespaces))
	var names []string
	for _, ns := range namespaces.Items {
		if peer.NamespaceSelector == nil && ns.Name != namespace || peer.NamespaceSelector != nil && !matches(peer.NamespaceSelector, ns.Labels) {
			continue
		}
		var pods corev1.PodList
		require.NoError(t, w.api.List(t.Context(), &pods, client.InNamespace(ns.Name)))
		for _, pod := range pods.Items {
			if peer.PodSelector == nil || matches(peer.PodSelector, pod.Labels) {
				names = append(names, pod.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}
