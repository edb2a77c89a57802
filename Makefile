# Every task of the project. `make help` lists them.
# SWIFTLET_SCRATCH: a build folder outside the clone, kept between clones (default: .build in the clone).

SCRATCH      ?= $(or $(SWIFTLET_SCRATCH),$(CURDIR)/.build)
PREFIX       ?= /usr/local
SWIFT        ?= swift
DEBUG_FLAGS   = --scratch-path $(SCRATCH)/debug-tree
RELEASE_FLAGS = --scratch-path $(SCRATCH)/release-tree -c release --static-swift-stdlib -Xlinker -s
# Embedded Swift has no static standard library to link, and needs none: the supervisor has a tree of its own.
EMBEDDED_FLAGS = --scratch-path $(SCRATCH)/supervisor-tree -c release -Xlinker -s -Xswiftc -Osize --disable-local-rpath
RELEASE_BIN   = $(SCRATCH)/release
FIXTURES      = $(SCRATCH)/fixtures

# What a person writes and reads; generated files have the generator's form.
SWIFT_FILES = git ls-files -z '*.swift' ':!:*/Generated/*'

# What the build links with, and what tests and benchmarks start.
BUILD_PACKAGES = libsqlite3-dev libseccomp-dev libcap-dev libmnl-dev libnftables-dev libarchive-dev zlib1g-dev pkg-config g++ git
TEST_PACKAGES  = busybox-static docker-registry skopeo user-mode-linux kmod iproute2 nftables python3 python3-venv curl
BENCH_PACKAGES = crun runc containerd containernetworking-plugins podman golang-github-containers-common iptables etcd-server

.PHONY: help setup setup-bench build release demo run test test-unit test-storms soak bench fuzz lint fmt generate install uninstall docs clean

help: ## list the tasks
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install the Debian packages that build and tests need (as root; otherwise print the line)
	@./Tools/install-packages $(BUILD_PACKAGES) $(TEST_PACKAGES)

setup-bench: setup
	@./Tools/install-packages $(BENCH_PACKAGES)

build: setup ## debug build of everything
	$(SWIFT) build $(DEBUG_FLAGS)

release: setup ## optimised swiftlet and swiftlet-supervisor
	$(SWIFT) build $(RELEASE_FLAGS) --product swiftlet
	$(SWIFT) build $(EMBEDDED_FLAGS) --product swiftlet-supervisor
	install -d $(RELEASE_BIN)
	install $(SCRATCH)/release-tree/release/swiftlet $(SCRATCH)/supervisor-tree/release/swiftlet-supervisor $(RELEASE_BIN)

fixtures: setup
	@mkdir -p $(FIXTURES)
	./rootfs-fixtures/build $(FIXTURES)

demo run: release fixtures ## import the fixture images, run the demo pod, show what the kernel has, clean up
	./Tools/demo $(RELEASE_BIN) $(FIXTURES)

test: setup fixtures ## unit, kernel integration and end-to-end tests, storms, cgroup limits in a throw-away VM (needs root)
	./Tools/test $(SCRATCH)/debug-tree $(FIXTURES)

test-storms: setup fixtures ## 200 kills of the daemon at random points, 1000 pods started and removed (needs root)
	./Tools/test $(SCRATCH)/debug-tree $(FIXTURES) storms

SOAK ?= 1000

soak: build ## SOAK (1000) seeds of the simulated cluster with random faults, and its processes killed at every single write
	SWIFT_DETERMINISTIC_HASHING=1 SWIFTLET_SOAK=$(SOAK) $(SWIFT) test $(DEBUG_FLAGS) --disable-xctest --no-parallel \
		--filter '^NodeSimulationTests\.(FaultTests|CrashConsistencyTests)'

test-unit: build ## only the tests that need no root
	$(SWIFT) test $(DEBUG_FLAGS) --filter '^(APIMachinery|CEL|KubernetesAPI|KubernetesClient|Kubelet|Scheduler|Controllers|ClusterDNS|SupervisorAPI|Architecture|APIServer|Storage|StorageSQLite|Experiments|FaultInjection|Verification|Fuzz)Tests' --skip '^StorageSQLiteTests\.StormTests/'

bench: setup-bench release fixtures ## speed and size of runtime, API server and cluster beside their peers (BENCH=runtime, server, cluster, network, scheduler or see for one)
	$(SWIFT) build $(RELEASE_FLAGS) --product swiftlet-bench
	$(SWIFT) build $(RELEASE_FLAGS) --product api-load
	$(SWIFT) build $(RELEASE_FLAGS) --product scheduler-bench
	$(SWIFT) build $(RELEASE_FLAGS) --product network-bench
	install $(addprefix $(SCRATCH)/release-tree/release/,swiftlet-bench api-load scheduler-bench network-bench) $(RELEASE_BIN)
	./Benchmarks/run $(SCRATCH) $(RELEASE_BIN) $(FIXTURES) $(BENCH)

FUZZ_SECONDS ?= 30
FUZZ_TREE     = $(SCRATCH)/fuzz-tree

fuzz: setup ## give each parser of foreign bytes to libFuzzer for FUZZ_SECONDS (30); finds go to Tests/Fuzz/corpus by hand
	SWIFTLET_FUZZ=1 $(SWIFT) build --scratch-path $(FUZZ_TREE) --sanitize fuzzer -Xswiftc -O --product fuzz
	./Tools/fuzz $(FUZZ_TREE)/debug/fuzz $(SCRATCH)/fuzz $(FUZZ_SECONDS)

lint: ## formatting, shell scripts, async-signal-safety of the spawn path
	@$(SWIFT_FILES) | xargs -0 $(SWIFT) format lint --strict --parallel
	./Tools/lint
	python3 Tools/generate-kinds --check

fmt: ## format the Swift sources in place
	@$(SWIFT_FILES) | xargs -0 $(SWIFT) format --in-place --parallel

generate: ## regenerate the API types from Tools/kinds
	python3 Tools/generate-kinds

install: release ## install swiftlet and swiftlet-supervisor below PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/swiftlet
	install -m 0755 $(RELEASE_BIN)/swiftlet $(DESTDIR)$(PREFIX)/bin/swiftlet
	install -m 0755 $(RELEASE_BIN)/swiftlet-supervisor $(DESTDIR)$(PREFIX)/libexec/swiftlet/swiftlet-supervisor

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/swiftlet $(DESTDIR)$(PREFIX)/libexec/swiftlet/swiftlet-supervisor
	-rmdir $(DESTDIR)$(PREFIX)/libexec/swiftlet

docs: release ## docs/commands.md from what the program says of itself
	./Tools/command-reference $(RELEASE_BIN)/swiftlet >docs/commands.md

clean: ## remove what was built
	rm -rf $(SCRATCH)/debug-tree $(SCRATCH)/release-tree $(SCRATCH)/supervisor-tree $(RELEASE_BIN) $(FIXTURES)
