// Package resources turns a RealtimeCluster into the Kubernetes objects that make it real, as apply configurations.
//
// It promises that [Build] is a pure function: the same input gives the same objects, byte for byte, and an object holds only the
// fields that the operator owns. Golden files in testdata show them; `go test ./controllers/resources -update` writes them anew.
//
// It does not talk to Kubernetes, and it makes no keys: the Secret with the mesh key is created once, never applied.
package resources
