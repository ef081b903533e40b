#!/usr/bin/env bash
# Builds and vets everything, tests included, for the platforms that Starling supports, and the kubectl plugin for those of its users.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

for platform in linux/amd64 linux/arm64 darwin/arm64; do
  say "$platform"
  export GOOS=${platform%/*} GOARCH=${platform#*/} CGO_ENABLED=0
  go build ./...
  go vet ./...
done

for platform in $plugin_platforms; do
  case $platform in linux/* | darwin/arm64) continue ;; esac # built above
  say "$platform, the kubectl plugin"
  GOOS=${platform%/*} GOARCH=${platform#*/} CGO_ENABLED=0 go build -o /dev/null ./cmd/kubectl-starling
done

say "builds on every platform"
