# Everything that is done in a checkout. It needs make and a Python from 3.11 to 3.14; the rest is installed into .venv,
# from hashed locks, and again only when a lock has changed. Kept to what GNU make 3.81 knows.

.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:

BIN := .venv/bin
INSTALL := $(BIN)/python requirements/install.py
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock" $(UPGRADE)

# A .venv that was copied here from another place, or whose Python is gone, does not count as made.
ifneq ($(shell test -x $(BIN)/python && grep -sF '$(CURDIR)/.venv' $(BIN)/activate),)
FRESH :=
else
FRESH := anew
endif

# The suite starts hundreds of processes: each would parse the sources again where bytecode is not written. And its data is
# small: threads that wait for each other take half as long again. A full run has them, as the product does.
PYTEST = $(IN_MEMORY) PYTHONDONTWRITEBYTECODE= POLARS_MAX_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/pytest $(KEEP)
# Lakes and databases are thousands of small files. Where memory has 4 GiB for them, no test waits for the disk.
IN_MEMORY = $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 4194304 { print "TMPDIR=/dev/shm" }')
KEEP := -o tmp_path_retention_policy=failed
# A file stays on one worker, and so do all whole platforms. More than four workers wait for each other's disk.
WORKERS := -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# The queries of the pipelines and of the features of the model; queries.sql files for Postgres are short.
SQL := pipelines/tables models

.PHONY: help demo up test test-unit test-integration test-e2e test-faults test-dates test-full coverage lint audit advisories format bench chaos docs wheel lock clean anew

help: ## list what make can do here
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

demo: .venv/.project ## run everything with a year of demo data; Ctrl-C stops it
	@exec $(BIN)/focusflow up --demo $(ARGS)

up: .venv/.project ## run everything on your own data; Ctrl-C stops it
	@exec $(BIN)/focusflow up $(ARGS)

test: .venv/.dev ## run all tests in parallel; ARGS="tests/unit -x" runs what it names instead
	@$(PYTEST) $(or $(ARGS),$(WORKERS))

test-unit: .venv/.dev ## run the tests that need no server, process or training
	@$(PYTEST) $(WORKERS) tests/unit $(ARGS)

test-integration: .venv/.dev ## run the tests of parts together: database, lake, broker, API, pages, documents
	@$(PYTEST) $(WORKERS) tests/house tests/tables tests/integration $(ARGS)

test-e2e: .venv/.dev ## run the tests of the whole platform in a browser
	@$(PYTEST) tests/e2e $(ARGS)

test-faults: .venv/.dev ## run the tests that kill, freeze and cut off the parts
	@$(PYTEST) $(WORKERS) tests/faults $(ARGS)

test-dates: .venv/.dev ## run the tests that ask for today under two moved clocks; needs the package faketime
	@tests/dates/run env $(PYTEST) $(ARGS)

test-full: .venv/.dev ## run all tests at full size with new random seeds, for an hour or more; TEST_SEED=... repeats a run
	@PYTHONDONTWRITEBYTECODE= TEST_SIZE=full $(BIN)/pytest $(WORKERS) $(ARGS)

coverage: .venv/.dev ## measure which lines and branches of the product the tests below the browser reach
	@$(PYTEST) $(WORKERS) --cov --cov-report=term:skip-covered tests/unit tests/integration $(ARGS)

lint: .venv/.dev ## check style, formatting of code and SQL, types and which part imports which
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/sqlfmt --check --quiet $(SQL)

# What cannot be looked up counts as a finding. dev.txt has all that runtime.txt has.
AUDIT := $(BIN)/uv tool run --quiet pip-audit==2.10.1 --strict --require-hashes --disable-pip --progress-spinner off

audit: .venv/.tools ## compare the locks with the advisories of the package index, and with the stored ones where it cannot be asked
	@said=$$($(AUDIT) -r requirements/dev.txt -r requirements/bootstrap.txt $(ARGS) 2>&1); code=$$?; \
	case $$code:$$said in 0:*|*"known vulnerabilit"*) echo "$$said" ;; \
		*) echo "The package index could not be asked for advisories, so the stored ones are used: $$(echo "$$said" | tail -n 1)" >&2; code=0 ;; \
	esac; $(BIN)/python requirements/audit.py && exit $$code

advisories: .venv/.dev ## renew the stored advisories; SOURCE=... is the path or address of a folder or ZIP of them
	@$(BIN)/python requirements/audit.py --renew $(or $(SOURCE),$(ADVISORIES_SOURCE))

format: .venv/.dev ## put the code into shape and fix what can be fixed safely
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format
	@$(BIN)/sqlfmt --quiet $(SQL)

bench: .venv/.dev ## measure against the goals in a quarter of an hour; ARGS=--full takes all at full size
	@exec $(BIN)/python -m benchmarks $(ARGS)

chaos: .venv/.dev ## try every fault, some of them at random over a running platform, and print a table; ARGS="--kills 100 --minutes 60 --full"
	@POLARS_MAX_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m tests.faults.matrix $(ARGS)

docs: .venv/.project ## write the documents that are made from the code
	@$(BIN)/python -m docs.render

wheel: .venv/.tools ## build the wheel into dist/
	@$(BIN)/python -m hatchling build -t wheel

lock: .venv/.tools ## resolve the locks after pyproject.toml changed; UPGRADE=--upgrade takes the newest versions
	@$(COMPILE) pyproject.toml --all-extras -o requirements/runtime.txt
	@$(COMPILE) --group bootstrap -c requirements/runtime.txt -o requirements/bootstrap.txt
	@$(COMPILE) pyproject.toml --all-extras --group dev -c requirements/runtime.txt -c requirements/bootstrap.txt -o requirements/dev.txt

clean: ## remove .venv, caches and build leftovers; data in .focusflow stays
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv, and what builds the editable install: they come before the locks because they install them.
.venv/.tools: requirements/bootstrap.txt requirements/venv.sh $(FRESH)
	@sh requirements/venv.sh
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

.venv/.runtime: requirements/runtime.txt requirements/install.py .venv/.tools
	@echo "Installing what FocusFlow runs on."
	@$(INSTALL) --require-hashes -r requirements/runtime.txt
	@touch $@

# The build tools stand in .venv already, hashed, so the build needs no isolated environment of its own.
.venv/.project: pyproject.toml .venv/.runtime
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.project
	@echo "Installing what checks it."
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@
