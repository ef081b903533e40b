package resources

import (
	"github.com/starling-realtime/starling/api/v1alpha1"
)

// Labels and annotations of the operator's objects.
const (
	// LabelCluster is the name of the RealtimeCluster that an object is part of.
	LabelCluster = "realtime.starling.dev/cluster"
	// LabelManagedBy has the value [ManagedBy] on every object of the operator's; its caches hold nothing else.
	LabelManagedBy = "app.kubernetes.io/managed-by"
	// ManagedBy is the value of [LabelManagedBy].
	ManagedBy = "starling-operator"
	// AnnotationConfigHash is a short hash of a gateway's flags.
	AnnotationConfigHash = "realtime.starling.dev/config-hash"

	// AnnotationHeld is on a Deployment whose rollout the operator holds: the hash of the template that it holds.
	AnnotationHeld = "realtime.starling.dev/held-rollout"
	// AnnotationDeletionCost is Kubernetes': of the pods that are equally ready, a ReplicaSet gives up that of the lowest cost.
	AnnotationDeletionCost = "controller.kubernetes.io/pod-deletion-cost"
	// LowestCost is the value of [AnnotationDeletionCost] by which the operator marks the gateway that is to end.
	LowestCost = "-2147483648"

	labelName     = "app.kubernetes.io/name"
	labelInstance = "app.kubernetes.io/instance"
	labelPartOf   = "app.kubernetes.io/part-of"
	gatewayName   = "starling-gateway"
)

// Ports of a gateway.
const (
	ClientPort = 8080
	AdminPort  = 9090
	MeshPort   = 7946
)

// MeshKeyEntry is the entry of the generated Secret that holds the mesh keys.
const MeshKeyEntry = "keys"

// GatewayName is the name of a cluster's Deployment, client Service, ServiceAccount and whatever else there is one of.
func GatewayName(cluster string) string { return cluster + "-gateway" }

// MeshServiceName is the name of the headless Service by which gateways find each other.
func MeshServiceName(cluster string) string { return cluster + "-gateway-mesh" }

// MeshKeySecretName is the name of the Secret that the operator makes where spec.mesh.keySecretRef is left out.
func MeshKeySecretName(cluster string) string { return cluster + "-gateway-mesh-key" }

// MeshKey is where a cluster's mesh keys are: in a Secret of the user's, or in the operator's.
func MeshKey(cluster *v1alpha1.RealtimeCluster) v1alpha1.SecretKeyReference {
	if ref := cluster.Spec.Mesh.KeySecretRef; ref != nil {
		return *ref
	}
	return v1alpha1.SecretKeyReference{Name: MeshKeySecretName(cluster.Name), Key: MeshKeyEntry}
}

// Labels are those of every object of a cluster.
func Labels(cluster string) map[string]string {
	labels := Selector(cluster)
	labels[labelInstance] = cluster
	labels[labelPartOf] = "starling"
	labels[LabelManagedBy] = ManagedBy
	return labels
}

// Selector are the labels that select a cluster's gateways. They never change: a Deployment's selector cannot.
func Selector(cluster string) map[string]string {
	return map[string]string{labelName: gatewayName, LabelCluster: cluster}
}
