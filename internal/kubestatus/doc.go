// Package kubestatus asks the gateways of a RealtimeCluster about themselves through the Kubernetes API server, for `kubectl starling
// status`.
//
// It reads the RealtimeCluster, lists its pods and gets each one's /status by the pods/proxy subresource, so it needs no way into the
// cluster's network and no key of Starling's, but the right to `get` these three. /status names no channel and no member. A pod that does
// not answer is named with the reason.
//
// The API server connects to the pod from its own address: a NetworkPolicy of the cluster's own must let that through.
package kubestatus
