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
// +kubebuilder:printcolumn:name="Version",type=string,priority=1,JSONPath=`.status.version`
// +kubebuilder:printcolumn:name="Image",type=string,priority=1,JSONPath=`.status.image`
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
//
// +kubebuilder:validation:XValidation:rule="self.?gateway.?capacity.?connections.orValue(20000) <= self.drain.windowSeconds * self.?gateway.?capacity.?acceptPerSecond.orValue(1000) * (has(self.autoscaling) ? (self.autoscaling.minReplicas > 2 ? self.autoscaling.minReplicas - 1 : 1) : (self.replicas > 2 ? self.replicas - 1 : 1))",messageExpression="'the clients of a full gateway do not fit into a drain: the others (%d) accept %d connections in the window, and a gateway may have %d: raise spec.drain.windowSeconds to %d or spec.gateway.capacity.acceptPerSecond to %d, or lower spec.gateway.capacity.connections to %d'.format([(has(self.autoscaling) ? (self.autoscaling.minReplicas > 2 ? self.autoscaling.minReplicas - 1 : 1) : (self.replicas > 2 ? self.replicas - 1 : 1)), self.drain.windowSeconds * self.?gateway.?capacity.?acceptPerSecond.orValue(1000) * (has(self.autoscaling) ? (self.autoscaling.minReplicas > 2 ? self.autoscaling.minReplicas - 1 : 1) : (self.replicas > 2 ? self.replicas - 1 : 1)), self.?gateway.?capacity.?connections.orValue(20000), (self.?gateway.?capacity.?connections.orValue(20000) + self.?gateway.?capacity.?acceptPerSecond.orValue(1000) * (has(self.autoscaling) ? (self.autoscaling.minReplicas > 2 ? self.autoscaling.minReplicas - 1 : 1) : (self.replicas > 2 ? self.replicas - 1 : 1)) - 1) / (self.?gateway.?capacity.?acceptPerSecond.orValue(1000) * (has(self.autoscaling) ? (self.autoscaling.minReplicas > 2 ? self.autoscaling.minReplicas - 1 : 1) : (self.replicas > 2 ? self.replicas - 1 : 1))), (self.?gateway.?capacity.?connections.orValue(20000) + self.drain.windowSeconds * (has(self.autoscaling) ? (self.autoscaling.minReplicas > 2 ? self.autoscaling.minReplicas - 1 : 1) : (self.replicas > 2 ? self.replicas - 1 : 1)) - 1) / (self.drain.windowSeconds * (has(self.autoscaling) ? (self.autoscaling.minReplicas > 2 ? self.autoscaling.minReplicas - 1 : 1) : (self.replicas > 2 ? self.replicas - 1 : 1))), self.drain.windowSeconds * self.?gateway.?capacity.?acceptPerSecond.orValue(1000) * (has(self.autoscaling) ? (self.autoscaling.minReplicas > 2 ? self.autoscaling.minReplicas - 1 : 1) : (self.replicas > 2 ? self.replicas - 1 : 1))])"
// +kubebuilder:validation:XValidation:rule="!self.?gateway.?uiActions.orValue(false) || has(self.auth.apiKeysSecretRef)",message="spec.gateway.uiActions needs spec.auth.apiKeysSecretRef: what the dashboard changes is for who has a key of the HTTP API"
type RealtimeClusterSpec struct {
	// replicas is the number of gateways. With autoscaling it is ignored, and never written.
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Replicas *int32 `json:"replicas,omitempty"`

	// autoscaling sets the number of gateways by their connections. Left out, it is replicas, which an autoscaler of Kubernetes' may set.
	// +optional
	Autoscaling *AutoscalingSpec `json:"autoscaling,omitempty"`

	// reconcilePolicy says whether the operator acts: Active, or Paused, which leaves every object as it is and only reports.
	// +optional
	// +kubebuilder:default=Active
	ReconcilePolicy ReconcilePolicy `json:"reconcilePolicy,omitempty"`

	// image is the gateways' container image. Left out, it is the operator's own, so that an upgrade of the operator rolls the
	// gateways too.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^[a-zA-Z0-9][a-zA-Z0-9._:/@-]*$`
	Image string `json:"image,omitempty"`

	// imagePullPolicy says when a node pulls the image. Left out, Kubernetes decides by the image's tag.
	// +optional
	ImagePullPolicy ImagePullPolicy `json:"imagePullPolicy,omitempty"`

	// imagePullSecrets name Secrets in the cluster's namespace that the image is pulled with.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=8
	ImagePullSecrets []SecretReference `json:"imagePullSecrets,omitempty"`

	// gateway configures each gateway.
	// +optional
	Gateway GatewaySpec `json:"gateway,omitzero"`

	// service is how clients reach the gateways from within Kubernetes, or through a load balancer.
	// +optional
	// +kubebuilder:default={}
	Service ServiceSpec `json:"service,omitzero"`

	// ingress makes an Ingress to the gateways. Left out, there is none.
	// +optional
	Ingress *IngressSpec `json:"ingress,omitempty"`

	// httpRoute makes an HTTPRoute of the Gateway API to the gateways, once its CustomResourceDefinition is installed. Left out,
	// there is none.
	// +optional
	HTTPRoute *HTTPRouteSpec `json:"httpRoute,omitempty"`

	// mesh is how the gateways of the cluster trust each other.
	// +optional
	Mesh MeshSpec `json:"mesh,omitzero"`

	// networkPolicy guards the gateways' ports.
	// +optional
	// +kubebuilder:default={}
	NetworkPolicy NetworkPolicySpec `json:"networkPolicy,omitzero"`

	// drain says how a gateway that stops moves its clients to the others.
	// +optional
	// +kubebuilder:default={}
	Drain DrainSpec `json:"drain,omitzero"`

	// rollout says how a change reaches the gateways, one at a time.
	// +optional
	// +kubebuilder:default={}
	Rollout RolloutSpec `json:"rollout,omitzero"`

	// rebalance says whether clients are moved to gateways that have fewer.
	// +optional
	// +kubebuilder:default={}
	Rebalance RebalanceSpec `json:"rebalance,omitzero"`

	// presence says how long members that vanished stay present.
	// +optional
	// +kubebuilder:default={}
	Presence PresenceSpec `json:"presence,omitzero"`

	// typing configures typing indicators.
	// +optional
	// +kubebuilder:default={}
	Typing TypingSpec `json:"typing,omitzero"`

	// observability says what the gateways tell the tools that watch them.
	// +optional
	Observability ObservabilitySpec `json:"observability,omitzero"`

	// auth says who may connect.
	// +required
	Auth AuthSpec `json:"auth,omitzero"`
}
