# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

.PHONY: setup demo test lint audit bench serve tools clean

setup: $(STAMP) tools

# `constraints.txt` is the lock file; torch goes first so that nothing pulls in another build of it.
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tinynas needs Python 3.11 or newer, this is " + sys.version)'
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,postgres]'
	touch $@

# Compilers and simulators from the system's packages where that is allowed; the PyPI-only way
# (ziglang to compile, unicorn to simulate) works without any of them.
tools:
	@sh scripts/install_tools.sh

demo: setup
	$(BIN)/tinynas demo $(ARGS)

serve: setup
	$(BIN)/tinynas serve $(ARGS)

# Two processes, each file in one of them: half the time on two cores.
test: setup
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy tinynas api worker benchmarks
	$(BIN)/lint-imports

# What is known against the versions in the lock file; asks a database on the network.
audit:
	test -d .audit || $(PYTHON) -m venv .audit
	.audit/bin/pip install --quiet pip-audit
	.audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip

bench: setup
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,fuzz,postgres]'
	$(BIN)/python -m benchmarks $(ARGS)

clean:
	rm -rf $(VENV) .audit .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
