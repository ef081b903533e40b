package v1alpha1

// ObservabilitySpec says what the gateways tell the tools that watch them, besides metrics and logs.
type ObservabilitySpec struct {
	// logLinesPerSecond is the most lines a second that are alike, of those that clients and peers can cause, which a gateway logs; how
	// many it left out it logs too. 0 logs all of them. Left out, it is the gateway's own, 10.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	LogLinesPerSecond *int32 `json:"logLinesPerSecond,omitempty"`

	// tracing sends OpenTelemetry traces. Left out, there are none.
	// +optional
	Tracing *TracingSpec `json:"tracing,omitempty"`
}

// TracingSpec sends traces of some upgrades, joins and publishes to a receiver.
type TracingSpec struct {
	// endpoint is the receiver's address for OTLP over HTTP, such as http://tempo.observability:4318. /v1/traces is added unless its path
	// ends so.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://([a-zA-Z0-9.-]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?(/[^?#%\s]*)?$`
	Endpoint string `json:"endpoint,omitempty"`

	// sampleRatio is the share of upgrades, joins and publishes that are traced: a decimal from "0" to "1", such as "0.01". What comes with
	// a W3C traceparent is traced if that says so. Left out, it is the gateway's own, 0.01.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=10
	// +kubebuilder:validation:Pattern=`^(0(\.[0-9]+)?|1(\.0+)?)$`
	SampleRatio string `json:"sampleRatio,omitempty"`

	// maxPerSecond is the most traces that begin in a second at one gateway, whatever sampleRatio is and clients ask for. Left out, it is
	// the gateway's own, 100.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	MaxPerSecond *int32 `json:"maxPerSecond,omitempty"`

	// headersSecretRef is where the headers are that the receiver wants, such as a token: NAME=VALUE,NAME=VALUE, special characters of a
	// value written as %XX. Gateways read it when they start.
	// +optional
	HeadersSecretRef *SecretKeyReference `json:"headersSecretRef,omitempty"`
}
