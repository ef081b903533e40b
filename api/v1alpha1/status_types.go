package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Condition types in [RealtimeClusterStatus].Conditions.
const (
	// ConditionReady says that the cluster serves clients with as many gateways as asked for.
	ConditionReady = "Ready"
	// ConditionProgressing says that the operator is changing something.
	ConditionProgressing = "Progressing"
	// ConditionDegraded says that something keeps the cluster from what was asked for; the message says what.
	ConditionDegraded = "Degraded"
	// ConditionMeshConverged says that every gateway sees every other.
	ConditionMeshConverged = "MeshConverged"
	// ConditionDraining says that at least one gateway is moving its clients away.
	ConditionDraining = "Draining"
	// ConditionBalanced says that no gateway has notably more clients than the others. It is there with spec.rebalance.policy Even.
	ConditionBalanced = "Balanced"
)

// RealtimeClusterStatus is what the operator last saw.
type RealtimeClusterStatus struct {
	// conditions are the cluster's condition in words, one a type.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +patchStrategy=merge
	// +patchMergeKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty" patchStrategy:"merge" patchMergeKey:"type"`

	// observedGeneration is the generation of the spec that this status is about.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration *int64 `json:"observedGeneration,omitempty"`

	// replicas is the number of gateways that exist.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Replicas *int32 `json:"replicas,omitempty"`

	// readyReplicas is the number of gateways that take clients.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ReadyReplicas *int32 `json:"readyReplicas,omitempty"`

	// selector selects the gateways' pods, for the scale subresource.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Selector string `json:"selector,omitempty"`

	// connections is the number of client connections, on all gateways together.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Connections *int64 `json:"connections,omitempty"`

	// members is the number of distinct members that are present in at least one channel.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Members *int64 `json:"members,omitempty"`

	// channels is the number of channels with at least one member.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Channels *int64 `json:"channels,omitempty"`

	// image is the container image that new gateways get.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Image string `json:"image,omitempty"`

	// version is the gateways' release; during a rollout both, the older first.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Version string `json:"version,omitempty"`

	// autoscaling is what spec.autoscaling has led to; without it there is none.
	// +optional
	Autoscaling *AutoscalingStatus `json:"autoscaling,omitempty"`

	// gateways are the gateways that exist, by name.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=200
	Gateways []GatewayStatus `json:"gateways,omitempty"`
}

// AutoscalingStatus is what the autoscaling decided last, and why.
type AutoscalingStatus struct {
	// desiredReplicas is the number of gateways that it wants.
	// +optional
	// +kubebuilder:validation:Minimum=0
	DesiredReplicas *int32 `json:"desiredReplicas,omitempty"`

	// reason is why, in one word: see docs/operator.md.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`

	// message is why, in words.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`

	// lastScaleTime is when it last changed the number of gateways.
	// +optional
	LastScaleTime *metav1.Time `json:"lastScaleTime,omitempty"`
}

// GatewayStatus is what the operator last saw of one gateway.
type GatewayStatus struct {
	// name is the pod's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// ready says that the gateway takes clients.
	// +optional
	Ready *bool `json:"ready,omitempty"`

	// bootID identifies this life of the gateway's process: 16 hexadecimal digits.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	BootID string `json:"bootID,omitempty"`

	// connections is the number of client connections.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Connections *int32 `json:"connections,omitempty"`

	// peers is the number of other gateways that this one sees.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Peers *int32 `json:"peers,omitempty"`

	// drain is how far the gateway is in moving its clients away; without one it does not drain.
	// +optional
	Drain *GatewayDrainStatus `json:"drain,omitempty"`

	// version is the gateway's release.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Version string `json:"version,omitempty"`
}

// GatewayDrainStatus is how far a gateway is in moving its clients away.
type GatewayDrainStatus struct {
	// phase is what it does now, in its own word.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Phase string `json:"phase,omitempty"`

	// atStart is how many connections it had when the drain began; connections of the gateway are those that are left.
	// +optional
	// +kubebuilder:validation:Minimum=0
	AtStart *int32 `json:"atStart,omitempty"`

	// forced is how many connections it closed because their clients had not moved.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Forced *int32 `json:"forced,omitempty"`
}
