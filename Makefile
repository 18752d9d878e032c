# Two commands: `make demo` runs the main job on a simulated book, `make test` runs every check.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_FLAGS ?=
READY := $(VENV)/.ready
# The first model is of a whole number of backtest blocks (8 weeks) before the demo's week: the two share most folds.
PAST_MODEL := 2026-05-18
PAST_FROM := 2026-06-15
PAST_TO := 2026-10-26
export DO_NOT_TRACK := true
export MLFLOW_DISABLE_TELEMETRY := true
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.PHONY: help environment demo test lint lock clean

help:
	@echo "make demo   make the environment, simulate a book, publish 21 weekly lists, say where the results are"
	@echo "make test   make the environment, then lint, types, import contracts and all tests"
	@echo "make lint   lint, types and import contracts only"
	@echo "make lock   write requirements.lock anew from pyproject.toml"
	@echo "make clean  remove the environment and the demo's state"

environment: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "forewarn needs Python 3.11 or newer; $(PYTHON) is older: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@if command -v uv >/dev/null 2>&1; then \
	  echo "Making the environment in $(VENV) with uv ..."; \
	  uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements.lock && \
	  uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . ; \
	else \
	  echo "Making the environment in $(VENV) with pip (a minute or two) ..."; \
	  $(PYTHON) -m venv $(VENV) && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . ; \
	fi || { echo "The environment could not be made: see the message above; a package index must be reachable." >&2; exit 1; }
	@touch $(READY)

demo: environment
	@echo "1/4 Simulating a book of 1,500 accounts over 156 weeks into demo/data ..."
	@$(BIN)/forewarn simulate demo/data --accounts 1500 --weeks 156 --seed 7 --until 2026-11-02 || \
	  { echo "The demo stopped: the book could not be simulated; see the message above." >&2; exit 1; }
	@echo "2/4 Publishing the lists of $(PAST_FROM) to $(PAST_TO) with a model of $(PAST_MODEL) ..."
	@[ -f demo/models/champion.json ] || $(BIN)/forewarn train --config configs/demo.toml --as-of $(PAST_MODEL) || \
	  { echo "The demo stopped: the first model could not be trained; see the message above." >&2; exit 1; }
	@$(BIN)/forewarn score --config configs/demo.toml --since $(PAST_FROM) --as-of $(PAST_TO) || \
	  { echo "The demo stopped: the past lists could not be published; see above, or remove demo/ to begin anew." >&2; exit 1; }
	@echo "3/4 Running the weekly job ..."
	@$(BIN)/forewarn weekly --config configs/demo.toml || \
	  { echo "The demo stopped: the weekly job failed; see the message above." >&2; exit 1; }
	@echo "4/4 Who may sign in, and where things are:"
	@$(BIN)/forewarn user add manager --role manager --generate --replace --config configs/demo.toml && \
	  $(BIN)/forewarn user add csm --role csm --owner "CSM 4-6" --generate --replace --config configs/demo.toml && \
	  $(BIN)/forewarn status --config configs/demo.toml

test: lint
	@echo "Running all tests ..."
	@$(BIN)/pytest --quiet -n 2 --dist loadscope $(PYTEST_FLAGS) || \
	  { echo "Some tests failed: the first lines after 'short test summary' name them." >&2; exit 1; }

lint: environment
	@echo "Linting ..."
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check . || \
	  { echo "The style differs: run $(BIN)/ruff check --fix . and $(BIN)/ruff format ." >&2; exit 1; }
	@echo "Checking types ..."
	@$(BIN)/mypy --no-error-summary || { echo "The types do not hold: see the lines above." >&2; exit 1; }
	@echo "Checking import contracts ..."
	@said=$$($(BIN)/lint-imports --no-logo 2>&1) || \
	  { echo "$$said"; echo "A room imports what it may not: see pyproject.toml." >&2; exit 1; }

lock:
	@command -v uv >/dev/null 2>&1 || { echo "make lock needs uv" >&2; exit 1; }
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header --no-annotate --extra postgres --group dev pyproject.toml --output-file requirements.lock

clean:
	@rm -rf $(VENV) demo
	@echo "Removed $(VENV) and demo."
