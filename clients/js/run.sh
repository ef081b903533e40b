#!/usr/bin/env bash
# Builds or tests the JavaScript client.
#
#   run.sh build              dist/, and the demo page's copy of the client
#   run.sh test [FILES]       the tests, or only these files
#   STARLING=/path/starling   the binary for the tests on real gateways, instead of building one
set -euo pipefail
cd "$(dirname "$0")"

# missing says what is not here: a failure in CI, a loud notice on a laptop.
missing() {
  if [ "${CI:-}" = true ]; then
    printf 'error: the JavaScript client needs %s\n' "$1" >&2
    exit 1
  fi
  printf '\n!!! LEFT OUT: the JavaScript client, which needs %s\n\n' "$1"
  exit 0
}

node -e 'process.exit(parseInt(process.versions.node, 10) < 20 ? 1 : 0)' 2>/dev/null || missing "node 20 or later"
command -v npm >/dev/null || missing "npm"

if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --ignore-scripts --no-audit --no-fund
fi

case ${1:-} in
  build) exec node scripts/build.mjs --demo ;;
  test) shift ;;
  *)
    printf 'usage: run.sh build | test [FILES]\n' >&2
    exit 2
    ;;
esac

if [ -z "${STARLING:-}" ]; then
  mkdir -p out
  STARLING=$PWD/out/starling
  (cd ../.. && CGO_ENABLED=0 go build -o "$STARLING" ./cmd/starling)
fi
export STARLING

node scripts/build.mjs
if [ $# -eq 0 ]; then set -- test/*.test.mjs; fi
exec node --test --test-concurrency=2 --test-reporter=spec "$@"
