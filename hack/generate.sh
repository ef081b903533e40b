#!/usr/bin/env bash
# Generates what is derived from the API types and from markers: deepcopy methods, the CustomResourceDefinition, the operator's
# ClusterRole, the Helm charts' copies of what is in config/, and the demo page's copy of the JavaScript client.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

say "deepcopy methods"
tool controller-gen object paths=./api/...

say "CustomResourceDefinition"
tool controller-gen crd paths=./api/... output:crd:dir=config/crd/bases

say "ClusterRole of the operator"
tool controller-gen rbac:roleName=starling-operator paths=./controllers/... output:rbac:dir=config/rbac

# The script says so when node is not here, and fails in CI.
say "JavaScript client of the demo page"
clients/js/run.sh build

# Last: the charts are made of what comes before.
hack/chart.sh
