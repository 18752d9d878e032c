# Two commands: `make demo` runs the main job on a simulated book, `make test` runs every check.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export DO_NOT_TRACK := true
export MLFLOW_DISABLE_TELEMETRY := true
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.PHONY: help environment demo test lint lock clean

help:
	@echo "make demo   make the environment, simulate a book, run the weekly job, say where the results are"
	@echo "make test   make the environment, then lint, types, import contracts and all tests"
	@echo "make lock   write requirements.lock anew from pyproject.toml"
	@echo "make clean  remove the environment and the demo's state"

environment: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "forewarn needs Python 3.11 or newer; $(PYTHON) is older: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@if command -v uv >/dev/null 2>&1; then \
	  echo "Making the environment in $(VENV) with uv ..."; \
	  uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock && \
	  uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . ; \
	else \
	  echo "Making the environment in $(VENV) with pip (a minute or two) ..."; \
	  $(PYTHON) -m venv $(VENV) && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . ; \
	fi || { echo "The environment could not be made: see the message above; a package index must be reachable." >&2; exit 1; }
	@touch $(READY)
