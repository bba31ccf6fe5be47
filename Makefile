# Everything here does its own set-up; `make` alone lists what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PROGRAMS := $(VENV)/.programs
OLDEST := $(VENV)-oldest
COMPILED := build/compiled
COMPILE := HATCH_BUILD_HOOK_ENABLE_CUSTOM=true
EXAM := .cache/upstream/complete
DJANGO_CA := .cache/django-ca/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-units test-others unit soak test-all test-oldest test-compiled lint types format \
	bench bench-compare bench-publish bench-responder bench-fleet docs site fuzz mutate wheels release-check clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) $(PROGRAMS) $(EXAM) $(DJANGO_CA) ## make the environment: packages, programs, the upstream tests

$(READY): pyproject.toml tools/setup.sh
	@PYTHON="$(PYTHON)" VENV="$(VENV)" bash tools/setup.sh
	@touch $@

$(PROGRAMS): tools/setup.sh tools/haproxy.sh tools/debian_archive.sh | $(READY)
	@bash tools/setup.sh programs
	@touch $@

$(EXAM): tools/fetch_upstream.py $(READY)
	@$(BIN)/python tools/fetch_upstream.py
	@touch $@

# In an environment of its own, because it needs other versions of packages.
$(DJANGO_CA): tools/setup.sh
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/pip install -q "django-ca>=3.2" "psycopg[binary]" pymysql || \
		echo "django-ca cannot be installed: the tests of its tables are skipped" >&2
	@touch $@

demo: $(READY) ## run a certificate-status service, and ask it
	@bash tools/setup.sh openssl
	@$(BIN)/ocsp demo

test: setup lint types ## lint, types and all tests, with their coverage
	@rm -f .coverage .coverage.*
	@echo "two test runs side by side, and one with compiled modules: about ten minutes"
	@$(MAKE) --no-print-directory -j2 --output-sync=target \
		test-units test-others test-compiled
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

# What takes as long as all the others.
UNITS := tests/unit tests/docs tests/property tests/interop tests/cases

test-units: setup
	@$(BIN)/coverage run --parallel-mode -m pytest $(UNITS)

test-others: setup
	@$(BIN)/coverage run --parallel-mode -m pytest tests $(UNITS:%=--ignore=%)

unit: $(READY) ## the unit tests that need no program besides Python
	@$(BIN)/python -m pytest -q -m "not programs" tests/unit

soak: setup ## long runs of the responder and its store: kills, faults; the container
	@bash tools/setup.sh soak
	@MINUTES=$(MINUTES) $(BIN)/python -m pytest -q $(SOAK)

SOAK ?= tests/soak
MINUTES ?= 5

test-all: ## all tests with every supported Python, also in Debian chroots; oldest dependencies
	@$(if $(RUNS),,$(MAKE) --no-print-directory test-oldest)
	@$(PYTHON) tools/test_all.py $(RUNS)

test-oldest: $(OLDEST)/.ready ## the unit tests with the oldest supported dependencies
	@$(OLDEST)/bin/python -m pytest -q -m "not programs" tests/unit

$(OLDEST)/.ready: pyproject.toml tools/setup.sh tools/oldest.py
	@mkdir -p .cache
	@$(PYTHON) tools/oldest.py >.cache/oldest.txt
	@PIP_CONSTRAINT=.cache/oldest.txt PYTHON="$(PYTHON)" VENV="$(OLDEST)" GROUP=test \
		bash tools/setup.sh
	@touch $@

test-compiled: $(COMPILED)/.ready ## tests with the compiled modules; TESTS=tests: all
	@PYTHONPATH=$(COMPILED) $(BIN)/python -c "import ocsp; assert ocsp.compiled"
	@PYTHONPATH=$(COMPILED) $(BIN)/python -m pytest -q $(TESTS)

TESTS ?= tests/upstream tests/unit/messages tests/unit/asn1 tests/unit/test_compiled.py \
	tests/unit/metrics tests/unit/responder tests/unit/server tests/unit/service \
	tests/unit/store/test_sqlite_store.py tests/unit/store/test_faults.py \
	tests/unit/client/test_crl_fallback.py \
	tests/integration/test_native_server.py tests/integration/test_server_attacks.py

# The wheel, installed into a folder of its own, which Python prefers to the sources.
$(COMPILED)/.ready: $(shell find src -name '*.py') pyproject.toml tools/compile_hook.py \
		tools/compile_modules.py tools/mypyc_additions.py | $(READY) $(EXAM)
	@rm -rf $(COMPILED) && mkdir -p $(dir $(COMPILED))
	@$(COMPILE) $(BIN)/python -m build --no-isolation --wheel --outdir $(COMPILED).wheel >$(COMPILED).log 2>&1 || \
		(cat $(COMPILED).log; exit 1)
	@$(BIN)/pip install -q --no-deps --target $(COMPILED) $(COMPILED).wheel/*.whl
	@rm -r $(COMPILED).wheel
	@touch $@

lint: $(READY) ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY) ## mypy, strict
	@$(BIN)/mypy

format: $(READY) ## rewrite the sources in the house format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY) ## measure both packages against the peers; JSON=FILE keeps the results
	@mkdir -p build
	@$(MAKE) --no-print-directory $(COMPILED)/.ready || \
		echo "the compiled package cannot be built: only the pure one is measured" >&2
	@$(BIN)/python -m bench --json "$(JSON)" --only "$(ONLY)" \
		$$([ ! -e $(COMPILED)/.ready ] || echo --compiled $(COMPILED))

bench-compare: $(READY) ## show what changed between two runs: OLD=a.json NEW=b.json
	@$(BIN)/python -m bench.compare "$(OLD)" "$(NEW)"

bench-publish: $(READY) ## write README's table and the plots from bench/results.json
	@$(BIN)/python -m bench.publish

JSON ?= build/bench.json
OLD ?= bench/results.json
NEW ?= build/bench.json
ONLY ?=

bench-responder: $(READY) ## measure the responder beside nginx, openssl and cfssl
	@bash tools/setup.sh bench
	@$(MAKE) --no-print-directory $(COMPILED)/.ready || \
		echo "the compiled package cannot be built: only the pure one is measured" >&2
	@$(BIN)/python -m bench.responder --certificates $(CERTIFICATES) --only "$(ONLY)" \
		$$([ ! -e $(COMPILED)/.ready ] || echo --compiled $(COMPILED))
	@$(BIN)/python -m bench.responder.store $(STORE_CERTIFICATES)

bench-fleet: $(READY) ## measure PostgreSQL, Valkey and three nodes; compare a simulation
	@bash tools/setup.sh bench
	@$(BIN)/python -m bench.postgresql.signing 16000 3
	@$(BIN)/python -m bench.postgresql.serving
	@$(BIN)/python -m bench.fleet.workers
	@$(BIN)/python -m bench.fleet.stores 200000
	@$(BIN)/python -m bench.fleet.measured --files
	@$(BIN)/python -m bench.fleet.measured

docs: $(READY) ## write what is made from the sources: cases, rules, who takes what
	@$(BIN)/python -m tests.cases

site: $(READY) ## build the documentation site in build/site, and check its links
	@$(BIN)/python -m sphinx -E -W --keep-going -q -d build/doctrees docs build/site
	@$(BIN)/python tools/check_links.py build/site

CASES ?= 1000000
CERTIFICATES ?= 1000000
STORE_CERTIFICATES ?= 1000000
GUIDED ?= 20000

fuzz: setup ## a million attacks, a million comparisons with cryptography, and atheris
	@$(BIN)/python -m tests.campaigns --cases $(CASES) $(addprefix --target ,$(TARGETS)) \
		$(addprefix --seed ,$(SEED))
	@$(BIN)/python -m tests.differential --count $(CASES) $(addprefix --seed ,$(SEED))
	@$(BIN)/python -m tests.campaigns.guided --runs $(GUIDED)

mutate: setup ## change the verification in every place: does a test see it
	@$(BIN)/python -m tests.mutation $(MODULES)

wheels: $(READY) ## build the pure and the compiled wheel in dist
	@$(BIN)/python -m build --no-isolation --wheel
	@$(COMPILE) $(BIN)/python -m build --no-isolation --wheel

release-check: $(READY) ## rehearse a release: build twice, install, test the sdist
	@$(BIN)/python tools/release_check.py

clean: ## remove what the targets above have made
	@rm -rf $(VENV) $(OLDEST) .cache .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
