"""MLflow: finds runs, keeps model versions and their aliases; what a run holds is written by models.recording.

These two are the only modules that import it. Models are stored as our bundle under an MLmodel file that carries
signature and input example. Nothing is pickled, and `mlflow.pyfunc.load_model` is never called: it runs code from the
artifact.
"""

import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote

import pandas as pd

from features.errors import ContractError, UsageError
from models.bundle import Bundle, load_bundle
from models.recording import (
    BACKTEST,
    DRIVERS,
    FOLDER,
    PARENT,
    PREDICTIONS,
    SETTINGS,
    TEST_ROWS,
    Experiment,
    Recorder,
    Training,
    rows_digest,
    words_as_categories,
)
from models.register import Register

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

CHAMPION, CHALLENGER = "champion", "challenger"
LEAST_DIGITS = 6
"""Digits of a run's id by which it may be named."""
T = TypeVar("T")


@dataclass(frozen=True)
class Registered:
    """A model version in the registry."""

    run_id: str
    version: str
    bundle_id: str


@dataclass(frozen=True)
class Tracking:
    """A tracking store: `uri` is sqlite:///PATH or a server's address."""

    uri: str
    experiment: str = "forewarn"
    model_name: str = "forewarn"

    @cached_property
    def client(self) -> "MlflowClient":
        """The connected client; a SQLite file and its folder are made when they are not there."""
        _be_quiet()
        path = sqlite_path(self.uri)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    def log_training(self, training: Training) -> Registered:
        """Record one training as one run and register its model under the alias `challenger`."""
        with self._run(training) as run:
            run.shap(training)
            version = run.model(training, self.model_name, by_server=sqlite_path(self.uri) is None)
            self.set_alias(CHALLENGER, version)
        return Registered(run.run_id, version, training.bundle.id)

    def log_backtest(self, experiment: Experiment) -> str:
        """Record a backtest without a model as one run; returns its id."""
        with self._run(experiment) as run:
            return run.run_id

    @contextmanager
    def _run(self, experiment: Experiment) -> Iterator[Recorder]:
        """Open a run with all facts, a child run per further model; it has failed unless the block ends well."""
        home = self._experiment_id()
        run = Recorder(self.client, home, str(self.client.create_run(home, run_name=experiment.name).info.run_id))
        try:
            run.facts(experiment)
            run.files(experiment)
            run.curves(experiment.backtest)
            for peer in experiment.backtest.models[1:]:
                run.peer(experiment, peer)
            yield run
        except BaseException:
            self.client.set_terminated(run.run_id, "FAILED")
            raise
        self.client.set_terminated(run.run_id, "FINISHED")

    def find_run(self, named: str) -> str:
        """Return the id of a run by its id (or the first digits), its name (the newest of that name), an alias of the
        registered model, or a model's id. Raises UsageError when there is none."""
        registered = self.find(named) if named in (CHAMPION, CHALLENGER) else None
        if registered is not None:
            return registered.run_id
        found = self._runs()
        whole = [run.info.run_id for run in found if run.info.run_id == named]
        called = [run.info.run_id for run in found if named in (run.info.run_name, run.data.tags.get("bundle_id"))]
        begun = [run.info.run_id for run in found if len(named) >= LEAST_DIGITS and run.info.run_id.startswith(named)]
        chosen = whole or called or begun
        if not chosen or (not called and len(chosen) > 1):
            names = list(dict.fromkeys(str(run.info.run_name) for run in found))[:5]
            what = f"{len(chosen)} runs begin with" if chosen else "no finished run is called"
            known = f"the newest are {', '.join(names)}" if names else "none has been recorded yet"
            raise UsageError(f"{what} {named!r} in experiment {self.experiment}: {known}")
        return str(chosen[0])

    def runs_on(self, test_rows: str) -> int:
        """Return how many backtests and trainings were recorded on the same test rows."""
        return sum(run.data.tags.get(TEST_ROWS) == test_rows for run in self._runs())

    def tags_of(self, run_id: str) -> dict[str, str]:
        """Return a run's tags."""
        return dict(self.client.get_run(run_id).data.tags)

    def read_text(self, run_id: str, file: str) -> str:
        """Return a text kept with a run; raises ContractError when it is not there."""
        return self._download(run_id, file, lambda path: path.read_text(encoding="utf-8"))

    def read_frame(self, run_id: str, file: str) -> pd.DataFrame:
        """Return a Parquet table kept with a run; raises ContractError when it is not there."""
        return self._download(run_id, file, pd.read_parquet)

    def holds(self, run_id: str, file: str) -> bool:
        """Say whether a run keeps this file."""
        return any(each.path == file for each in self.client.list_artifacts(run_id))

    def _download(self, run_id: str, file: str, read: Callable[[Path], T]) -> T:
        from mlflow.exceptions import MlflowException

        with tempfile.TemporaryDirectory() as folder:
            try:
                return read(Path(self.client.download_artifacts(run_id, file, folder)))
            except (MlflowException, OSError) as error:
                raise ContractError(f"MLflow run {run_id} has no {file}: {error}") from error

    def _runs(self) -> list["Run"]:
        """Return the finished runs of the experiment that are no children, the newest first."""
        found = self.client.search_runs(
            [self._experiment_id()], "attributes.status = 'FINISHED'", max_results=5000, order_by=["start_time DESC"]
        )
        return [run for run in found if PARENT not in run.data.tags]

    def log_signals(self, run_id: str, signals: Register) -> None:
        """Add a signal register to a run: `signals.json` as a table, `register.json` in full."""
        self.client.log_table(run_id, words_as_categories(signals.table()), "signals.json")
        self.client.log_dict(run_id, signals.to_json(), "register.json")

    def set_alias(self, alias: str, version: str) -> None:
        """Point `champion` or `challenger` at a version."""
        self.client.set_registered_model_alias(self.model_name, alias, version)

    def find(self, alias: str) -> Registered | None:
        """Return the version that an alias points at, None when there is none."""
        from mlflow.exceptions import MlflowException

        try:
            found = self.client.get_model_version_by_alias(self.model_name, alias)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise
        return Registered(str(found.run_id), str(found.version), str(found.tags.get("bundle_id")))

    def fetch(self, registered: Registered, folder: Path) -> Bundle:
        """Download a version's bundle into `folder`/ID unless it is there, and return it checked."""
        target = folder / registered.bundle_id
        if not target.exists():
            from mlflow.artifacts import download_artifacts

            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as half:
                # Not by models:/NAME/VERSION, which MLflow would look up in its global store.
                stored = self.client.get_model_version_download_uri(self.model_name, registered.version)
                got = Path(download_artifacts(f"{stored}/{FOLDER}", dst_path=half, tracking_uri=self.uri))
                load_bundle(got, expected_id=registered.bundle_id)
                got.rename(target)
        return load_bundle(target, expected_id=registered.bundle_id)

    def champion(self, folder: Path) -> tuple[Bundle, Registered] | None:
        """Return the checked champion and its version, downloaded into `folder`; None when there is no champion."""
        found = self.find(CHAMPION)
        return None if found is None else (self.fetch(found, folder), found)

    def _experiment_id(self) -> str:
        found = self.client.get_experiment_by_name(self.experiment)
        if found is not None:
            return str(found.experiment_id)
        path = sqlite_path(self.uri)
        # Beside the database, or MLflow would put artifacts into whatever folder the command was started in.
        location = None if path is None else (path.parent / "artifacts").resolve().as_uri()
        return str(self.client.create_experiment(self.experiment, artifact_location=location))


def sqlite_path(uri: str) -> Path | None:
    """Return the file of a sqlite:/// address, None for any other store."""
    prefix = "sqlite:///"
    return Path(unquote(uri.removeprefix(prefix))) if uri.startswith(prefix) else None


def _be_quiet() -> None:
    """Switch telemetry off and keep notes on tables and migrations out of the user's sight."""
    for variable in ("DO_NOT_TRACK", "MLFLOW_DISABLE_TELEMETRY"):
        os.environ[variable] = "true"
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    # MLflow sets its own level when it is imported, so it is imported first.
    import mlflow  # noqa: F401

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)


__all__ = [
    "BACKTEST",
    "CHALLENGER",
    "CHAMPION",
    "DRIVERS",
    "PREDICTIONS",
    "SETTINGS",
    "Experiment",
    "Registered",
    "Tracking",
    "Training",
    "rows_digest",
    "sqlite_path",
]
