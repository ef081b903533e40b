#!/usr/bin/env bash
# Builds both programs and puts them into a container image, bin/image-<arch>.tar, without a container daemon and without a
# registry. `docker load`, `ctr images import`, `kind load image-archive` and `minikube image load` read that file.
#
#   ARCH     amd64 or arm64; this machine's, if left out
#   IMAGE    the image's name and tag
#   VERSION  the release in the programs, such as v1.2.3; if left out, what git knows
set -euo pipefail
. "$(dirname "$0")/lib.sh"

ARCH=${ARCH:-$(go env GOHOSTARCH)}
IMAGE=${IMAGE:-ghcr.io/starling-realtime/starling:devel}
VERSION=${VERSION:-}
programs="starling starling-operator"
out=bin/image-$ARCH.tar

case $ARCH in
  amd64 | arm64) ;;
  *) die "ARCH=$ARCH: want amd64 or arm64" ;;
esac

say "building for linux/$ARCH: $programs (the operator takes minutes the first time)"
mkdir -p "bin/linux-$ARCH"
ldflags="-s -w"
if [ -n "$VERSION" ]; then ldflags="$ldflags -X github.com/starling-realtime/starling/gateway/buildinfo.version=$VERSION"; fi
files=()
for program in $programs; do
  CGO_ENABLED=0 GOOS=linux GOARCH=$ARCH go build -ldflags "$ldflags" -o "bin/linux-$ARCH/$program" "./cmd/$program"
  files+=("$PWD/bin/linux-$ARCH/$program")
done

say "packing $IMAGE"
(cd hack/image && go run . -platform "linux/$ARCH" -tag "$IMAGE" -version "${VERSION:-devel}" -out "$OLDPWD/$out" "${files[@]}")

say "$out holds $IMAGE ($(($(wc -c <"$out") / 1024 / 1024)) MiB)
    docker load -i $out
    kind load image-archive $out
    minikube image load $out
    ctr --namespace k8s.io images import $out"
