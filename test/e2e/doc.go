// Package e2e tries the operator and its gateways on a real Kubernetes: Helm installs, the operator makes pods of the built image,
// and WebSocket clients talk to them through the Service. `make e2e` brings a cluster up, runs it there and takes everything down.
//
// It promises nothing about other networks than the cluster's own: Services' addresses and pods' must be reachable from the test.
// It is compiled only with the build tag e2e.
package e2e
