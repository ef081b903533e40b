#!/usr/bin/env bash
# Generates what is derived from the API types: deepcopy methods and the CustomResourceDefinition.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

say "deepcopy methods"
tool controller-gen object paths=./api/...

say "CustomResourceDefinition"
tool controller-gen crd paths=./api/... output:crd:dir=config/crd/bases
