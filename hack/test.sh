#!/usr/bin/env bash
# Runs the tests: "all", or one of "go", "envtest", "examples", "js" and "browser". It goes on after a failure, and ends with what ran,
# what failed and what was left out.
#
#   RACE=auto|on|off  use the race detector where a C compiler is found, insist on it, or do without
#   PKG, RUN          packages and test names, for the Go tests
#   CI=true           leaving something out is a failure
set -euo pipefail
. "$(dirname "$0")/lib.sh"

RACE=${RACE:-auto}
PKG=${PKG:-./...}
results=""
status=0

# record runs a part of the tests and notes how it ended.
record() {
  local what=$1
  shift
  if "$@"; then
    results="$results
  passed:   $what"
  else
    status=1
    results="$results
  FAILED:   $what"
  fi
}

# race_works compiles and starts a small package with the race detector: that needs a C compiler on most platforms.
race_works() { go test -race -run '^$' errors >/dev/null 2>&1; }

go_tests() {
  local race=""
  case $RACE in
    off) left_out "the race detector: RACE=off" ;;
    auto | on)
      if race_works; then
        race=-race
      elif [ "$RACE" = on ]; then
        die "RACE=on, but the race detector does not work here: it needs a C compiler ($(go env CC))"
      else
        export CGO_ENABLED=0
        left_out "the race detector: it needs a C compiler ($(go env CC))"
      fi
      ;;
    *) die "RACE=$RACE: want auto, on or off" ;;
  esac
  local what="go test${race:+ $race} $PKG"
  say "$what"
  # PKG may name several packages.
  # shellcheck disable=SC2086
  record "$what" go_test $race ${RUN:+-run "$RUN"} $PKG
}

# go_test keeps a copy of the output, so that the packages' results can be repeated at the end.
# shellcheck disable=SC2317 # record calls it
go_test() { go test -timeout 20m "$@" 2>&1 | tee -a "$log"; }

# envtest tries the operator on a real kube-apiserver and etcd. Building those takes minutes, once for a user: it is done when
# it is asked for by name, and in CI.
envtest() {
  if [ "$1" = if_built ] && ! in_ci && [ -z "${KUBEBUILDER_ASSETS:-}" ] && [ ! -x "$(hack/kube/build.sh dir)/kube-apiserver" ]; then
    left_out "the operator on a real kube-apiserver: \`make test-envtest\` builds one, which takes 5 to 15 minutes the first time"
    return
  fi
  say "operator on a real kube-apiserver"
  record "go test -tags envtest ./controllers/envtest" envtest_test
}

# shellcheck disable=SC2317 # record calls it
envtest_test() {
  local assets
  assets=$(hack/envtest.sh) || return 1
  KUBEBUILDER_ASSETS=$assets go test -timeout 20m -tags envtest ./controllers/envtest 2>&1 | tee -a "$log"
}

# Examples that serve a page until Ctrl-C end by themselves with -check.
examples() {
  local main example check
  for main in examples/*/main.go; do
    example=${main%/main.go}
    check=""
    case $example in
      */live-dashboard) check=-check ;;
      */cursors)
        check=-check
        if ! has_node; then
          left_out "$example: it needs node 20 or later"
          continue
        fi
        ;;
    esac
    say "go run ./$example${check:+ $check}"
    record "$example" go run "./$example" $check
  done
}

has_node() { node -e 'process.exit(parseInt(process.versions.node, 10) < 20 ? 1 : 0)' 2>/dev/null; }

# with_node runs a part whose script knows what it needs, and says when that is missing here.
with_node() {
  local what=$1
  shift
  say "$what"
  record "$what" logged "$@"
  local missing
  if missing=$(grep '^!!! LEFT OUT: ' "$node_log"); then
    results=${results%$'\n'*}
    left_out_list="$left_out_list
  left out: ${missing#!!! LEFT OUT: }"
  fi
}

# shellcheck disable=SC2317 # record calls it
logged() { "$@" 2>&1 | tee "$node_log"; }

js() { with_node "JavaScript client" clients/js/run.sh test; }

browser() { with_node "browser test" test/browser/run.sh; }

log=$(mktemp)
node_log=$(mktemp)
trap 'rm -f "$log" "$node_log"' EXIT

case ${1:-all} in
  all)
    go_tests
    in_ci || left_out "the Helm charts: \`make test-charts\` compiles Helm, which takes minutes the first time"
    envtest if_built
    examples
    js
    browser
    ;;
  go) go_tests ;;
  envtest) envtest always ;;
  examples) examples ;;
  js) js ;;
  browser) browser ;;
  *) die "usage: hack/test.sh [all|go|envtest|examples|js|browser]" ;;
esac

if [ -s "$log" ]; then
  say "Go packages"
  grep -E '^((ok|FAIL)[[:space:]]|--- FAIL|panic:)' "$log" || true
fi
say "Tests:$results$left_out_list"
exit "$status"
