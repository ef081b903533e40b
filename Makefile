# Run `make` to see what can be done here. Recipes of more than a few lines are scripts in hack/.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

##@ Use

FILE ?= config/samples/realtimecluster.yaml

.PHONY: run
run: build-starling ## Start a cluster on this machine and print the address to open (FILE=manifest.yaml)
	@exec bin/starling up -f $(FILE)

# DEMO_PORT is the page's port, KUBE_NODES how many nodes there are.
.PHONY: demo
demo: ## Show it on a real Kubernetes of this machine, and print the address to open (root on Linux, or KUBECONFIG)
	@hack/demo.sh up

.PHONY: demo-down
demo-down: ## Remove what `make demo` made
	@hack/demo.sh down

.PHONY: build
build: build-starling ## Build the commands into bin/
	CGO_ENABLED=0 go build -o bin/ ./cmd/...

# Only this command: the operator's compiles for minutes, and `make run` must not wait for it. No C compiler is needed.
.PHONY: build-starling
build-starling:
	@echo "Building bin/starling (about a minute the first time) ..."
	@CGO_ENABLED=0 go build -o bin/starling ./cmd/starling

# ARCH is amd64 or arm64, IMAGE the image's name and tag, VERSION the release in the programs.
.PHONY: image
image: ## Put both commands into a container image, bin/image-<arch>.tar, without docker (ARCH IMAGE VERSION)
	@hack/image.sh

.PHONY: plugin
plugin: ## Build and pack the kubectl plugin for every system, with checksums and a krew manifest (VERSION PLATFORMS)
	@hack/plugin.sh

##@ Test

# PKG chooses packages, RUN tests by name, RACE is auto, on or off.
PKG ?= ./...
RUN ?=
RACE ?= auto
FUZZTIME ?= 10s

.PHONY: test
test: ## Run the Go tests, the operator's, the examples, the JavaScript client's and the browser test
	@RACE=$(RACE) hack/test.sh all

.PHONY: test-go
test-go: ## Run the Go tests (PKG=./hub/... RUN=TestName RACE=on|off)
	@RACE=$(RACE) PKG='$(PKG)' RUN='$(RUN)' hack/test.sh go

.PHONY: test-envtest
test-envtest: ## Try the operator on a real kube-apiserver and etcd (builds them the first time, 5 to 15 minutes)
	@hack/test.sh envtest

.PHONY: test-examples
test-examples: ## Run every program in examples/
	@hack/test.sh examples

.PHONY: test-js
test-js: ## Test the JavaScript client, on scripted and on real gateways (needs node)
	@hack/test.sh js

.PHONY: test-browser
test-browser: ## Try the pages and the quick starts in headless Chromium (needs chromium and node)
	@hack/test.sh browser

.PHONY: test-charts
test-charts: ## Test the Helm charts and the image's maker (compiles Helm the first time)
	@hack/chart-test.sh

.PHONY: e2e
e2e: ## Try the operator on a real Kubernetes, which it brings up and takes down (root on Linux, or KUBECONFIG)
	@RUN='$(RUN)' hack/e2e.sh

.PHONY: e2e-full
e2e-full: ## The same, with every operation under load four times: no restart of the operator, and one at once, soon and late
	@E2E_FULL=1 RUN='$(RUN)' hack/e2e.sh

.PHONY: fuzz
fuzz: ## Run every fuzz test for a while (FUZZTIME=10s PKG=./gateway/...)
	@FUZZTIME=$(FUZZTIME) PKG='$(PKG)' hack/fuzz.sh

.PHONY: bench
bench: ## Run the benchmarks, and compare with earlier ones (PKG BENCH=regexp COUNT=6 BASE=old.txt)
	@PKG='$(PKG)' BENCH='$(or $(BENCH),.)' COUNT='$(or $(COUNT),6)' BASE='$(BASE)' hack/bench.sh

.PHONY: bench-check
bench-check: ## Fail if a hot path allocates more than the committed baseline says (UPDATE=1 writes that)
	@UPDATE='$(UPDATE)' hack/bench-check.sh

.PHONY: cover
cover: ## Measure the tests' coverage into coverage.html
	go test -covermode=atomic -coverpkg=./... -coverprofile=coverage.out $(PKG)
	@go tool cover -html=coverage.out -o coverage.html
	@go tool cover -func=coverage.out | tail -n 1
	@echo "Open coverage.html to see what is not covered."

##@ Develop

.PHONY: lint
lint: ## Check the code, the scripts and the formatting
	@hack/lint.sh

.PHONY: fmt
fmt: ## Format the Go code
	go tool -modfile=hack/tools/golangci-lint.mod golangci-lint fmt

.PHONY: fix
fix: ## Let the linters mend what they can, and format
	go tool -modfile=hack/tools/golangci-lint.mod golangci-lint run --fix ./...

.PHONY: js
js: ## Build the JavaScript client, and the copy of it in the demo page (needs node)
	@clients/js/run.sh build

.PHONY: generate
generate: ## Generate what is derived from the API types and from the JavaScript client
	@hack/generate.sh

.PHONY: check-generated
check-generated: ## Fail if generated files, go.mod or go.sum are not up to date
	@hack/check-generated.sh

.PHONY: check-platforms
check-platforms: ## Build for every supported platform
	@hack/check-platforms.sh

.PHONY: vuln
vuln: ## Look for known vulnerabilities (asks https://vuln.go.dev)
	go tool -modfile=hack/tools/govulncheck.mod govulncheck ./...

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin coverage.out coverage.html

.PHONY: help
help: ## Show this
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
