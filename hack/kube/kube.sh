#!/usr/bin/env bash
# Runs a real Kubernetes of one node on this machine. README.md in this folder tells how; run it without arguments for the
# commands. It builds what is missing first.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

if [ "$(uname -s)" != Linux ]; then
  echo "error: a cluster of one's own needs Linux; set KUBECONFIG to use another, kind's for example" >&2
  exit 1
fi

# Only a cluster's start waits for the build; the other commands use what there is.
what=dir
case ${1:-} in up | run) if [ -z "${KUBECONFIG:-}" ]; then what=cluster; fi ;; esac
KUBE_BIN=$("$here/build.sh" "$what")
export KUBE_BIN

# One's own is never in the way of another's: programs are replaced by renaming, here too.
mkdir -p "$KUBE_BIN"
(cd "$here" && CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOWORK=off go build -o "$KUBE_BIN/.kube.$$" ./cmd/kube) || exit 1
mv -f "$KUBE_BIN/.kube.$$" "$KUBE_BIN/kube"
exec "$KUBE_BIN/kube" "$@"
