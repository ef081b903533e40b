package v1alpha1

// ReconcilePolicy says whether the operator acts on a cluster.
//
// +kubebuilder:validation:Enum=Active;Paused
type ReconcilePolicy string

const (
	// ReconcileActive lets the operator make the cluster what its spec says.
	ReconcileActive ReconcilePolicy = "Active"
	// ReconcilePaused leaves every object as it is; the status is still kept.
	ReconcilePaused ReconcilePolicy = "Paused"
)

// ImagePullPolicy says when a node pulls an image.
//
// +kubebuilder:validation:Enum=Always;IfNotPresent;Never
type ImagePullPolicy string

const (
	// PullAlways asks the registry each time a pod starts.
	PullAlways ImagePullPolicy = "Always"
	// PullIfNotPresent pulls an image that the node does not have.
	PullIfNotPresent ImagePullPolicy = "IfNotPresent"
	// PullNever uses only images that the node has.
	PullNever ImagePullPolicy = "Never"
)

// SecretReference is a Secret in the same namespace.
type SecretReference struct {
	// name is the Secret's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	Name string `json:"name,omitempty"`
}

// MeshSpec is how the gateways of a cluster trust each other.
type MeshSpec struct {
	// keySecretRef is where the cluster's keys are: 32 random bytes in base64, one key a line, the first one primary. Left out, the
	// operator makes a Secret with a random key once, and never changes it.
	// +optional
	KeySecretRef *SecretKeyReference `json:"keySecretRef,omitempty"`
}

// NetworkPolicyMode says who guards the gateways' ports.
//
// +kubebuilder:validation:Enum=Managed;None
type NetworkPolicyMode string

const (
	// NetworkPolicyManaged has the operator keep a NetworkPolicy.
	NetworkPolicyManaged NetworkPolicyMode = "Managed"
	// NetworkPolicyNone has none: the ports are open to whoever reaches the pods.
	NetworkPolicyNone NetworkPolicyMode = "None"
)

// NetworkPolicySpec guards the gateways' ports: clients' from everywhere, the mesh's from this cluster's gateways only, the admin
// port from the operator's namespace and from monitoringFrom.
type NetworkPolicySpec struct {
	// mode is Managed, where the operator keeps a NetworkPolicy, or None.
	// +optional
	// +kubebuilder:default=Managed
	Mode NetworkPolicyMode `json:"mode,omitempty"`

	// monitoringFrom are pods that may also reach the admin port, to read metrics.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	MonitoringFrom []NetworkPeer `json:"monitoringFrom,omitempty"`
}

// NetworkPeer is pods that may connect: those that podSelector selects in the namespaces that namespaceSelector selects.
//
// +kubebuilder:validation:XValidation:rule="has(self.namespaceSelector) || has(self.podSelector)",message="set namespaceSelector, podSelector or both: neither would mean nobody"
type NetworkPeer struct {
	// namespaceSelector selects namespaces; left out, it is the cluster's own.
	// +optional
	NamespaceSelector *LabelsSelector `json:"namespaceSelector,omitempty"`

	// podSelector selects pods; left out, it is all of the namespaces.
	// +optional
	PodSelector *LabelsSelector `json:"podSelector,omitempty"`
}

// LabelsSelector selects what has all of the labels; none of them selects everything.
type LabelsSelector struct {
	// matchLabels are the labels.
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	MatchLabels map[string]LabelValue `json:"matchLabels,omitempty"`
}
