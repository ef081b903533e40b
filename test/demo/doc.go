// Package demo tries `make demo` and `make demo-down` as a person would: on a Kubernetes of its own, twice, and with a look at what is
// left. `make e2e` runs it. It is compiled only with the build tag e2e, and needs root on Linux.
package demo
