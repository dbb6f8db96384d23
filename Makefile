# The front door. Each target says what it does; progress goes to standard error.
SHELL := /bin/sh
JOBS := $(shell nproc 2>/dev/null || echo 2)
INSTALL := provisioning/dependencies/install
export HAMEAU_WEB_OUT := $(CURDIR)/build/release/web

.PHONY: build run test sanitize bench small deb test-deb test-trixie repo format clean
.DEFAULT_GOAL := build

build: ## installs what it needs, builds build/release/hameaud, hameau and the web UI
	@echo "step 1/3: packages" >&2
	@$(INSTALL) build >&2
	@echo "step 2/3: programs" >&2
	@cmake --preset release -DHAMEAU_TESTS=OFF >build-cmake.log 2>&1 && rm -f build-cmake.log || { cat build-cmake.log >&2; exit 1; }
	@cmake --build --preset release -j $(JOBS) >&2
	@echo "step 3/3: web pages" >&2
	@web-ui/build.sh >&2

run: build ## starts a trial house with example content; FRESH=1 shows the first-run pages instead
	@if [ -n "$(FRESH)" ]; then rm -rf build/trial-fresh; exec build/release/hameau trial --state build/trial-fresh; \
	 else exec build/release/hameau trial --state build/trial --apply config/examples/trial.yaml; fi

test: ## every test that CI runs; ends with "N passed, N failed, N skipped"
	@tests/run.sh

# CI (tests/run.py, kind "sanitize") builds and runs the first four: about a minute and a half on two cores.
SANITIZED_CI := base_test store_test sites_format_test milter_test
SANITIZED := $(SANITIZED_CI) mail_auth_test crdt_test pads_test pads_convert_test gate_test host_test supervisor_test sites_module_test sites_unpack_test people_test mail_test provisioning_test backup_test diagnose_test
sanitize: ## unit tests of base, store, gate, host, supervisor, provisioning, milter, mail authentication and all modules under ASan and UBSan; some minutes the first time
	@$(INSTALL) build test >&2
	@cmake --preset asan >/dev/null
	@cmake --build --preset asan -j $(JOBS) --target $(SANITIZED) >&2
	@for test in $(SANITIZED); do build/asan/tests/$$test --gtest_brief=1 || exit 1; done

bench: ## release build and the benchmark tables
	@$(INSTALL) build bench >&2
	@tests/bench/run.sh

small: build ## as root: the house within 400 MiB of memory and on a disk of 10 MB/s, under five loads; peaks of each process (docs/small-machines.md)
	@$(INSTALL) test >&2
	@tests/bench/small/small.py

deb: ## builds the packages with this machine's compiler; SUITE=trixie builds them inside a clean Debian 13 (root); ARCH=arm64 cross-compiles there
ifneq ($(SUITE),)
	@debian/suite.sh $(SUITE) $(ARCH)
else
	@$(INSTALL) build deb >&2
	@debian/build.sh
endif

# The packages of `make deb` were built for this machine's Debian, those of SUITE=NAME are beside them.
TEST_SUITE := $(or $(SUITE),bookworm)
TEST_PACKAGES = build/packages$(addprefix -,$(SUITE))
test-deb: ## the packages of `make deb` on a fresh SUITE under real systemd: install, use, upgrade, remove, purge; ends with "N passed, N failed"
	@[ -n "$(wildcard $(TEST_PACKAGES)/hameau_*.deb)" ] || $(MAKE) deb
	@tests/deb/run.sh --suite $(TEST_SUITE) --packages $(TEST_PACKAGES)
	@tests/deb/repo.py --suite $(TEST_SUITE) --packages $(TEST_PACKAGES)

test-trixie: ## as test-deb, on Debian 13: Postfix 3.10, Dovecot 2.4
	@$(MAKE) test-deb SUITE=trixie

repo: ## a signed apt repository of the packages, in build/repo: KEY=FINGERPRINT URL=https://... (debian/repo.sh)
	@debian/repo.sh --key "$(KEY)" --url "$(URL)"

format:
	@git ls-files '*.cpp' '*.hpp' | xargs clang-format -i

clean:
	@rm -rf build
