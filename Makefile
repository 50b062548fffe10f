# Sealstone's commands. `make` alone lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-mcp test test-interop test-units check bench bench-hash bench-audit soak fmt clean
NODE := node_modules/.bin/node

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "  %-17s %s\n", $$1, $$2 }'

setup: ## install what is missing (system packages, npm packages, the native addons); nothing when all is there
	@sh .ci/setup run

demo: setup ## sign and verify a real model, tamper with it, look at the audit trail
	@sh .ci/demo

demo-mcp: setup ## sign a real MCP server, block a changed copy of it, run a verified model, look at the audit trail
	@sh .ci/demo-mcp

test: ## run every check and every test; the last line counts them
	@sh .ci/setup test
	@$(NODE) test/house/run.ts test

test-interop: ## run the tests against other people's tokens and log readers; needs cargo (builds kryoptic once) and Go
	@sh .ci/setup interop
	@$(NODE) test/house/run.ts interop

test-units: ## run the systemd units of deploy/ as docs/operations.md says, on a systemd of its own in namespaces; needs root
	@sh .ci/setup units
	@$(NODE) test/house/run.ts units

check: setup ## format, types, lint, dead code, proto, architecture and the quick tests, in seconds
	@$(NODE) test/house/run.ts check

bench: ## measure against the yardsticks and print the table of docs/benchmarks.md
	@sh .ci/setup bench
	@sh test/bench/run

bench-hash: ## measure hashing against openssl, b3sum and others, and print its tables
	@sh .ci/setup bench
	@sh test/bench/run-hash

bench-audit: ## measure the audit log: appends, receipts, fsck, proofs, review, console
	@sh .ci/setup bench
	@sh test/bench/run-audit

soak: ## sign for ten minutes while something fails every second; SECONDS=60 for less, SEED=n to repeat one
	@sh .ci/setup bench
	@$(NODE) --disable-warning=ExperimentalWarning test/soak/soak.ts $(or $(SECONDS),600) $(SEED)

fmt: setup ## format every source file
	@node_modules/.bin/biome format --write .

clean: ## remove everything that setup and the tests made in this folder
	@rm -rf node_modules .cache coverage
	@echo 'removed node_modules, .cache and coverage'
