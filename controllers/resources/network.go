package resources

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

// namespaceNameLabel is on every namespace, with its name.
const namespaceNameLabel = "kubernetes.io/metadata.name"

// networkPolicy opens the client port to everybody, the mesh port to the cluster's own gateways, and the admin port to the
// operator and whoever is named. It is nil if the cluster wants none.
func (b *builder) networkPolicy() *networkingv1ac.NetworkPolicyApplyConfiguration {
	n := &b.spec.NetworkPolicy
	if n.Mode == v1alpha1.NetworkPolicyNone {
		return nil
	}
	gateways := networkingv1ac.NetworkPolicyPeer().
		WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(b.selector()))
	admins := []*networkingv1ac.NetworkPolicyPeerApplyConfiguration{
		networkingv1ac.NetworkPolicyPeer().WithNamespaceSelector(metav1ac.LabelSelector().
			WithMatchLabels(map[string]string{namespaceNameLabel: b.in.OperatorNamespace})),
	}
	for i := range n.MonitoringFrom {
		admins = append(admins, networkPeer(&n.MonitoringFrom[i]))
	}
	return networkingv1ac.NetworkPolicy(b.name(), b.cluster.Namespace).
		WithLabels(b.labels()).WithOwnerReferences(b.owner()).
		WithSpec(networkingv1ac.NetworkPolicySpec().
			WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(b.selector())).
			WithPolicyTypes(networkingv1.PolicyTypeIngress).
			WithIngress(
				networkingv1ac.NetworkPolicyIngressRule().WithPorts(policyPort(corev1.ProtocolTCP, ClientPort)),
				networkingv1ac.NetworkPolicyIngressRule().WithFrom(gateways).
					WithPorts(policyPort(corev1.ProtocolTCP, MeshPort), policyPort(corev1.ProtocolUDP, MeshPort)),
				networkingv1ac.NetworkPolicyIngressRule().WithFrom(admins...).WithPorts(policyPort(corev1.ProtocolTCP, AdminPort))))
}

func networkPeer(peer *v1alpha1.NetworkPeer) *networkingv1ac.NetworkPolicyPeerApplyConfiguration {
	config := networkingv1ac.NetworkPolicyPeer()
	if peer.NamespaceSelector != nil {
		config.WithNamespaceSelector(matchLabels(peer.NamespaceSelector))
	}
	if peer.PodSelector != nil {
		config.WithPodSelector(matchLabels(peer.PodSelector))
	}
	return config
}

func policyPort(protocol corev1.Protocol, port int) *networkingv1ac.NetworkPolicyPortApplyConfiguration {
	return networkingv1ac.NetworkPolicyPort().WithProtocol(protocol).WithPort(intstr.FromInt(port))
}

// ingress is nil if the cluster wants none.
func (b *builder) ingress() *networkingv1ac.IngressApplyConfiguration {
	i := b.spec.Ingress
	if i == nil {
		return nil
	}
	backend := networkingv1ac.IngressBackend().WithService(networkingv1ac.IngressServiceBackend().
		WithName(b.name()).WithPort(networkingv1ac.ServiceBackendPort().WithName("client")))
	spec := networkingv1ac.IngressSpec().WithRules(networkingv1ac.IngressRule().
		WithHost(string(i.Host)).
		WithHTTP(networkingv1ac.HTTPIngressRuleValue().WithPaths(networkingv1ac.HTTPIngressPath().
			WithPath("/").WithPathType(networkingv1.PathTypePrefix).WithBackend(backend))))
	if i.IngressClassName != "" {
		spec.WithIngressClassName(i.IngressClassName)
	}
	if i.TLS != nil {
		spec.WithTLS(networkingv1ac.IngressTLS().WithHosts(string(i.Host)).WithSecretName(i.TLS.SecretName))
	}
	return networkingv1ac.Ingress(b.name(), b.cluster.Namespace).
		WithLabels(b.labels()).WithOwnerReferences(b.owner()).WithAnnotations(plain(i.Annotations)).
		WithSpec(spec)
}
