# Every target prepares what it needs: a .venv from requirements.lock. Needs only Python 3.11+, make and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.locked
N ?= 300
SEED ?= 1
SEEDS ?= 2000
ONCE ?=
DEMO_FLAGS := $(if $(ONCE),--once,)

.PHONY: help
help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(STAMP): requirements.lock pyproject.toml
	@echo 'making $(VENV) from requirements.lock' >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

.PHONY: venv
venv: $(STAMP) ## Make .venv from the lock file

.PHONY: demo
demo: $(STAMP) ## A pretend estate, a restart of IIS, its proof (ONCE=1 leaves afterwards)
	$(BIN)/yunwei demo $(DEMO_FLAGS)

.PHONY: test
test: $(STAMP) ## All tests
	$(BIN)/python -m pytest -n 2 --dist worksteal -q

.PHONY: check
check: $(STAMP) ## Format, lint, types, tests, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m docs.draw --check
	$(MAKE) test

.PHONY: format
format: $(STAMP) ## Write the code in the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: bench
bench: $(STAMP) ## Measure, print JSON
	@$(BIN)/python -m bench

.PHONY: chaos
chaos: $(STAMP) ## Kill real processes, count doubles and losses (N jobs, SEED)
	$(BIN)/python -m tests.chaos --jobs $(N) --seed $(SEED)

.PHONY: sim
sim: $(STAMP) ## The deterministic simulator (SEEDS runs)
	$(BIN)/python -m tests.sim --seeds $(SEEDS) --first $(SEED)

.PHONY: spec
spec: $(STAMP) ## Which requirement has a passing test
	$(BIN)/python -m tests.spec

.PHONY: lock
lock: ## Make requirements.lock anew (needs uv)
	uv pip compile pyproject.toml --extra lab --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header -o requirements.lock
