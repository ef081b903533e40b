// Package v1alpha1 holds the RealtimeCluster API, group realtime.starling.dev: what a user asks for and what the operator
// reports. `starling up` reads the same manifests as the operator.
//
// It promises that every list and string in the schema is bounded, that [SetDefaults] fills in exactly what the schema's
// defaults fill in, and that [Validate] refuses what the schema refuses, naming the path and what would be right.
//
// Kubernetes' own types in it (resources, affinity, tolerations, spread constraints) are Kubernetes' to bound and to judge.
//
// It does not talk to Kubernetes and imports nothing but k8s.io/apimachinery and k8s.io/api, so that the gateway's binary stays
// free of a Kubernetes client.
//
// +kubebuilder:object:generate=true
// +groupName=realtime.starling.dev
package v1alpha1
