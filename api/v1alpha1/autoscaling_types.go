package v1alpha1

// AutoscalingSpec sets the number of gateways by their client connections: up as soon as they are too many, down by one gateway at
// a time once they have been few for long. What a gateway that does not answer holds is not known: as long as one is silent, none
// is taken away.
//
// +kubebuilder:validation:XValidation:rule="self.minReplicas <= self.maxReplicas",messageExpression="'minReplicas is %d, more than maxReplicas, which is %d: lower the one or raise the other'.format([self.minReplicas, self.maxReplicas])"
type AutoscalingSpec struct {
	// minReplicas is the least number of gateways.
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	MinReplicas *int32 `json:"minReplicas,omitempty"`

	// maxReplicas is the largest number of gateways.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	MaxReplicas *int32 `json:"maxReplicas,omitempty"`

	// targetConnections is how many client connections a gateway should have, on the average. It leaves room below
	// spec.gateway.capacity.connections for those of a gateway that fails.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	TargetConnections *int32 `json:"targetConnections,omitempty"`

	// tolerancePercent is how far the average may be off the target, in percent of it, before anything is done.
	// +optional
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	TolerancePercent *int32 `json:"tolerancePercent,omitempty"`

	// scaleUp says how gateways are added.
	// +optional
	// +kubebuilder:default={}
	ScaleUp ScaleUpSpec `json:"scaleUp,omitzero"`

	// scaleDown says how gateways are taken away.
	// +optional
	// +kubebuilder:default={}
	ScaleDown ScaleDownSpec `json:"scaleDown,omitzero"`
}

// ScaleUpSpec says how gateways are added.
type ScaleUpSpec struct {
	// step is the most gateways that start at a time.
	// +optional
	// +kubebuilder:default=4
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Step *int32 `json:"step,omitempty"`

	// stabilizationSeconds is how long gateways must have been too few before one is added.
	// +optional
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	StabilizationSeconds *int32 `json:"stabilizationSeconds,omitempty"`
}

// ScaleDownSpec says how gateways are taken away: one at a time, each when the one before has drained and ended.
type ScaleDownSpec struct {
	// stabilizationSeconds is how long gateways must have been too many before one is taken away. An operator that starts waits for
	// so long too.
	// +optional
	// +kubebuilder:default=300
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	StabilizationSeconds *int32 `json:"stabilizationSeconds,omitempty"`
}
