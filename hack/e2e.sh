#!/usr/bin/env bash
# Tries the operator and its gateways on a real Kubernetes: builds the image, brings a cluster up, runs test/e2e in its network, and
# takes everything down.
#
#   KUBECONFIG   use this cluster instead. It has the image already, under both tags, and Services' and pods' addresses can be
#                reached from here. A run that fails leaves everything there, to be looked at and deleted by hand: the Helm release in
#                starling-e2e-system, the namespaces starling-e2e and starling-e2e-system, and the CustomResourceDefinition
#   E2E_REPOSITORY, E2E_TAG, E2E_UPGRADE_TAG   the image, and the tag that it is upgraded to
#   E2E_FULL=1   every operation under load several times, with restarts of the operator at different moments: about half an hour
#   E2E_REPORT   a file for the figures, as JSON; bin/e2e-report.json, if left out
#   RUN          steps by name, as in `go test -run`; E2E_SKIP leaves some out, as `go test -skip` does
#   KUBE_NAME    the name of the cluster that is brought up; e2e, if left out
#   KUBE_NODES   its nodes; 3, if left out
set -euo pipefail
. "$(dirname "$0")/lib.sh"

export E2E_REPOSITORY=${E2E_REPOSITORY:-ghcr.io/starling-realtime/starling}
export E2E_TAG=${E2E_TAG:-devel}
export E2E_UPGRADE_TAG=${E2E_UPGRADE_TAG:-devel-upgrade}
export KUBE_NAME=${KUBE_NAME:-e2e}
RUN=${RUN:-}
export KUBE_NODES=${KUBE_NODES:-3}
export E2E_REPORT=${E2E_REPORT:-$PWD/bin/e2e-report.json}
kube=hack/kube/kube.sh

test_in() { "$@" go test -tags e2e -count=1 -v -timeout "${E2E_FULL:+1}30m" ${RUN:+-run "$RUN"} ${E2E_SKIP:+-skip "$E2E_SKIP"} ./test/e2e; }

if [ -n "${KUBECONFIG:-}" ]; then
  say "KUBECONFIG is set: using that cluster, with the image $E2E_REPOSITORY:$E2E_TAG, and :$E2E_UPGRADE_TAG to upgrade to"
elif [ "$(uname -s)" != Linux ] || [ "$(id -u)" != 0 ]; then
  die "a cluster of one's own needs root on Linux; set KUBECONFIG to use another one (docs/install.md tells how to load the image)"
fi

say "building helm, the kubectl plugin and the test (minutes the first time)"
HELM=$(go tool -n -modfile=hack/tools/helm.mod helm)
export HELM
go test -tags e2e -count=1 -run '^$' ./test/e2e ./test/demo
CGO_ENABLED=0 go build -o bin/plugin/ ./cmd/kubectl-starling
export E2E_PLUGIN=$PWD/bin/plugin

if [ -n "${KUBECONFIG:-}" ]; then
  test_in env
  exit
fi

IMAGE=$E2E_REPOSITORY:$E2E_TAG hack/image.sh
if [ -z "$RUN" ]; then
  say "make demo, and make demo-down"
  go test -tags e2e -count=1 -v -timeout 20m ./test/demo
fi
say "Kubernetes"
trap '$kube down' EXIT
$kube up
$kube load "bin/image-$(go env GOHOSTARCH).tar"
$kube tag "$E2E_REPOSITORY:$E2E_TAG" "$E2E_REPOSITORY:$E2E_UPGRADE_TAG"
say "end to end"
# The program itself: the script would look whether it has to build anything, each time that a test cuts a node off.
KUBE_BIN=$(hack/kube/build.sh dir)
export KUBE_BIN E2E_KUBE=$PWD/bin/kube
cp "$KUBE_BIN/kube" "$E2E_KUBE"
test_in $kube exec --
