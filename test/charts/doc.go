// Package charts proves that the Helm charts and kustomize give the same operator, that values change what they should, and that what
// is wrong in them is refused. It has nothing but tests.
//
// What is rendered is compared with files in testdata; `go test ./test/charts -update` writes them anew. Helm and kustomize are
// programs: $HELM and $KUSTOMIZE name them, and `make test-charts` builds both. Helm takes minutes to compile, so without them the
// tests that need them are skipped, and `make test` leaves them to `make test-charts`.
package charts
