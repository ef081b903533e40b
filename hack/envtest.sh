#!/usr/bin/env bash
# Prints a folder with etcd, kube-apiserver and kubectl, for KUBEBUILDER_ASSETS. It uses what is there already, else asks
# setup-envtest for ready-made ones, else builds them from Go modules. Progress goes to standard error.
#
#   KUBEBUILDER_ASSETS  a folder of one's own: printed as it is
#   ENVTEST_BUILD=1     do not ask setup-envtest
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# complete tells whether a folder has all three programs.
complete() { [ -x "$1/etcd" ] && [ -x "$1/kube-apiserver" ] && [ -x "$1/kubectl" ]; }

# within runs a command for at most some seconds. macOS has no timeout(1).
within() {
  local end=$((SECONDS + $1)) command
  shift
  "$@" &
  command=$!
  while kill -0 "$command" 2>/dev/null; do
    if [ "$SECONDS" -ge "$end" ]; then kill "$command"; fi
    sleep 0.2
  done
  wait "$command"
}

# ready_made downloads the programs with setup-envtest. The index is asked first, with little patience: where there is no
# network, the build should start soon.
ready_made() {
  local version setup
  version=$(awk '$1 == "k8s.io/kubernetes" {print substr($2, 2)} $2 == "k8s.io/kubernetes" {print substr($3, 2)}' hack/kube/modules/kubernetes/go.mod | head -n 1)
  setup=$(go tool -n -modfile=hack/tools/setup-envtest.mod setup-envtest) || return 1
  within 10 "$setup" list --remote "$version" >/dev/null 2>&1 || return 1
  within 300 "$setup" use --print path "$version"
}

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
  complete "$KUBEBUILDER_ASSETS" || die "KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS lacks etcd, kube-apiserver or kubectl"
  printf '%s\n' "$KUBEBUILDER_ASSETS"
  exit 0
fi

built=$(hack/kube/build.sh dir)
if ! complete "$built" && [ -z "${ENVTEST_BUILD:-}" ]; then
  printf 'Asking setup-envtest for etcd and kube-apiserver ...\n' >&2
  if assets=$(ready_made) && complete "$assets"; then
    printf '%s\n' "$assets"
    exit 0
  fi
  printf 'It has no answer. They are built from Go modules instead, once.\n' >&2
fi
hack/kube/build.sh envtest
