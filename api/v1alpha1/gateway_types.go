package v1alpha1

// GatewaySpec configures each gateway of a cluster.
type GatewaySpec struct {
	// capacity bounds what one gateway takes on. What is over a bound is refused with an error and counted.
	// +optional
	Capacity CapacitySpec `json:"capacity,omitzero"`
}

// CapacitySpec bounds what one gateway takes on. A bound that is left out is the gateway's own, which suits 1 GiB of memory.
type CapacitySpec struct {
	// connections is the most client connections at a time.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	Connections *int32 `json:"connections,omitempty"`

	// connectionsPerAddress is the most client connections at a time from one IP address.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	ConnectionsPerAddress *int32 `json:"connectionsPerAddress,omitempty"`

	// channels is the most channels that have connections on the gateway.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000000
	Channels *int32 `json:"channels,omitempty"`

	// channelsPerConnection is the most channels that one connection may be in.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	ChannelsPerConnection *int32 `json:"channelsPerConnection,omitempty"`

	// presenceEntries is the most pairs of a channel and a member present in it through this gateway.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000000
	PresenceEntries *int32 `json:"presenceEntries,omitempty"`

	// joinsPerSecond is the most joins a second that the gateway takes.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	JoinsPerSecond *int32 `json:"joinsPerSecond,omitempty"`

	// messageBytes is the largest frame that a client may send, in bytes.
	// +optional
	// +kubebuilder:validation:Minimum=1024
	// +kubebuilder:validation:Maximum=16777216
	MessageBytes *int32 `json:"messageBytes,omitempty"`

	// sendQueueBytes is the most that may wait for one slow connection, in bytes. A connection over it is closed with 4008.
	// +optional
	// +kubebuilder:validation:Minimum=1024
	// +kubebuilder:validation:Maximum=1073741824
	SendQueueBytes *int32 `json:"sendQueueBytes,omitempty"`

	// linkQueueBytes is the most that may wait for one other gateway, in bytes.
	// +optional
	// +kubebuilder:validation:Minimum=65536
	// +kubebuilder:validation:Maximum=1073741824
	LinkQueueBytes *int32 `json:"linkQueueBytes,omitempty"`
}

// PresenceSpec says how long members that vanished stay present, so that a reconnect is no departure.
type PresenceSpec struct {
	// disconnectGraceSeconds is how long a member stays present after its last connection vanished. An explicit leave does
	// not wait for it.
	// +optional
	// +kubebuilder:default=5
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	DisconnectGraceSeconds *int32 `json:"disconnectGraceSeconds,omitempty"`

	// nodeGraceSeconds is how long the members of a gateway stay present after the gateway vanished.
	// +optional
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	NodeGraceSeconds *int32 `json:"nodeGraceSeconds,omitempty"`
}

// TypingSpec configures typing indicators.
type TypingSpec struct {
	// ttlSeconds ends a typing indicator that was not refreshed for so long; 0 keeps it until the member stops or leaves.
	// +optional
	// +kubebuilder:default=5
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	TTLSeconds *int32 `json:"ttlSeconds,omitempty"`
}
