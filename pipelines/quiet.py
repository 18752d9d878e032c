"""Prefect and MLflow send nothing out and say little; call before either is imported."""

import atexit
import os
import sys

TELEMETRY_OFF = {
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}


def quiet(level: str = "CRITICAL") -> None:
    """Switch telemetry off, whatever the environment says, and Prefect's log down to `level` unless it says."""
    os.environ.update(TELEMETRY_OFF)
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", level)
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    # A temporary server makes its database first; on a busy machine that outlasts Prefect's patience of 20 s.
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")


def hush_at_exit() -> None:
    """Silence what is written to stderr after our own last word.

    DuckDB's bindings count their objects when the interpreter has ended and print a page of "leaked" names whenever
    another library kept a reference; that is noise to whoever reads a message of ours above it.
    """

    def hush() -> None:
        if "duckdb" in sys.modules:
            sys.stderr.flush()
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)

    # Handlers run in reverse order, so the first one registered has the last word.
    atexit.register(hush)
