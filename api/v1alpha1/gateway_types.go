package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
)

// GatewaySpec configures each gateway of a cluster.
type GatewaySpec struct {
	// capacity bounds what one gateway takes on. What is over a bound is refused with an error and counted.
	// +optional
	Capacity CapacitySpec `json:"capacity,omitzero"`

	// rateLimits bound how often single clients, members, channels, addresses and API keys do something. What is left out has no bound,
	// where it does not say otherwise.
	// +optional
	RateLimits RateLimitsSpec `json:"rateLimits,omitzero"`

	// trustedProxies are the networks of the proxies in front of the gateways, such as those of an ingress controller's pods. Where a
	// request comes from one, the client's address is the last one in X-Forwarded-For that is in none of them. Left out, the client's
	// address is that of whoever opened the TCP connection.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	TrustedProxies []CIDR `json:"trustedProxies,omitempty"`

	// demo serves the demo page at /, a chat to try the cluster with. It lets nobody in whom auth does not.
	// +optional
	Demo bool `json:"demo,omitempty"`

	// uiActions lets the dashboard on the admin port begin and cancel drains and disconnect members. It needs
	// spec.auth.apiKeysSecretRef: such changes are for who has a key of the HTTP API.
	// +optional
	UIActions bool `json:"uiActions,omitempty"`

	// logLevel is the least level that the gateways log: Debug, Info, Warn or Error. Left out, it is the gateway's own, Info. A change
	// rolls the gateways, as that of every setting does.
	// +optional
	LogLevel LogLevel `json:"logLevel,omitempty"`

	// resources are what each gateway's container asks for and is bounded by. Left out, it asks for 100m of CPU and 256Mi of memory
	// and is bounded by 1Gi of memory.
	// +optional
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// podLabels are added to the pods.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('app.kubernetes.io/') && !k.startsWith('realtime.starling.dev/'))",message="labels under app.kubernetes.io/ and realtime.starling.dev/ are the operator's: choose another prefix"
	PodLabels map[string]LabelValue `json:"podLabels,omitempty"`

	// podAnnotations are added to the pods.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('realtime.starling.dev/'))",message="annotations under realtime.starling.dev/ are the operator's: choose another prefix"
	PodAnnotations map[string]AnnotationValue `json:"podAnnotations,omitempty"`

	// nodeSelector keeps the pods on nodes with these labels.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	NodeSelector map[string]LabelValue `json:"nodeSelector,omitempty"`

	// tolerations let the pods run on tainted nodes.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`

	// affinity says near what the pods should run, and far from what.
	// +optional
	Affinity *corev1.Affinity `json:"affinity,omitempty"`

	// topologySpreadConstraints spread the pods. Left out, they are spread over nodes and zones where that is possible. A constraint
	// without a labelSelector is about this cluster's pods.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	TopologySpreadConstraints []corev1.TopologySpreadConstraint `json:"topologySpreadConstraints,omitempty"`

	// priorityClassName is the pods' PriorityClass.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	PriorityClassName string `json:"priorityClassName,omitempty"`
}

// LogLevel is how much a gateway logs.
//
// +kubebuilder:validation:Enum=Debug;Info;Warn;Error
type LogLevel string

const (
	// LogDebug also logs what helps to find a fault, such as single requests of the HTTP API.
	LogDebug LogLevel = "Debug"
	// LogInfo logs what changes in a gateway and between gateways.
	LogInfo LogLevel = "Info"
	// LogWarn logs what may need somebody.
	LogWarn LogLevel = "Warn"
	// LogError logs what failed.
	LogError LogLevel = "Error"
)

// LabelValue is the value of a label: up to 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit.
//
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:Pattern=`^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$`
type LabelValue string

// AnnotationValue is the value of an annotation.
//
// +kubebuilder:validation:MaxLength=4096
type AnnotationValue string

// CapacitySpec bounds what one gateway takes on. A bound that is left out is the gateway's own, which suits 1 GiB of memory.
type CapacitySpec struct {
	// connections is the most client connections at a time.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	Connections *int32 `json:"connections,omitempty"`

	// connectionsPerAddress is the most client connections at a time from one IP address: see spec.gateway.trustedProxies.
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

	// snapshotMembers is the most members that one presence snapshot lists. Who joins a channel with more is told only of so many, and
	// how many there are.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	SnapshotMembers *int32 `json:"snapshotMembers,omitempty"`

	// joinsPerSecond is the most joins a second that the gateway takes.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	JoinsPerSecond *int32 `json:"joinsPerSecond,omitempty"`

	// acceptPerSecond is the most new connections a second that the gateway takes. It paces drains too: see spec.drain.windowSeconds.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	AcceptPerSecond *int32 `json:"acceptPerSecond,omitempty"`

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

// CIDR is a network, such as 10.0.0.0/8.
//
// +kubebuilder:validation:MinLength=4
// +kubebuilder:validation:MaxLength=43
// +kubebuilder:validation:Pattern=`^[0-9a-fA-F.:]+/[0-9]{1,3}$`
type CIDR string

// RateLimitsSpec bounds how often things happen, on each gateway for itself.
type RateLimitsSpec struct {
	// perConnection bounds each client connection.
	// +optional
	PerConnection *ConnectionRates `json:"perConnection,omitempty"`

	// perMember bounds all connections of a member to one gateway together.
	// +optional
	PerMember *MessageRate `json:"perMember,omitempty"`

	// perChannel bounds all that is sent to a channel through one gateway.
	// +optional
	PerChannel *MessageRate `json:"perChannel,omitempty"`

	// perAddress bounds the new connections of an IP address: see trustedProxies.
	// +optional
	PerAddress *AddressRate `json:"perAddress,omitempty"`

	// perAPIKey bounds the requests of each key of the HTTP API. Left out, the bound is the gateway's own.
	// +optional
	PerAPIKey *RequestRate `json:"perAPIKey,omitempty"`
}

// ConnectionRates bounds one connection.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.messageBurst) || has(self.messagesPerSecond)",message="messageBurst needs messagesPerSecond: without it there is no bound"
type ConnectionRates struct {
	// messagesPerSecond is the most publishes and typing requests a second.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	MessagesPerSecond *int32 `json:"messagesPerSecond,omitempty"`

	// messageBurst is the most of them at once. Left out, it is what messagesPerSecond allows in a second.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	MessageBurst *int32 `json:"messageBurst,omitempty"`

	// joinsPerSecond is the most joins a second, after a first burst of spec.gateway.capacity.channelsPerConnection. Left out, it is
	// the gateway's own.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	JoinsPerSecond *int32 `json:"joinsPerSecond,omitempty"`
}

// MessageRate bounds publishes and typing requests.
type MessageRate struct {
	// messagesPerSecond is the most publishes and typing requests a second.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	MessagesPerSecond *int32 `json:"messagesPerSecond,omitempty"`

	// messageBurst is the most of them at once. Left out, it is what messagesPerSecond allows in a second.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	MessageBurst *int32 `json:"messageBurst,omitempty"`
}

// RequestRate bounds requests of the HTTP API.
type RequestRate struct {
	// requestsPerSecond is the most requests a second, and at once. Each message of a batch counts as one.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	RequestsPerSecond *int32 `json:"requestsPerSecond,omitempty"`
}

// AddressRate bounds new connections.
type AddressRate struct {
	// connectionsPerSecond is the most new connections a second.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	ConnectionsPerSecond *int32 `json:"connectionsPerSecond,omitempty"`

	// connectionBurst is the most of them at once. Left out, it is what connectionsPerSecond allows in a second.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	ConnectionBurst *int32 `json:"connectionBurst,omitempty"`
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
