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

.PHONY: help demo up test lint format bench chaos docs lock clean anew

help: ## list what make can do here
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: .venv/.project ## run everything with a year of demo data; Ctrl-C stops it
	@exec $(BIN)/focusflow up --demo $(ARGS)

up: .venv/.project ## run everything on your own data; Ctrl-C stops it
	@exec $(BIN)/focusflow up $(ARGS)

test: .venv/.dev ## run the tests; ARGS="tests/unit -x" narrows them down
	@$(BIN)/pytest $(ARGS)

lint: .venv/.dev ## check style, formatting, types and which part imports which
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: .venv/.dev ## put the code into shape and fix what can be fixed safely
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format

bench: .venv/.dev ## measure against the figures in benchmarks/
	@exec $(BIN)/python -m benchmarks $(ARGS)

chaos: .venv/.dev ## kill random processes of a running platform and count what is lost; ARGS="--kills 300 --kafka"
	@exec $(BIN)/python -m tests.faults.chaos $(ARGS)

docs: .venv/.project ## write the documents that are made from the code
	@$(BIN)/python -m docs.render

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
