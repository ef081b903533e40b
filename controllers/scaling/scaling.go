// Package scaling decides how many gateways a cluster should have.
//
// It promises to be pure: the same cluster gives the same answer, whoever asks and however often, so that an operator that
// restarts changes nothing.
package scaling

import (
	"github.com/starling-realtime/starling/api/v1alpha1"
)

// Replicas is how many gateways the cluster should have. Every apply of its Deployment says so: see package resources.
func Replicas(cluster *v1alpha1.RealtimeCluster) int32 {
	if n := cluster.Spec.Replicas; n != nil {
		return *n
	}
	return v1alpha1.DefaultReplicas
}
