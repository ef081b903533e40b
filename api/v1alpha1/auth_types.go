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

	// rules say what members may do in which channels. As soon as there is one, what no rule and no token allows is forbidden.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Rules []ChannelRule `json:"rules,omitempty"`

	// apiKeysSecretRef is where the keys of the HTTP API are, for backends: a Secret in the cluster's namespace whose entry has one key a
	// line, NAME and KEY, and is read again without a restart when it changes. Without it the HTTP API is off. `starling up` takes the
	// keys from a local file instead.
	// +optional
	APIKeysSecretRef *SecretKeyReference `json:"apiKeysSecretRef,omitempty"`

	// jwt verifies tokens. It must be set when type is JWT, and only then.
	// +optional
	// +unionMember
	JWT *JWTSpec `json:"jwt,omitempty"`
}

// ChannelRule allows something in some channels to somebody.
type ChannelRule struct {
	// channels are patterns of channel names: text, * for any characters, {sub} for the member id and {name} for another claim's value.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Channels []ChannelPattern `json:"channels,omitempty"`

	// allow are the actions: join, publish, presence (seeing who is there and who types) and typing (showing that one does).
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	Allow []ChannelAction `json:"allow,omitempty"`

	// to says whom the rule is for. The default is everyone who may connect.
	// +optional
	To *RuleAudience `json:"to,omitempty"`
}

// ChannelPattern is a pattern of channel names: 1 to 200 characters, with at most four * and no two in a row.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=200
// +kubebuilder:validation:Pattern=`^\*?([^*{}\x00-\x1f\x7f]|\{[A-Za-z0-9_-]+\})*(\*([^*{}\x00-\x1f\x7f]|\{[A-Za-z0-9_-]+\})+){0,3}\*?$`
type ChannelPattern string

// ChannelAction is what a rule allows, named as the request on the wire.
//
// +kubebuilder:validation:Enum=join;publish;presence;typing
type ChannelAction string

// AudienceType says whom a rule is for.
//
// +kubebuilder:validation:Enum=Everyone;Member;Claim
type AudienceType string

const (
	// AudienceEveryone is who may connect.
	AudienceEveryone AudienceType = "Everyone"
	// AudienceMember is whose member id was proved by a token.
	AudienceMember AudienceType = "Member"
	// AudienceClaim is whose token has one of the values in a claim.
	AudienceClaim AudienceType = "Claim"
)

// RuleAudience says whom a rule is for. It is a union: claim and values belong to type Claim.
//
// +union
// +kubebuilder:validation:XValidation:rule="self.type == 'Claim' ? has(self.claim) && has(self.values) : !has(self.claim) && !has(self.values)",message="claim and values must be set when type is Claim, and only then"
type RuleAudience struct {
	// type is Everyone (who may connect), Member (whose member id a token proved) or Claim (whose token has one of the values).
	// +required
	// +unionDiscriminator
	Type AudienceType `json:"type,omitempty"`

	// claim is the claim's name, or a path such as /realm_access/roles into nested claims. A claim that is a list needs one of the values.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9/][^\x00-\x1f\x7f]*$`
	Claim string `json:"claim,omitempty"`

	// values are those of which the claim must have one.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Values []ClaimValue `json:"values,omitempty"`
}

// ClaimValue is a value of a claim, as text.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=128
// +kubebuilder:validation:Pattern=`^[A-Za-z0-9][^\x00-\x1f\x7f]*$`
type ClaimValue string

// Origin is a web origin as browsers send it: http or https, ://, host and maybe :port, in lower case, with no path; or * for any.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=300
// +kubebuilder:validation:Pattern=`^(\*|https?://(\*\.)?([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:[0-9]{1,5})?)$`
type Origin string

// JWTSpec verifies tokens. Their keys come from Secrets, from a URL, or from both.
//
// +kubebuilder:validation:XValidation:rule="has(self.keys) || has(self.jwksURL)",message="set keys, jwksURL or both: tokens are verified with something"
type JWTSpec struct {
	// keys are the keys that tokens may be signed with. Several are for rotation: a token needs to match one of them. A Secret that
	// changes is read again without a restart.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Keys []JWTKey `json:"keys,omitempty"`

	// jwksURL is the https address of a JWK Set with public keys, such as an identity provider's. It is fetched every few minutes and when
	// a token names a new key; while it cannot be fetched, the last keys stay.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https://[^/?#@\s,]+(/[^\s#,]*)?$`
	JWKSURL string `json:"jwksURL,omitempty"`

	// issuer is what a token's iss must be. Without it, any issuer is taken that signs with one of the keys.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^[a-zA-Z0-9][^\s,"]*$`
	Issuer string `json:"issuer,omitempty"`

	// audiences are those of which a token's aud must name one. Without them, tokens for other services with the same keys are taken too.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	Audiences []Audience `json:"audiences,omitempty"`

	// leewaySeconds is the difference of clocks that a token's times may show, from 0 to 300 seconds. The default is 5.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=300
	// +kubebuilder:default=5
	LeewaySeconds *int32 `json:"leewaySeconds,omitempty"`

	// tokenInQuery also takes a token from ?token=, for clients that cannot set headers, such as browsers' EventSource. Logs of proxies
	// may keep it.
	// +optional
	TokenInQuery bool `json:"tokenInQuery,omitempty"`
}

// Audience is what a token's aud may name: 1 to 512 characters that begin with a letter or digit, without commas, spaces or quotes.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=512
// +kubebuilder:validation:Pattern=`^[a-zA-Z0-9][^\s,"]*$`
type Audience string

// JWTAlgorithm is how a token is signed.
//
// +kubebuilder:validation:Enum=HS256;HS384;HS512;RS256;ES256;EdDSA
type JWTAlgorithm string

// The algorithms of tokens.
const (
	AlgorithmHS256 JWTAlgorithm = "HS256"
	AlgorithmHS384 JWTAlgorithm = "HS384"
	AlgorithmHS512 JWTAlgorithm = "HS512"
	AlgorithmRS256 JWTAlgorithm = "RS256"
	AlgorithmES256 JWTAlgorithm = "ES256"
	AlgorithmEdDSA JWTAlgorithm = "EdDSA"
)

// JWTKey is what tokens may be signed with: a public key in PEM, a JWK or JWK Set, or else a shared secret, the entry's bytes.
type JWTKey struct {
	// name tells the keys apart: 1 to 63 characters of a-z, 0-9 and '-', starting and ending with a letter or digit.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`

	// algorithm is what the key must be for. It may be left out: RSA keys are for RS256, P-256 keys for ES256, Ed25519 keys for EdDSA, a JWK
	// says it, and a shared secret is for HS256.
	// +optional
	Algorithm JWTAlgorithm `json:"algorithm,omitempty"`

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
