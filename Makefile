# Everything a machine with Python 3.11+, git and make needs to run, test and measure Kawal.
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

TOOLS := $(CURDIR)/.tools
BIN := $(CURDIR)/.venv/bin
UV := $(TOOLS)/bin/uv
UV_VERSION := 0.13.9
STATE := $(or $(KAWAL_STATE),.kawal)
# The newest Python that runs (pyenv has names for more); uv shall not download another one.
PYTHON ?= $(firstword $(foreach name,python3.14 python3.13 python3.12 python3.11 python3,$(shell $(name) -c "" 2>/dev/null && command -v $(name))))
IMAGE ?= kawal:0.1.0
ENGINE ?= $(firstword $(foreach name,docker podman,$(shell command -v $(name) 2>/dev/null)))
PACKAGES := pyproject.toml uv.lock $(wildcard shared/pyproject.toml services/*/pyproject.toml deploy/local/pyproject.toml bench/pyproject.toml)
ASSETS := $(wildcard services/*/assets/package-lock.json)
SOURCES := $(wildcard shared/src services/*/src deploy/local/src bench/src)
export UV_PYTHON_DOWNLOADS := never
export KAWAL_TOOLS := $(TOOLS)

.PHONY: help install run demo test test-fast lint bench chaos secrets images clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(TOOLS)/installed ## Fetch what the other targets need (they do it themselves)

run: $(TOOLS)/installed ## Run everything on this machine until Ctrl-C
	@exec $(BIN)/kawal up

demo: $(TOOLS)/installed ## Fill a running stack with lifelike conversations for some minutes
	@exec $(BIN)/python -m kawal_bench.demo

# Most tests wait more than they work, so three share two cores. Those of tests/chaos need all of them.
test: $(TOOLS)/installed $(TOOLS)/chromium-path ## Run all tests, on the real PostgreSQL, Kafka and Chromium
	@KAWAL_CHROMIUM="$$(cat $(TOOLS)/chromium-path)" $(BIN)/pytest --numprocesses 3 --dist loadfile --ignore tests/chaos
	@$(BIN)/pytest tests/chaos

test-fast: $(TOOLS)/installed ## Run the tests that start nothing
	@exec $(BIN)/pytest -m "not integration and not e2e and not chaos"

lint: $(TOOLS)/installed ## Check format, style, types, layers, migrations and generated files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy $(SOURCES) conftest.py
	@$(BIN)/lint-imports
	@$(BIN)/python -m kawal_local.schema_check
	@$(BIN)/kawal contracts check

bench: $(TOOLS)/installed ## Measure; prints tables, asserts nothing
	@exec $(BIN)/python -m kawal_bench

chaos: $(TOOLS)/installed ## Kill parts of the running stack, five times as long as the tests do
	@KAWAL_CHAOS_SCALE="$${KAWAL_CHAOS_SCALE:-5}" exec $(BIN)/pytest tests/chaos

secrets: ## Write .env with random secrets for docker-compose.yml; never overwrites
	@$(PYTHON) deploy/docker/make_secrets.py .env

# BUILDAH_FORMAT is for podman, whose own format has no HEALTHCHECK.
images: ## Build the services' image with docker or podman
	@test -n "$(ENGINE)" || { echo "docker or podman is needed." >&2; exit 1; }
	@BUILDAH_FORMAT=docker $(ENGINE) build $(IMAGE_FLAGS) -f deploy/docker/Dockerfile -t $(IMAGE) .

clean: ## Remove the local stack's data and all caches; downloads stay
	@if [ -e "$(STATE)/run.json" ]; then echo "End the running stack first ($(STATE)/run.json)." >&2; exit 1; fi
	rm -rf "$(STATE)" .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find shared services deploy bench tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(UV):
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed.")'
	@echo "Fetching uv $(UV_VERSION)"
	@$(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# A stamp: while neither lock file has changed, nothing here runs, and no network is needed.
$(TOOLS)/installed: $(UV) $(PACKAGES) $(ASSETS)
	@echo "Installing the packages of uv.lock"
	@$(UV) sync --all-packages --locked $(if $(wildcard .venv/bin/python),,--python $(PYTHON))
	@for lock in $(ASSETS); do \
		echo "Installing $$lock"; \
		(cd "$$(dirname "$$lock")" && PATH="$(BIN):$$PATH" npm ci --no-update-notifier --loglevel=error) || exit 1; \
	done
	@$(BIN)/python -m kawal_local.jars
	@touch $@

$(TOOLS)/chromium-path: $(TOOLS)/installed deploy/local/bootstrap/chromium.sh
	@deploy/local/bootstrap/chromium.sh $(TOOLS) $(BIN) > $@.new && mv $@.new $@
