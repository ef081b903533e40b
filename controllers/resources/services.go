package resources

import (
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	policyv1ac "k8s.io/client-go/applyconfigurations/policy/v1"

	"github.com/starling-realtime/starling/api/v1alpha1"
)

// serviceAccount has no rights, and its token is in no pod: a gateway does not talk to Kubernetes.
func (b *builder) serviceAccount() *corev1ac.ServiceAccountApplyConfiguration {
	return corev1ac.ServiceAccount(b.name(), b.cluster.Namespace).
		WithLabels(b.labels()).WithOwnerReferences(b.owner()).
		WithAutomountServiceAccountToken(false)
}

// meshService lets gateways find each other before they are ready: they become ready by finding each other.
func (b *builder) meshService() *corev1ac.ServiceApplyConfiguration {
	return corev1ac.Service(MeshServiceName(b.cluster.Name), b.cluster.Namespace).
		WithLabels(b.labels()).WithOwnerReferences(b.owner()).
		WithSpec(corev1ac.ServiceSpec().
			WithType(corev1.ServiceTypeClusterIP).WithClusterIP(corev1.ClusterIPNone).
			WithPublishNotReadyAddresses(true).
			WithSelector(b.selector()).
			WithPorts(
				corev1ac.ServicePort().WithName("mesh").WithProtocol(corev1.ProtocolTCP).
					WithPort(MeshPort).WithTargetPort(intstr.FromString("mesh")),
				corev1ac.ServicePort().WithName("mesh-udp").WithProtocol(corev1.ProtocolUDP).
					WithPort(MeshPort).WithTargetPort(intstr.FromString("mesh-udp"))))
}

func (b *builder) clientService() *corev1ac.ServiceApplyConfiguration {
	s := &b.spec.Service
	port := corev1ac.ServicePort().WithName("client").WithProtocol(corev1.ProtocolTCP).
		WithPort(*s.Port).WithTargetPort(intstr.FromString("client")).WithAppProtocol("kubernetes.io/ws")
	if s.NodePort != nil {
		port.WithNodePort(*s.NodePort)
	}
	spec := corev1ac.ServiceSpec().
		WithType(corev1.ServiceType(s.Type)).
		WithSelector(b.selector()).
		WithSessionAffinity(corev1.ServiceAffinity(s.SessionAffinity)).
		WithPorts(port)
	if s.ExternalTrafficPolicy != "" {
		spec.WithExternalTrafficPolicy(corev1.ServiceExternalTrafficPolicy(s.ExternalTrafficPolicy))
	}
	if s.LoadBalancerClass != "" {
		spec.WithLoadBalancerClass(s.LoadBalancerClass)
	}
	return corev1ac.Service(b.name(), b.cluster.Namespace).
		WithLabels(b.labels()).WithOwnerReferences(b.owner()).WithAnnotations(plain(s.Annotations)).
		WithSpec(spec)
}

// disruptionBudget lets one gateway at a time be evicted. One that is not ready serves nobody and may go, unless too few others
// do.
func (b *builder) disruptionBudget() *policyv1ac.PodDisruptionBudgetApplyConfiguration {
	return policyv1ac.PodDisruptionBudget(b.name(), b.cluster.Namespace).
		WithLabels(b.labels()).WithOwnerReferences(b.owner()).
		WithSpec(policyv1ac.PodDisruptionBudgetSpec().
			WithMaxUnavailable(intstr.FromInt32(1)).
			WithUnhealthyPodEvictionPolicy(policyv1.IfHealthyBudget).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(b.selector())))
}

func matchLabels(s *v1alpha1.LabelsSelector) *metav1ac.LabelSelectorApplyConfiguration {
	return metav1ac.LabelSelector().WithMatchLabels(plain(s.MatchLabels))
}
