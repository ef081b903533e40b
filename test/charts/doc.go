// Package charts proves that the Helm charts and kustomize give the same operator, that values change what they should, that what is
// wrong in them is refused, and that a real API server takes them. It has nothing but tests.
//
// Most of them need Helm and kustomize, in $HELM and $KUSTOMIZE, and the build tag charts; those of the API server need the tag envtest
// too, and $KUBEBUILDER_ASSETS. Helm takes minutes to compile, so `make test` has none of this: `make test-charts` runs it all. What is
// rendered is compared with files in testdata; `UPDATE=1 make test-charts` writes them anew.
package charts
