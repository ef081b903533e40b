package v1alpha1

// AuthType says how a gateway learns who a client is.
//
// +kubebuilder:validation:Enum=Anonymous;JWT
type AuthType string

const (
	// AuthAnonymous takes the member id that the client gives. Anybody can be anybody: for trials and trusted networks.
	AuthAnonymous AuthType = "Anonymous"
	// AuthJWT takes the member id from the sub claim of a signed token.
	AuthJWT AuthType = "JWT"
)

// AuthSpec says who may connect. It is a union: type selects the member that must be set.
//
// +union
// +kubebuilder:validation:XValidation:rule="self.type == 'JWT' ? has(self.jwt) : !has(self.jwt)",message="jwt must be set when type is JWT, and only then"
type AuthSpec struct {
	// type selects how clients are identified: Anonymous (the client names itself) or JWT (a signed token does).
	// +required
	// +unionDiscriminator
	Type AuthType `json:"type,omitempty"`

	// allowedOrigins are the web origins, besides the cluster's own, whose pages may connect: scheme://host[:port], where a host
	// of *.example.com is all subdomains, or * for any origin. Clients that send no Origin header, which browsers always do, are
	// not concerned.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	AllowedOrigins []Origin `json:"allowedOrigins,omitempty"`

	// jwt verifies tokens. It must be set when type is JWT, and only then.
	// +optional
	// +unionMember
	JWT *JWTSpec `json:"jwt,omitempty"`
}

// Origin is a web origin as browsers send it: http or https, ://, host and maybe :port, in lower case, with no path; or * for any.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=300
// +kubebuilder:validation:Pattern=`^(\*|https?://(\*\.)?([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:[0-9]{1,5})?)$`
type Origin string

// JWTSpec verifies tokens.
type JWTSpec struct {
	// keys are the keys that tokens may be signed with. Several are for rotation: a token needs to match one of them.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Keys []JWTKey `json:"keys,omitempty"`
}

// JWTKey is one key that tokens may be signed with (HS256).
type JWTKey struct {
	// name tells the keys apart: 1 to 63 characters of a-z, 0-9 and '-', starting and ending with a letter or digit.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`

	// secretRef is where the key is: a Secret in the cluster's namespace. `starling up` takes the key from a local file instead.
	// +required
	SecretRef SecretKeyReference `json:"secretRef,omitzero"`
}

// SecretKeyReference is one entry of a Secret in the same namespace.
type SecretKeyReference struct {
	// name is the Secret's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	Name string `json:"name,omitempty"`

	// key is the entry in the Secret's data.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	Key string `json:"key,omitempty"`
}
