#!/usr/bin/env bash
# Generates what is derived from the API types and from markers: deepcopy methods, the CustomResourceDefinition, the operator's
# ClusterRole, and the Helm charts' copies of what is in config/.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

say "deepcopy methods"
tool controller-gen object paths=./api/...

say "CustomResourceDefinition"
tool controller-gen crd paths=./api/... output:crd:dir=config/crd/bases

say "ClusterRole of the operator"
tool controller-gen rbac:roleName=starling-operator paths=./controllers/... output:rbac:dir=config/rbac

# Last: the charts are made of what comes before.
hack/chart.sh
