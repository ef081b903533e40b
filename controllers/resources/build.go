package resources

import (
	"errors"
	"fmt"
	"net/netip"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/starling-realtime/starling/api/v1alpha1"
	"github.com/starling-realtime/starling/internal/gatewayargs"
)

// Kinds of the objects of a cluster.
//
//nolint:gochecknoglobals // constants that Go cannot spell
var (
	KindServiceAccount      = schema.GroupVersionKind{Version: "v1", Kind: "ServiceAccount"}
	KindService             = schema.GroupVersionKind{Version: "v1", Kind: "Service"}
	KindNetworkPolicy       = schema.GroupVersionKind{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"}
	KindPodDisruptionBudget = schema.GroupVersionKind{Group: "policy", Version: "v1", Kind: "PodDisruptionBudget"}
	KindIngress             = schema.GroupVersionKind{Group: "networking.k8s.io", Version: "v1", Kind: "Ingress"}
	KindDeployment          = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
	KindHTTPRoute           = schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"}
	KindPodMonitor          = schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "PodMonitor"}
)

// OptionalKinds are those whose CustomResourceDefinition may be missing.
var OptionalKinds = []schema.GroupVersionKind{KindHTTPRoute, KindPodMonitor}

// ErrSpec says that a spec asks for what this release cannot do, although the schema allows it.
var ErrSpec = errors.New("spec")

// Input is what the objects of a cluster are made of.
type Input struct {
	// Cluster has its defaults set and is valid.
	Cluster *v1alpha1.RealtimeCluster
	// DefaultImage is the image of gateways whose cluster names none.
	DefaultImage string
	// OperatorNamespace is where the operator runs; its pods may reach the admin port.
	OperatorNamespace string
	// Replicas is how many gateways the planner wants.
	Replicas int32
	// HoldRollout stops a rollout where it is, whatever the spec says.
	HoldRollout bool
}

// Image is the image that new gateways get.
func (in *Input) Image() string {
	if image := in.Cluster.Spec.Image; image != "" {
		return image
	}
	return in.DefaultImage
}

// A Desired is one object as it should be.
type Desired struct {
	Kind schema.GroupVersionKind
	Name string
	// Config is what the operator owns of the object; nil: there should be no such object.
	Config runtime.ApplyConfiguration
}

// Build returns every object that a cluster should have, and those that it should not have, in the order in which they are
// applied. The error is [ErrSpec].
func Build(in Input) ([]Desired, error) {
	if n := len(gatewayargs.Rules(in.Cluster)); n > maxRulesBytes {
		return nil, fmt.Errorf("%w.auth.rules: the rules have %d bytes as a gateway's flag, the system takes %d: use fewer or shorter patterns",
			ErrSpec, n, maxRulesBytes)
	}
	for i, network := range in.Cluster.Spec.Gateway.TrustedProxies {
		// The schema sees only how it is written, and a gateway would not start with it.
		if _, err := netip.ParsePrefix(string(network)); err != nil {
			return nil, fmt.Errorf("%w.gateway.trustedProxies[%d]: %q is no network such as 10.0.0.0/8 or fd00::/8", ErrSpec, i, network)
		}
	}
	b := builder{in: in, cluster: in.Cluster, spec: &in.Cluster.Spec}
	name := GatewayName(in.Cluster.Name)
	deployment, err := b.deployment()
	if err != nil {
		return nil, err
	}
	return []Desired{
		{KindServiceAccount, name, b.serviceAccount()},
		{KindService, MeshServiceName(in.Cluster.Name), b.meshService()},
		{KindService, name, b.clientService()},
		{KindNetworkPolicy, name, orNone(b.networkPolicy())},
		{KindPodDisruptionBudget, name, b.disruptionBudget()},
		{KindDeployment, name, deployment},
		{KindIngress, name, orNone(b.ingress())},
		{KindHTTPRoute, name, orNone(b.httpRoute())},
		{KindPodMonitor, name, b.podMonitor()},
	}, nil
}

// maxRulesBytes keeps the flag below the 128 KiB that Linux allows one argument.
const maxRulesBytes = 120 << 10

// orNone keeps a nil pointer from becoming an interface that is not nil.
func orNone[T any, P interface {
	*T
	runtime.ApplyConfiguration
}](config P) runtime.ApplyConfiguration {
	if config == nil {
		return nil
	}
	return config
}

// builder makes the objects of one cluster.
type builder struct {
	in      Input
	cluster *v1alpha1.RealtimeCluster
	spec    *v1alpha1.RealtimeClusterSpec
}

// owner makes the garbage collector delete an object with its cluster.
func (b *builder) owner() *metav1ac.OwnerReferenceApplyConfiguration {
	return metav1ac.OwnerReference().
		WithAPIVersion(v1alpha1.GroupVersion.String()).WithKind(v1alpha1.Kind).
		WithName(b.cluster.Name).WithUID(b.cluster.UID).
		WithController(true).WithBlockOwnerDeletion(true)
}

func (b *builder) labels() map[string]string   { return Labels(b.cluster.Name) }
func (b *builder) selector() map[string]string { return Selector(b.cluster.Name) }
func (b *builder) name() string                { return GatewayName(b.cluster.Name) }

// plain turns a map of a named string type into one of strings.
func plain[V ~string](values map[string]V) map[string]string {
	if values == nil {
		return nil
	}
	out := make(map[string]string, len(values))
	for key, value := range values {
		out[key] = string(value)
	}
	return out
}
