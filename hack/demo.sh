#!/usr/bin/env bash
# Shows Starling on a real Kubernetes of this machine: brings a cluster up, installs the operator with Helm, applies the sample and
# prints the address of its chat page. Run again, it takes over what has changed. "down" removes everything.
#
#   KUBECONFIG   use this cluster instead, which has the image already (docs/install.md tells how)
#   DEMO_PORT    the page's port on 127.0.0.1; 8080, if left out
#   KUBE_NODES   nodes of the cluster; 1, if left out
#   KUBE_NAME    name of the cluster; demo, if left out
set -euo pipefail
. "$(dirname "$0")/lib.sh"

export KUBE_NAME=${KUBE_NAME:-demo}
port=${DEMO_PORT:-8080}
kube=hack/kube/kube.sh
namespace=starling-system
repository=ghcr.io/starling-realtime/starling
sample=config/samples/realtimecluster.yaml

own_cluster() { [ -z "${KUBECONFIG:-}" ]; }

# answers tells whether something on this machine listens on the port.
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

check() {
  own_cluster || return 0
  if [ "$(uname -s)" != Linux ] || [ "$(id -u)" != 0 ]; then
    die "a cluster of one's own needs root on Linux; set KUBECONFIG to use another one, kind's for example, or try \`make run\`, which needs neither"
  fi
  if ! $kube status >/dev/null 2>&1 && answers; then
    die "something listens on 127.0.0.1:$port already: choose another port with DEMO_PORT"
  fi
}

up() {
  check
  say "1. Helm (compiled the first time, which takes minutes)"
  local helm tag=devel
  helm=$(go tool -n -modfile=hack/tools/helm.mod helm)
  kubectl=kubectl
  if own_cluster; then
    IMAGE=$repository:devel hack/image.sh
    say "2. Kubernetes (built the first time, which takes 5 to 15 minutes)"
    KUBECONFIG_OWN=$($kube up)
    kubectl=$(hack/kube/build.sh dir)/kubectl
    local tarball
    tarball=bin/image-$(go env GOHOSTARCH).tar
    $kube load "$tarball"
    # A tag for each content, so that a run with a changed program replaces what the last one started.
    tag=demo-$(cksum <"$tarball" | cut -d ' ' -f 1)
    $kube tag "$repository:devel" "$repository:$tag"
    export KUBECONFIG=$KUBECONFIG_OWN
  fi
  say "3. the operator"
  "$helm" upgrade --install starling charts/starling --namespace "$namespace" --create-namespace --wait --timeout 5m \
    --set "image.repository=$repository" --set "image.tag=$tag"
  say "4. a RealtimeCluster: $sample"
  "$kubectl" apply -f "$sample"
  "$kubectl" wait --for=condition=Ready realtimecluster/chat --timeout=5m
  "$kubectl" get realtimecluster/chat
  open_door
}

# open_door makes the page reachable from this machine, and tells where.
open_door() {
  if [ -z "${KUBECONFIG_OWN:-}" ]; then
    say "Ready. Open the chat with
    kubectl port-forward service/chat-gateway $port:80
    http://127.0.0.1:$port
and remove everything with: make demo-down"
    return
  fi
  local service
  service=$("$kubectl" get service chat-gateway -o 'jsonpath={.spec.clusterIP}')
  $kube expose "127.0.0.1:$port" "$service:80"
  await_page
  say "Ready: http://127.0.0.1:$port

Open it in two windows and chat. Then try, and watch nobody leave:

    export KUBECONFIG=$KUBECONFIG_OWN PATH=\$PATH:$(dirname "$kubectl")
    kubectl get realtimecluster,pods
    kubectl scale realtimecluster/chat --replicas=4
    kubectl delete pod --wait=false \"\$(kubectl get pods -o name | head -n 1)\"

make demo-down removes everything."
}

await_page() {
  local line="" i
  for ((i = 0; i < 60; i++)); do
    line=$(page || true)
    case $line in *" 200 "*) return 0 ;; esac
    sleep 1
  done
  die "the page does not answer on 127.0.0.1:$port: ${line:-nothing comes}"
}

# page asks for it, and prints the status line.
page() {
  exec 3<>"/dev/tcp/127.0.0.1/$port" || return 1
  printf 'GET / HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$port" >&3
  head -n 1 <&3
  exec 3>&-
}

down() {
  if own_cluster; then
    $kube down
    return
  fi
  say "removing the cluster and the operator; the CustomResourceDefinition and the namespace $namespace stay"
  kubectl delete -f "$sample" --ignore-not-found --timeout=2m
  tool helm uninstall starling --namespace "$namespace" --ignore-not-found --wait --timeout 5m
}

case ${1:-} in
  up | down) "$1" ;;
  *) die "usage: hack/demo.sh up|down" ;;
esac
