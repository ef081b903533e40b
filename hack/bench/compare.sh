#!/usr/bin/env bash
# Measures Starling beside Centrifugo and Socket.IO: see hack/bench/compare/doc.go. The others come from the Go module proxy and npm
# at pinned versions and are kept in the user's cache. Arguments go to the comparison, as --work rooms --rounds 5.
set -euo pipefail
. "$(dirname "$0")/../lib.sh"

centrifugo_version=v5.4.9
cache=${XDG_CACHE_HOME:-$HOME/.cache}/starling/bench
ulimit -n "$(ulimit -Hn)"

# A module with this many requirements is built where its own go.sum is.
if [ ! -x "$cache/centrifugo-$centrifugo_version" ]; then
  say "Building Centrifugo $centrifugo_version (minutes)"
  dir=$(go mod download -json "github.com/centrifugal/centrifugo/v5@$centrifugo_version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  mkdir -p "$cache"
  rm -rf "$cache/src"
  cp -r "$dir" "$cache/src"
  chmod -R u+w "$cache/src"
  (cd "$cache/src" && CGO_ENABLED=0 go build -o "$cache/centrifugo-$centrifugo_version" .)
  rm -rf "$cache/src"
fi

say "Installing Socket.IO"
mkdir -p "$cache/socketio"
cp hack/bench/compare/socketio/* "$cache/socketio/"
npm --prefix "$cache/socketio" install --no-audit --no-fund --silent

make -s build-starling
go build -o bin/compare ./hack/bench/compare
say "compare $*"
exec bin/compare --centrifugo "$cache/centrifugo-$centrifugo_version" --socketio "$cache/socketio" "$@"
