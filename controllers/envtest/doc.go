// Package envtest tries the operator on a real kube-apiserver and etcd: `make test-envtest`.
//
// It promises that nothing is skipped: without the programs it fails. It has nothing but tests, under the build tag envtest. There is
// no controller manager and no kubelet behind the API server: the tests play their parts.
package envtest
