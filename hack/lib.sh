# shellcheck shell=bash
# What the scripts of this folder share. They are started from anywhere and work in the repository's root. They keep to
# bash 3.2, which is what macOS has.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# say prints a heading, so that a long run can be followed.
say() { printf '\n==> %s\n' "$*"; }

# die explains a failure and ends the script.
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# plugin_platforms are those that the kubectl plugin is made for: people use it on Windows too.
# shellcheck disable=SC2034 # the scripts that source this use it
plugin_platforms="linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64"

has() { command -v "$1" >/dev/null 2>&1; }

in_ci() { [ "${CI:-}" = true ]; }

# left_out records what could not be done here. On a laptop that is said loudly and the rest goes on; in CI it is a failure.
left_out_list=""
left_out() {
  if in_ci; then die "$*"; fi
  printf '\n!!! LEFT OUT: %s\n' "$*"
  left_out_list="$left_out_list
  left out: $*"
}

# tool runs a development tool at the version that hack/tools pins, building it when it is not in the build cache.
tool() {
  local name=$1
  shift
  go tool -modfile="hack/tools/$name.mod" "$name" "$@"
}
