# The front door. Everything it makes stays under build/; what a machine lacks it installs (.ci/packages).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

JOBS ?= $(shell nproc)
# Where ccache is installed, every clone of the project shares what any of them compiled.
export CCACHE_BASEDIR ?= $(CURDIR)
export CCACHE_NOHASHDIR ?= 1
# What `make tsan` builds and runs: the folders of tests/ whose code has more than one thread.
THREADED := base transport portal credentials storage events rpc chaos integration
empty :=
threaded = $(foreach folder,$(THREADED),$(if $(wildcard tests/$(folder)/CMakeLists.txt),tests/$(folder)/all))

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

.PHONY: run
run: build/dev/build.ninja ## Start a simulated portal and the gateway on loopback, and show what a service does with them
	@cmake --build build/dev -j$(JOBS) --target imbot-gateway imbot_simulator imbot_demo
	@build/dev/bin/imbot_demo $(ARGS)

.PHONY: cli
cli: build/dev/build.ninja ## Build the command line, build/dev/bin/imbot
	@cmake --build build/dev -j$(JOBS) --target imbot

.PHONY: test
test: build ## Build everything and run all tests
	@ctest --preset dev -j$(JOBS)

.PHONY: build
build: build/dev/build.ninja ## Build everything, with tests
	@cmake --build build/dev -j$(JOBS)

.PHONY: release
release: build/release/build.ninja ## Build what is shipped: optimised, hardened
	@cmake --build build/release -j$(JOBS)

.PHONY: asan
asan: build/asan/build.ninja ## All tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@cmake --build build/asan -j$(JOBS)
	@ctest --preset asan -j$(JOBS)

.PHONY: tsan
tsan: build/tsan/build.ninja ## The threaded tests under ThreadSanitizer
	@cmake --build build/tsan -j$(JOBS) --target $(threaded)
	@ctest --preset tsan -j$(JOBS) -L '^($(subst $(empty) $(empty),|,$(THREADED)))$$'

BENCHMARKS := codec_benchmark call_cost_benchmark resolver_hang_benchmark hanging_portal_benchmark queue_cost_benchmark key_cost_benchmark
.PHONY: bench
bench: bench-deps build/bench/build.ninja ## Measure, and print tables (and build/bench/call_cost.json)
	@cmake --build build/bench -j$(JOBS) --target $(BENCHMARKS)
	@for benchmark in $(BENCHMARKS); do echo "--- $$benchmark"; build/bench/bin/$$benchmark; done

# make load SCENARIO=overload: one of them; make load SHORT=1: all in about two minutes
.PHONY: load
load: bench-deps build/bench/build.ninja ## Load with ghz and with callers of its own: tables, build/load/load.json and load.html
	@.ci/tools ghz
	@cmake --build build/bench -j$(JOBS) --target imbot_load
	@python3 -B tests/load/load.py build/bench build/tools/bin $(if $(SHORT),--short) $(SCENARIO)

# make fuzz SECONDS=600: longer. What was clean once before a release: make fuzz RUNS=10000000, without AddressSanitizer,
# which then reads everything that was found.
SECONDS ?= 60
.PHONY: fuzz
fuzz: fuzz-deps build/fuzz/build.ninja $(if $(RUNS),build/fuzz-fast/build.ninja) ## Every fuzz target for SECONDS=60, or for RUNS=10000000 executions
	@cmake --build build/fuzz -j$(JOBS) --target imbot_fuzz
	@$(if $(RUNS),cmake --build build/fuzz-fast -j$(JOBS) --target imbot_fuzz)
	@JOBS=$(JOBS) tests/fuzz/run build/fuzz $(SECONDS) $(if $(RUNS),$(RUNS) build/fuzz-fast)

# make soak SEED=7: the trouble of that run again
SOAK_SECONDS ?= 600
SOAK_CALLS ?= 10000
.PHONY: soak
soak: build/dev/build.ninja ## Load with trouble for SOAK_SECONDS=600: does anything stay behind? SOAK_CALLS=10000: is each done once?
	@cmake --build build/dev -j$(JOBS) --target imbot_soak imbot_soak_once
	@seed=$(or $(SEED),$$((RANDOM * 32768 + RANDOM))); echo "seed $$seed"; \
	  status=0; build/dev/bin/imbot_soak $(SOAK_SECONDS) $$seed || status=$$?; \
	  build/dev/bin/imbot_soak_once $(SOAK_CALLS) $$seed || status=$$?; exit $$status

.PHONY: check
check: deps-check build/dev/build.ninja ## Format, proto rules, thread-safety annotations, clang-tidy
	@.ci/format --check
	@.ci/proto
	@cmake --build build/dev -j$(JOBS) --target proto/all imbot_rpc_wire
	@.ci/lint build/dev $(JOBS)

.PHONY: format
format: deps-check ## Format C++ and proto files in place
	@.ci/format

.PHONY: deps deps-check fuzz-deps bench-deps
deps: ## Install what building and running needs, and is missing
	@.ci/deps build
	@.ci/googleapis
deps-check: deps tools-buf
	@.ci/deps check
fuzz-deps: deps
	@.ci/deps fuzz
bench-deps: deps
	@.ci/deps bench

.PHONY: tools tools-buf
tools: ## buf, grpcurl, ghz and kubeconform, at pinned versions, under build/tools/bin
	@.ci/tools buf grpcurl ghz kubeconform
tools-buf:
	@.ci/tools buf

.PHONY: ci
ci: ## Everything that must hold before a change lands
	@.ci/run

.PHONY: clean
clean: ## Remove what was built; tools and fetched protos stay
	@rm -rf build/bench build/client build/dev build/release build/asan build/tsan build/fuzz build/fuzz-fast

build/bench/build.ninja: | bench-deps
build/fuzz/build.ninja build/fuzz-fast/build.ninja: | fuzz-deps
build/%/build.ninja: CMakePresets.json .ci/compiler_launcher.cmake | deps
	@cmake --preset $*
	@touch $@
