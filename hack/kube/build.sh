#!/usr/bin/env bash
# Builds Kubernetes and what it needs from Go modules, once for a user and a version, and prints the folder.
#
#   hack/kube/build.sh envtest   etcd, kube-apiserver and kubectl
#   hack/kube/build.sh cluster   what a node needs, too
#   hack/kube/build.sh dir       build nothing: only print the folder
#
# The versions are those of modules/*/go.mod. Progress goes to standard error. Every program is built to a name of its
# own and renamed, so that what is in the folder is whole, whoever else builds at the same time.
set -euo pipefail
cd "$(dirname "$0")"

# The newcomer's settings are not wanted here: the build cache is hit only when every run uses the same flags.
export CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false -mod=readonly" GOWORK=off
jobs=${KUBE_BUILD_JOBS:-2}

# version prints the version of a module that one of the folders in modules requires.
version() { awk -v module="$2" '$1 == module && $2 ~ /^v/ {print $2; exit} $1 == "require" && $2 == module {print $3; exit}' "modules/$1/go.mod"; }

kubernetes=$(version kubernetes k8s.io/kubernetes)
containerd=$(version containerd github.com/containerd/containerd/v2)
plugins=$(version containerd github.com/containernetworking/plugins)

# The checksum stands for all other versions and for the flags: any change of them is another folder.
sum=$(cat build.sh cmd/pause/*.go modules/*/go.mod modules/*/go.sum modules/*/*.go | cksum | cut -d ' ' -f 1)
dir=${XDG_CACHE_HOME:-$HOME/.cache}/starling/kube/$kubernetes-$sum

# build builds one program: build NAME MODULE-FOLDER PACKAGE [LDFLAGS [TAGS]].
build() {
  local name=$1 folder=$2 package=$3 ldflags=${4:-} tags=${5:-}
  local start=$SECONDS temporary="$dir/.$name.$$"
  if [ -x "$dir/$name" ]; then return 0; fi
  printf 'Building %s%s ...\n' "$name" "$(hint "$name")" >&2
  if ! (cd "$folder" && nice -n 19 go build -p "$jobs" -tags "$tags" -ldflags "-s -w $ldflags" -o "$temporary" "$package") >&2; then
    rm -f "$temporary"
    printf 'error: building %s failed\n' "$name" >&2
    exit 1
  fi
  mv -f "$temporary" "$dir/$name"
  printf 'Built %s in %d s\n' "$name" $((SECONDS - start)) >&2
}

# hint says what to expect of the slow ones.
hint() {
  case $1 in
    kube-apiserver) echo " (five to fifteen minutes the first time: most of Kubernetes is compiled here)" ;;
    containerd | coredns | kube-controller-manager) echo " (a minute or two)" ;;
  esac
}

kubernetes() {
  local minor=${kubernetes#v*.} package=k8s.io/component-base/version
  local flags="-X $package.gitVersion=$kubernetes -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*}"
  build "$1" modules/kubernetes "k8s.io/kubernetes/cmd/$1" "$flags"
}

envtest() {
  kubernetes kube-apiserver
  build etcd modules/kubernetes go.etcd.io/etcd/server/v3
  kubernetes kubectl
}

cluster() {
  local program plugin
  envtest
  for program in kube-controller-manager kube-scheduler kubelet kube-proxy; do kubernetes "$program"; done
  for program in containerd ctr containerd-shim-runc-v2; do
    build "$program" modules/containerd "github.com/containerd/containerd/v2/cmd/$program" \
      "-X github.com/containerd/containerd/v2/version.Version=$containerd" no_btrfs,no_devmapper,no_zfs
  done
  for plugin in main/bridge main/loopback ipam/host-local meta/portmap; do
    build "${plugin#*/}" modules/containerd "github.com/containernetworking/plugins/plugins/$plugin" \
      "-X github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion=$plugins"
  done
  build coredns modules/coredns .
  build pause . ./cmd/pause
}

# One build at a time where flock is found; without it two may do the same work, which costs only time.
lock() {
  mkdir -p "$dir"
  command -v flock >/dev/null 2>&1 || return 0
  exec 9>"$dir/.lock"
  if ! flock -n 9; then
    echo "Waiting for another build into $dir ..." >&2
    flock 9
  fi
}

case ${1:-} in
  dir) ;;
  envtest | cluster)
    lock
    "$1"
    ;;
  *)
    echo "usage: hack/kube/build.sh envtest|cluster|dir" >&2
    exit 2
    ;;
esac
echo "$dir"
