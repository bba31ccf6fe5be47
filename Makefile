# Everything here does its own set-up; `make` alone lists what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PROGRAMS := $(VENV)/.programs
EXAM := .cache/upstream/complete

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types bench docs fuzz mutate format site clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) $(PROGRAMS) $(EXAM) ## make the environment: packages, programs, the upstream tests

$(READY): pyproject.toml tools/setup.sh
	@PYTHON="$(PYTHON)" VENV="$(VENV)" bash tools/setup.sh
	@touch $@

$(PROGRAMS): tools/setup.sh | $(READY)
	@bash tools/setup.sh programs
	@touch $@

$(EXAM): tools/fetch_upstream.py $(READY)
	@$(BIN)/python tools/fetch_upstream.py
	@touch $@

demo: $(READY) ## run a certificate-status service, and ask it
	@$(BIN)/ocsp demo

test: setup lint types ## lint, types and all tests
	@$(BIN)/python -m pytest

lint: $(READY) ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY) ## mypy, strict
	@$(BIN)/mypy

format: $(READY) ## rewrite the sources in the house format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(READY) ## measure against the peers, and print ratios
	@$(BIN)/python -m bench

docs: $(READY) ## write what is made from the sources: cases, rules, who takes what
	@$(BIN)/python -m tests.cases

site: $(READY) ## build the documentation site in build/site, and check its links
	@$(BIN)/python -m sphinx -E -W --keep-going -q -d build/doctrees docs build/site
	@$(BIN)/python tools/check_links.py build/site

fuzz: setup ## compare with the original on a million mutations
	@$(BIN)/python -m tests.differential --count 1000000

mutate: setup ## change the verification in every place: does a test see it
	@$(BIN)/python -m tests.mutation $(MODULES)

clean: ## remove what the targets above have made
	@rm -rf $(VENV) .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
