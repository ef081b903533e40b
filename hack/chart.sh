#!/usr/bin/env bash
# Generates the parts of the Helm charts that exist elsewhere already: the operator's objects from config/default, the schema of
# charts/starling-cluster from the CustomResourceDefinition, and the tables of values in the charts' READMEs.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

objects=$(mktemp)
trap 'rm -f "$objects"' EXIT

say "Helm charts"
tool kustomize build config/default >"$objects"
go run ./hack/chart objects charts/starling/files <"$objects"
go run ./hack/chart schema config/crd/bases/realtime.starling.dev_realtimeclusters.yaml charts/starling-cluster/values.schema.json
for chart in charts/*/; do go run ./hack/chart readme "$chart"; done
