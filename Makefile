# Lakewarden. `make help` lists what there is.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
# The first Python that is new enough; `make PYTHON=... run` overrides.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then echo $$python; break; fi; done)
PACKAGES := governance federation purge usage_limits
TESTS ?= tests
PYTEST_OPTIONS ?=
# Tests wait for servers about a third of their time: three for two processors.
WORKERS ?= $(shell expr $$(nproc) \* 3 / 2)
FUZZED := guard metadata logout
WITHOUT_ASSERTS := tests/unit/federation tests/unit/kernel tests/unit/tenancy tests/app/tenancy \
	tests/app/federation tests/contract/federation tests/repo
RUNS ?= 1000000
# Packages without wheels: built from hashed sources, for the tests alone.
FROM_SOURCE := pyhive,pure-sasl,thrift-sasl
DEBIAN_PACKAGES := slapd ldap-utils simplesamlphp php-cli php-xml php-mbstring php-curl \
	php-sqlite3 xmlsec1 chromium fonts-liberation

##@ Use it
run: $(VENV)/.installed ## Start everything: http://localhost:8000 (PORT, HIVE_PORT, BIND, DEMO=0)
	@exec $(BIN)/python -m governance.project.launcher

doctor: $(VENV)/.installed ## Check every dependency and connection of the running service
	@$(BIN)/python manage.py doctor

spark: $(VENV)/.installed-spark ## Add Apache Spark, for index_lake --engine spark (456 MB; wants Java 17)

##@ Work on it
test: $(VENV)/.installed-dev system-packages ## Run every test (TESTS=tests/unit for some of them)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder \
		$(PYTEST_OPTIONS) $(TESTS)

test-full: DEBIAN_PACKAGES += default-jre-headless
test-full: $(VENV)/.installed-dev $(VENV)/.installed-spark system-packages ## And the long ones: fuzzing, faults, heavy servers
	@LAKEWARDEN_FULL=1 $(BIN)/python -m pytest $(PYTEST_OPTIONS) $(TESTS)
	@echo "Sign-in and permissions again, without assert statements (python -O):"
	@$(BIN)/python -O -m pytest -W ignore::pytest.PytestConfigWarning -q $(WITHOUT_ASSERTS)

fuzz: $(VENV)/.installed-dev ## A million inputs for each thing that strangers send to (RUNS=…)
	@for target in $(FUZZED); do nice $(BIN)/python -m tests.fuzz $$target $(RUNS) || exit; done

check: $(VENV)/.installed-dev ## Format, lint, layers, types, templates, spelling, deploy checks, migrations
	@echo "· format";     $(BIN)/ruff format --check --quiet .
	@echo "· lint";       $(BIN)/ruff check --quiet .
	@echo "· layers";     $(BIN)/lint-imports --no-logo
	@echo "· types";      $(BIN)/mypy $(PACKAGES) tests bench manage.py
	@echo "· templates";  $(BIN)/djlint templates --lint --quiet
	@echo "· spelling";   $(BIN)/codespell
	@echo "· deployment"; $(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	@echo "· migrations"; $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

format: $(VENV)/.installed-dev ## Format the code and fix what can be fixed
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

migrations: $(VENV)/.installed-dev ## Write the migrations that the models ask for
	@$(BIN)/python manage.py makemigrations

openapi: $(VENV)/.installed-dev ## Write docs/openapi.yaml and docs/problems.md from the code
	@$(BIN)/python manage.py spectacular --file docs/openapi.yaml --validate --fail-on-warn
	@$(BIN)/python manage.py problems_page
	@$(BIN)/python manage.py sign_in_problems_page

bench: $(VENV)/.installed-dev ## Measure, side by side with peers, and print the table
	@$(BIN)/python -m bench

lock: ## Write the lock files anew from requirements*.in (needs uv); LOCK=--upgrade for newer versions
	@for name in requirements requirements-build requirements-dev requirements-spark; do \
		uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-header $(LOCK) $$name.in -o $$name.lock; done

clean: ## Remove the environment and caches (never the data in var/)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache htmlcov

help: ## Say what there is
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- how the above come about

# Settings like a deployment's: what `check --deploy` judges.
PRODUCTION = DATABASE_URL=postgres://lakewarden_app@db.customer.example/lakewarden \
	DATABASE_OWNER_URL=postgres://lakewarden_owner@db.customer.example/lakewarden \
	REDIS_URL=rediss://broker.customer.example PUBLIC_URL=https://lake.customer.example \
	SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') \
	FIELD_KEYS=k1:$$($(BIN)/python -c 'import base64, secrets; print(base64.b64encode(secrets.token_bytes(32)).decode())')

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, with venv (Debian: apt-get install python3-venv)."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python's venv is missing. Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/.installed: requirements.lock | $(VENV)/bin/python
	@echo "Installing the locked packages …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input \
		--require-hashes --only-binary :all: -r requirements.lock
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock requirements-build.lock | $(VENV)/.installed
	@echo "Installing what the tests need …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input \
		--require-hashes --only-binary :all: -r requirements-build.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes \
		--only-binary :all: --no-binary $(FROM_SOURCE) --no-build-isolation \
		--use-pep517 -r requirements-dev.lock
	@touch $@

$(VENV)/.installed-spark: requirements-spark.lock requirements-build.lock | $(VENV)/.installed
	@echo "Installing Apache Spark …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input \
		--require-hashes --only-binary :all: -r requirements-build.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes \
		--only-binary :all: --no-binary pyspark --no-build-isolation \
		--use-pep517 -r requirements-spark.lock
	@touch $@

system-packages:
	@DEBIAN_PACKAGES="$(DEBIAN_PACKAGES)" .ci/system-packages

.PHONY: run doctor spark test test-full fuzz check format migrations openapi bench lock clean help system-packages
