#!/usr/bin/env bash
# Checks the Go code (and its formatting) and the scripts.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

shell_scripts() {
  git ls-files --cached --others --exclude-standard -- '*.sh' .ci/run | while read -r file; do
    if [ -f "$file" ]; then printf '%s\n' "$file"; fi
  done
}

say "golangci-lint (the first run builds it, which takes a minute or two)"
tool golangci-lint run ./...

if has shellcheck; then
  say "shellcheck"
  shell_scripts | xargs shellcheck
else
  left_out "shellcheck of the scripts: shellcheck is not installed"
fi

say "lint passed$left_out_list"
