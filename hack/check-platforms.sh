#!/usr/bin/env bash
# Builds and vets everything, tests included, for the platforms that Starling supports.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

for platform in linux/amd64 linux/arm64 darwin/arm64; do
  say "$platform"
  export GOOS=${platform%/*} GOARCH=${platform#*/} CGO_ENABLED=0
  go build ./...
  go vet ./...
done

say "builds on every platform"
