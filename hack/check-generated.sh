#!/usr/bin/env bash
# Fails if `make generate` changes a file, or if go.mod or go.sum are not what the code needs.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# fingerprint lists every file that is not ignored, with its content's hash.
fingerprint() {
  git ls-files --cached --others --exclude-standard | while read -r file; do
    if [ -f "$file" ]; then printf '%s %s\n' "$(git hash-object "$file")" "$file"; fi
  done
}

say "make generate"
before=$(fingerprint)
make --no-print-directory generate
if ! changed=$(diff <(printf '%s\n' "$before") <(fingerprint)); then
  printf '%s\n' "$changed"
  die "generated files were not up to date: run make generate and commit what it changes"
fi

say "go.mod and go.sum"
go mod tidy -diff || die "run go mod tidy and commit what it changes"
go mod verify

say "generated files, go.mod and go.sum are up to date"
