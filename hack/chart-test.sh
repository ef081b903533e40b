#!/usr/bin/env bash
# Tests the Helm charts with the versions of Helm and kustomize that hack/tools pins, and the program that makes the image. Where etcd
# and kube-apiserver are built already, or in CI, the charts are also installed on a real API server.
#
#   UPDATE=1  write the rendered files in test/charts/testdata anew
set -euo pipefail
. "$(dirname "$0")/lib.sh"

say "building helm and kustomize (one to three minutes the first time)"
HELM=$(go tool -n -modfile=hack/tools/helm.mod helm)
KUSTOMIZE=$(go tool -n -modfile=hack/tools/kustomize.mod kustomize)
export HELM KUSTOMIZE

tags=charts
if in_ci || [ -n "${KUBEBUILDER_ASSETS:-}" ] || [ -x "$(hack/kube/build.sh dir)/kube-apiserver" ]; then
  KUBEBUILDER_ASSETS=$(hack/envtest.sh)
  export KUBEBUILDER_ASSETS
  say "building the operator"
  CGO_ENABLED=0 go build -o bin/ ./cmd/starling-operator
  export OPERATOR=$PWD/bin/starling-operator
  tags=charts,envtest
else
  left_out "installing the charts on a real API server: hack/envtest.sh builds one"
fi

say "charts (tags $tags)"
go test -count=1 ./hack/chart
go test -count=1 -timeout 15m -tags "$tags" ./test/charts ${UPDATE:+-update}

say "image"
(cd hack/image && go vet . && go test -count=1 .)

say "chart tests passed$left_out_list"
