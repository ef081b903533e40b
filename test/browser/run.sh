#!/usr/bin/env bash
# Tries the demo page, the dashboard, the pages of examples/ and the quick starts in headless Chromium, on scripted gateways and on real
# ones. Screenshots go to out/.
#
#   CHROMIUM=/path/to/chromium   the browser to use
#   STARLING=/path/to/starling   the binary to test, instead of building one
#   test/browser/run.sh chat.test.mjs looks.test.mjs   only these files
set -euo pipefail
cd "$(dirname "$0")"

# missing says what is not here: a failure in CI, a loud notice on a laptop.
missing() {
  if [ "${CI:-}" = true ]; then
    printf 'error: the browser test needs %s\n' "$1" >&2
    exit 1
  fi
  printf '\n!!! LEFT OUT: the browser test, which needs %s\n\n' "$1"
  exit 0
}

find_chromium() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [ -n "$name" ] && command -v "$name"; then return 0; fi
  done
  return 1
}

node -e 'process.exit(parseInt(process.versions.node, 10) < 20 ? 1 : 0)' 2>/dev/null || missing "node 20 or later"
for name in npm curl openssl python3; do command -v "$name" >/dev/null || missing "$name"; done
CHROMIUM=$(find_chromium) || missing "chromium (apt-get install chromium, or set CHROMIUM)"
export CHROMIUM

mkdir -p out
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --ignore-scripts --no-audit --no-fund
fi
if [ -z "${STARLING:-}" ]; then
  STARLING=$PWD/out/starling
  (cd ../.. && CGO_ENABLED=0 go build -o "$STARLING" ./cmd/starling)
fi
export STARLING
(cd ../.. && CGO_ENABLED=0 go build -o test/browser/out/ ./examples/cursors ./examples/live-dashboard)

if [ $# -eq 0 ]; then set -- *.test.mjs; fi
# One file at a time: browsers that compete for two cores are only slower.
exec node --test --test-concurrency=1 --test-reporter=spec "$@"
