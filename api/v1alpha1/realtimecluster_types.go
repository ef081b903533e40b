package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RealtimeCluster is a group of gateways that serve realtime channels as one: clients connect to any of them and see each
// other on all of them.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.replicas,statuspath=.status.replicas,selectorpath=.status.selector
// +kubebuilder:resource:path=realtimeclusters,singular=realtimecluster,shortName=rtc,categories=all
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Replicas",type=integer,JSONPath=`.status.replicas`
// +kubebuilder:printcolumn:name="Connections",type=integer,JSONPath=`.status.connections`
// +kubebuilder:printcolumn:name="Members",type=integer,JSONPath=`.status.members`
// +kubebuilder:printcolumn:name="Mesh",type=string,JSONPath=`.status.conditions[?(@.type=="MeshConverged")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]{0,43}[a-z0-9])?$')",message="metadata.name must be 1 to 45 characters of a-z, 0-9 and '-', start with a letter and not end with '-': the names of the cluster's Services are made of it"
type RealtimeCluster struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what the cluster should be.
	// +required
	Spec RealtimeClusterSpec `json:"spec,omitzero"`

	// status is what the operator last saw. `starling up` ignores it.
	// +optional
	Status RealtimeClusterStatus `json:"status,omitzero"`
}

// RealtimeClusterList is a list of RealtimeClusters.
//
// +kubebuilder:object:root=true
type RealtimeClusterList struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitzero"`

	// items are the clusters.
	Items []RealtimeCluster `json:"items"`
}

// RealtimeClusterSpec is what a cluster should be. Only auth has no default: who may connect is for the user to say.
type RealtimeClusterSpec struct {
	// replicas is the number of gateways.
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Replicas *int32 `json:"replicas,omitempty"`

	// gateway configures each gateway.
	// +optional
	Gateway GatewaySpec `json:"gateway,omitzero"`

	// presence says how long members that vanished stay present.
	// +optional
	// +kubebuilder:default={}
	Presence PresenceSpec `json:"presence,omitzero"`

	// typing configures typing indicators.
	// +optional
	// +kubebuilder:default={}
	Typing TypingSpec `json:"typing,omitzero"`

	// auth says who may connect.
	// +required
	Auth AuthSpec `json:"auth,omitzero"`
}
