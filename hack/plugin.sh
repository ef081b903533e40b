#!/usr/bin/env bash
# Builds the kubectl plugin for every platform and packs what a release has of it into bin/plugin/release: an archive for each, their
# checksums, and the manifest with which krew installs it.
#
#   VERSION    the release, such as v1.2.3; if left out, the programs say what git knows, and the manifest v0.0.0-devel
#   PLATFORMS  some of them, as "linux/amd64 darwin/arm64"
set -euo pipefail
. "$(dirname "$0")/lib.sh"

VERSION=${VERSION:-}
PLATFORMS=${PLATFORMS:-$plugin_platforms}
out=bin/plugin/release

ldflags="-s -w"
if [ -n "$VERSION" ]; then ldflags="$ldflags -X github.com/starling-realtime/starling/gateway/buildinfo.version=$VERSION"; fi
rm -rf "$out"
programs=()
for platform in $PLATFORMS; do
  say "building for $platform"
  program=bin/plugin/${platform%/*}-${platform#*/}
  CGO_ENABLED=0 GOOS=${platform%/*} GOARCH=${platform#*/} go build -trimpath -ldflags "$ldflags" -o "$program" ./cmd/kubectl-starling
  programs+=("$platform=$program")
done

say "packing"
go run ./hack/plugin -version "${VERSION:-v0.0.0-devel}" -out "$out" "${programs[@]}"
(cd "$out" && if has sha256sum; then sha256sum --check --quiet checksums.txt; else shasum -a 256 --check --quiet checksums.txt; fi)

say "$out holds:
$(ls -1 "$out")

    kubectl krew install --manifest=$out/starling.yaml --archive=$out/kubectl-starling-$(go env GOHOSTOS)-$(go env GOHOSTARCH).tar.gz"
