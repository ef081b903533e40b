#!/usr/bin/env bash
# Counts the allocations of the hot paths, and fails when there are more than hack/bench/allocs.txt says. UPDATE=1 writes that file.
# The numbers of iterations are fixed, so that the counts are the same on every machine; times are only printed.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

out=$(mktemp)
trap 'rm -f "$out"' EXIT

# count runs the benchmarks of a package that match, a number of times each.
count() {
  go test -run '^$' -bench "$2" -benchtime "$3" -benchmem -count 3 "$1" >>"$out" || { cat "$out"; die "$1: a benchmark failed"; }
}

count ./hub '^Benchmark(Publish|Join|Leave|Snapshot|ApplyRemote|Digest|ReplaceRemote)$' 1000x
count ./gateway/protocol '^Benchmark(Parse.*|EncodeSnapshot|EncodeWelcome)$' 1000x
count ./gateway/protocol '^BenchmarkEncodeEvent$/^append$' 1000x
count ./gateway/fanout '^Benchmark(Enqueue|Flush|Uncork)$' 16000x
count ./gateway/mesh/link '^Benchmark(Write|Read)Frame$' 1000x
count ./gateway/mesh '^BenchmarkFrame$' 1000x
count ./gateway/tracing '^BenchmarkStart$' 1000x
go run ./hack/bench/allocs ${UPDATE:+-update} <"$out"
