#!/bin/sh
# Generates what is derived from the API types: deepcopy methods and the CustomResourceDefinition.
set -eu
cd "$(dirname "$0")/.."

controller_gen() {
	go run -modfile=hack/tools/controller-gen.mod sigs.k8s.io/controller-tools/cmd/controller-gen "$@"
}

controller_gen object paths=./api/...
controller_gen crd paths=./api/... output:crd:dir=config/crd/bases
