package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kind is the kind of a [RealtimeCluster] in a manifest.
const Kind = "RealtimeCluster"

// GroupVersion is the API group and version of this package's types.
var GroupVersion = schema.GroupVersion{Group: "realtime.starling.dev", Version: "v1alpha1"}

// AddToScheme registers this package's types with a scheme. The error is always nil.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion, &RealtimeCluster{}, &RealtimeClusterList{})
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
