#!/usr/bin/env bash
# Runs the benchmarks that match BENCH, COUNT times each, keeps the figures in bin/bench.txt and sums them up. With BASE,
# a file of earlier figures, it compares the two.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

out=bin/bench.txt
mkdir -p bin
[ -z "${BASE:-}" ] || [ -f "$BASE" ] || die "BASE=$BASE: no such file; copy an earlier $out there"

# PKG may name several packages.
# shellcheck disable=SC2086
go test -run '^$' -bench "${BENCH:-.}" -benchmem -count "${COUNT:-6}" ${PKG:-./...} | tee "$out"

say "benchstat"
tool benchstat ${BASE:+"$BASE"} "$out"
