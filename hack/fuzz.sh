#!/usr/bin/env bash
# Runs every fuzz test of the packages in PKG for FUZZTIME each. Go can fuzz only one at a time.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

FUZZTIME=${FUZZTIME:-10s}
PKG=${PKG:-./...}

# Lists "<package> <file>" for every test file.
# shellcheck disable=SC2016
test_files='{{$p := .ImportPath}}{{$d := .Dir}}{{range .TestGoFiles}}{{$p}} {{$d}}/{{.}}
{{end}}{{range .XTestGoFiles}}{{$p}} {{$d}}/{{.}}
{{end}}'

# fuzz_tests lists "<package> <fuzz test>".
fuzz_tests() {
  # PKG may name several packages.
  # shellcheck disable=SC2086
  go list -f "$test_files" $PKG | while read -r pkg file; do
    if [ -n "$file" ]; then
      sed -n "s|^func \(Fuzz[A-Za-z0-9_]*\)(.*|$pkg \1|p" "$file"
    fi
  done
}

tests=$(fuzz_tests)
[ -n "$tests" ] || die "no fuzz test in $PKG"

while read -r pkg name; do
  say "$name ($pkg), $FUZZTIME"
  go test -run '^$' -fuzz "^$name\$" -fuzztime "$FUZZTIME" "$pkg" </dev/null
done <<<"$tests"

say "fuzz: $(wc -l <<<"$tests" | tr -d ' ') tests passed, $FUZZTIME each"
