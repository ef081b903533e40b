#!/usr/bin/env bash
# Tests the Helm charts with the versions of Helm and kustomize that hack/tools pins, and the program that makes the image.
# UPDATE=1 writes the rendered files in test/charts/testdata anew.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

say "building helm and kustomize (one to three minutes the first time)"
HELM=$(go tool -n -modfile=hack/tools/helm.mod helm)
KUSTOMIZE=$(go tool -n -modfile=hack/tools/kustomize.mod kustomize)
export HELM KUSTOMIZE

say "charts"
go test -count=1 ./hack/chart ./test/charts ${UPDATE:+-update}

say "image"
(cd hack/image && go vet . && go test -count=1 .)
