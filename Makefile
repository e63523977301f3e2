# Talwerk: `make run` starts a city, `make test` checks everything. Both set up what they need in .venv.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help install run test test-long lint lock wheel wheelhouse bench clean setup-tests programs

PYTHON ?= python3
JOBS ?= 3
BIN := .venv/bin
ASSETS_LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-build \
        --generate-hashes --custom-compile-command "make lock"
LOCK := $(ASSETS_LOCK) pyproject.toml --extra city

# Only what was asked for: otherwise the settings file and their defaults decide.
ifdef PORT
export TALWERK_PORT := $(PORT)
endif
ifdef CITY
export TALWERK_CITY := $(CITY)
endif
ifdef FEEDS
export TALWERK_FEEDS := $(FEEDS)
endif

help: ## Show this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

install: ## Set up .venv with the locked packages and Talwerk itself
	@PYTHON='$(PYTHON)' tools/setup run

run: install ## Start the city (PORT=8080 CITY=wuppertal FEEDS=auto)
	@exec $(BIN)/talwerk up

setup-tests: ## Put the tools of the tests into .venv
	@PYTHON='$(PYTHON)' tools/setup test

programs:
	@tools/setup programs

lint: setup-tests ## Style, types and the order of the layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

test: programs lint ## Every check and every test (CI=true forbids skipping)
	$(BIN)/pytest -n $(JOBS)

test-long: programs setup-tests ## The tests that take minutes
	$(BIN)/pytest -n $(JOBS) -m long

lock: setup-tests ## Renew the pinned, hashed requirement files (UPGRADE=1 takes newer versions)
	$(LOCK) $(if $(UPGRADE),--upgrade) --group build -o requirements.txt
	$(LOCK) $(if $(UPGRADE),--upgrade) --group dev -c requirements.txt -o requirements-dev.txt
	for one in requirements requirements-npm; do \
	  $(ASSETS_LOCK) $(if $(UPGRADE),--upgrade) tools/assets/$$one.in -o tools/assets/$$one.txt; done
	cd tools/assets && npm install --package-lock-only $(if $(UPGRADE),&& npm update --package-lock-only)

wheel: install ## Build the wheel into dist/, with the notices of what it depends on
	$(BIN)/python tools/third_party.py > THIRD-PARTY.md
	$(BIN)/python -m hatchling build -t wheel

wheelhouse: ## Collect every wheel for a machine without network into dist/wheelhouse
	rm -f dist/talwerk-*.whl
	$(MAKE) --no-print-directory wheel
	tools/wheelhouse

bench: install ## Run the measurements
	$(BIN)/python -m bench

clean: ## Remove everything that was made here, except the city's data
	rm -rf .venv build dist src/talwerk/portal/static/vendor THIRD-PARTY.md .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests tools bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
