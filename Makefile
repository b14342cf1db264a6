# `make` prints this help; `make check` is what CI runs after the tests.
LINT_VERSION := $(shell sed -n '1s/^\# \(v[0-9.]*\).*/\1/p' .golangci.yml)
LINT_DIR     := $(shell go env GOCACHE)/figlab-lint-$(LINT_VERSION)
LINT         := $(LINT_DIR)/golangci-lint

.DEFAULT_GOAL := help
.PHONY: help build test race lint vet generate check clean

help: ## print this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

build: ## build the commands into bin/
	CGO_ENABLED=0 go build -o bin/ ./cmd/...

test: ## run all tests (what needs Postgres skips with a reason where it is missing)
	go test ./...

race: ## run all tests under the race detector
	go test -race ./...

vet: ## go vet
	go vet ./...

lint: $(LINT) ## run the pinned linter (built once)
	$(LINT) run ./...

$(LINT):
	GOBIN=$(LINT_DIR) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

generate: ## regenerate the code of the contract
	cd api && sh generate.sh

check: vet lint ## vet, linter, formatting, and that generated code is current
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(MAKE) generate
	git diff --exit-code -- api

clean: ## remove what builds and runs left
	rm -rf bin run results
