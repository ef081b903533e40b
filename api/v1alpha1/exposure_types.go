package v1alpha1

// ServiceType says who can reach the clients' Service.
//
// +kubebuilder:validation:Enum=ClusterIP;NodePort;LoadBalancer
type ServiceType string

const (
	// ServiceClusterIP is reachable from within Kubernetes.
	ServiceClusterIP ServiceType = "ClusterIP"
	// ServiceNodePort is also reachable at a port of each node.
	ServiceNodePort ServiceType = "NodePort"
	// ServiceLoadBalancer also has a load balancer of the cloud provider.
	ServiceLoadBalancer ServiceType = "LoadBalancer"
)

// TrafficPolicy says which nodes' gateways take traffic that comes from outside.
//
// +kubebuilder:validation:Enum=Cluster;Local
type TrafficPolicy string

const (
	// TrafficCluster spreads traffic over all gateways.
	TrafficCluster TrafficPolicy = "Cluster"
	// TrafficLocal keeps traffic on the node where it arrived, and so clients' addresses too.
	TrafficLocal TrafficPolicy = "Local"
)

// SessionAffinity says whether connections of one client address go to one gateway.
//
// +kubebuilder:validation:Enum=None;ClientIP
type SessionAffinity string

const (
	// AffinityNone sends each connection anywhere, which is right: gateways need no affinity.
	AffinityNone SessionAffinity = "None"
	// AffinityClientIP keeps a client address at its gateway.
	AffinityClientIP SessionAffinity = "ClientIP"
)

// ServiceSpec is the Service that clients connect to.
//
// +kubebuilder:validation:XValidation:rule="!has(self.externalTrafficPolicy) || self.type != 'ClusterIP'",message="externalTrafficPolicy needs type NodePort or LoadBalancer"
// +kubebuilder:validation:XValidation:rule="!has(self.loadBalancerClass) || self.type == 'LoadBalancer'",message="loadBalancerClass needs type LoadBalancer"
// +kubebuilder:validation:XValidation:rule="!has(self.nodePort) || self.type != 'ClusterIP'",message="nodePort needs type NodePort or LoadBalancer"
type ServiceSpec struct {
	// type is ClusterIP, NodePort or LoadBalancer.
	// +optional
	// +kubebuilder:default=ClusterIP
	Type ServiceType `json:"type,omitempty"`

	// port is where clients connect to.
	// +optional
	// +kubebuilder:default=80
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port *int32 `json:"port,omitempty"`

	// nodePort is the port on each node; left out, Kubernetes chooses one. Only with type NodePort or LoadBalancer.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	NodePort *int32 `json:"nodePort,omitempty"`

	// annotations are added to the Service.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	Annotations map[string]AnnotationValue `json:"annotations,omitempty"`

	// externalTrafficPolicy is Cluster, or Local, which keeps clients' addresses. Only with type NodePort or LoadBalancer.
	// +optional
	ExternalTrafficPolicy TrafficPolicy `json:"externalTrafficPolicy,omitempty"`

	// loadBalancerClass chooses a load balancer implementation. Only with type LoadBalancer; it cannot be changed later.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?$`
	LoadBalancerClass string `json:"loadBalancerClass,omitempty"`

	// sessionAffinity is None, or ClientIP, which keeps a client address at one gateway.
	// +optional
	// +kubebuilder:default=None
	SessionAffinity SessionAffinity `json:"sessionAffinity,omitempty"`
}

// Hostname is a DNS name in lower case, maybe with *. in front.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:Pattern=`^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
type Hostname string

// IngressSpec makes an Ingress to the gateways.
type IngressSpec struct {
	// host is the name that clients connect to.
	// +required
	Host Hostname `json:"host,omitempty"`

	// ingressClassName chooses the ingress controller. Left out, it is the default class.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	IngressClassName string `json:"ingressClassName,omitempty"`

	// annotations are added to the Ingress: timeouts of an hour and more belong here, see docs/operator.md.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	Annotations map[string]AnnotationValue `json:"annotations,omitempty"`

	// tls serves TLS for the host. Left out, the Ingress speaks plain HTTP.
	// +optional
	TLS *IngressTLS `json:"tls,omitempty"`
}

// IngressTLS serves TLS.
type IngressTLS struct {
	// secretName is the Secret of type kubernetes.io/tls with the certificate.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	SecretName string `json:"secretName,omitempty"`
}

// HTTPRouteSpec makes an HTTPRoute to the gateways.
type HTTPRouteSpec struct {
	// parentRefs are the Gateways that the route is attached to.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	ParentRefs []ParentReference `json:"parentRefs,omitempty"`

	// hostnames are the names that clients connect to. None of them is whatever the Gateways serve.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	Hostnames []Hostname `json:"hostnames,omitempty"`
}

// ParentReference is a Gateway of the Gateway API.
type ParentReference struct {
	// name is the Gateway's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	Name string `json:"name,omitempty"`

	// namespace is the Gateway's namespace. Left out, it is the cluster's.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Namespace string `json:"namespace,omitempty"`

	// sectionName is one listener of the Gateway. Left out, it is every one that takes the route.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	SectionName string `json:"sectionName,omitempty"`
}
