package v1alpha1

// DrainSpec says how a gateway that stops moves its clients: for deregisterSeconds it still serves, while load balancers let go of
// it; for windowSeconds it sends its clients to other gateways; in closeSeconds it closes the connections that are left. The three
// together, and 10 seconds more, are the pods' terminationGracePeriodSeconds.
type DrainSpec struct {
	// deregisterSeconds is how long load balancers get to take notice. The probes need 2 of them.
	// +optional
	// +kubebuilder:default=5
	// +kubebuilder:validation:Minimum=5
	// +kubebuilder:validation:Maximum=300
	DeregisterSeconds *int32 `json:"deregisterSeconds,omitempty"`

	// windowSeconds is how long the moving of the clients of one gateway is spread over, so that the others are not stormed. A rollout
	// takes at least so long for each gateway. The clients of a full gateway must fit: spec.gateway.capacity.connections may be at most
	// windowSeconds times acceptPerSecond times the number of the other gateways.
	// +optional
	// +kubebuilder:default=30
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	WindowSeconds *int32 `json:"windowSeconds,omitempty"`

	// closeSeconds is how long the connections get that are left after the window to take their close frames.
	// +optional
	// +kubebuilder:default=5
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=60
	CloseSeconds *int32 `json:"closeSeconds,omitempty"`
}

// RolloutPolicy says whether a change of the spec reaches the gateways.
//
// +kubebuilder:validation:Enum=Active;Paused
type RolloutPolicy string

const (
	// RolloutActive replaces the gateways one at a time when their configuration changes.
	RolloutActive RolloutPolicy = "Active"
	// RolloutPaused keeps the gateways that run; a change reaches only those that start anew.
	RolloutPaused RolloutPolicy = "Paused"
)

// RolloutGuard says what stops a rollout besides a new gateway that does not become ready.
//
// +kubebuilder:validation:Enum=Mesh;None
type RolloutGuard string

const (
	// GuardMesh pauses a rollout while gateways do not see each other, and lifts it when all do.
	GuardMesh RolloutGuard = "Mesh"
	// GuardNone lets a rollout go on whatever the mesh is like.
	GuardNone RolloutGuard = "None"
)

// RolloutSpec says how a change reaches the gateways: one new one is started, and one old one drains when the new one is ready.
type RolloutSpec struct {
	// policy is Active, or Paused, which stops a rollout where it is.
	// +optional
	// +kubebuilder:default=Active
	Policy RolloutPolicy `json:"policy,omitempty"`

	// guard is Mesh, which pauses a rollout while the gateways do not all see each other, or None, which is for getting a rollout
	// through that is to mend just that.
	// +optional
	// +kubebuilder:default=Mesh
	Guard RolloutGuard `json:"guard,omitempty"`

	// startupSeconds is how long a new gateway may take to become ready, its image's pull included, before the rollout counts as
	// stuck.
	// +optional
	// +kubebuilder:default=300
	// +kubebuilder:validation:Minimum=30
	// +kubebuilder:validation:Maximum=3600
	StartupSeconds *int32 `json:"startupSeconds,omitempty"`
}

// RebalancePolicy says whether gateways send clients to others that have fewer.
//
// +kubebuilder:validation:Enum=Off;Even
type RebalancePolicy string

const (
	// RebalanceOff leaves clients where they are until they connect anew.
	RebalanceOff RebalancePolicy = "Off"
	// RebalanceEven moves clients, some at a time, until no gateway has notably more than the mean.
	RebalanceEven RebalancePolicy = "Even"
)

// RebalanceSpec says whether clients are moved when gateways have different numbers of them, as after a scale-up. The gateways do it
// by themselves, and stop by themselves where moves do not help, as with session affinity.
type RebalanceSpec struct {
	// policy is Off, or Even, which moves clients, some at a time, until no gateway has notably more than the mean.
	// +optional
	// +kubebuilder:default=Off
	Policy RebalancePolicy `json:"policy,omitempty"`
}
