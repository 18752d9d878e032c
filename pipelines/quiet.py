"""Prefect and MLflow send nothing out and say little; call before either is imported."""

import os

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
