"""MLflow: records trainings, keeps model versions and their aliases; the only module that imports it.

Models are stored as our bundle under an MLmodel file that carries signature and input example. Nothing is pickled,
and `mlflow.pyfunc.load_model` is never called: it runs code from the artifact.
"""

import json
import logging
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np
import pandas as pd

from features.errors import ContractError
from models.backtest import JUDGED, Backtest
from models.bundle import Bundle, load_bundle
from models.figures import calibration_figure, gains_figure, pixels, shap_figure
from models.metrics import Estimate
from models.protocol import Rows
from models.register import Register

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel, Metric

CHAMPION, CHALLENGER = "champion", "challenger"
FOLDER = "bundle"
"""Where the bundle lies inside the model's artifacts."""
EXAMPLE_ROWS = 5


@dataclass(frozen=True)
class Training:
    """Everything that one training run records."""

    name: str
    bundle: Bundle
    backtest: Backtest
    rows: Rows
    """Rows for the SHAP summary and the input example, of the model's catalogue."""
    params: Mapping[str, Any]
    tags: Mapping[str, str]
    """Digests, git state, lock digest: what a run is found by."""
    data: Mapping[str, str]
    """Digest of each data set that was read, by name."""


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
        run = self.client.create_run(self._experiment_id(), run_name=training.name)
        run_id = run.info.run_id
        try:
            self._log_facts(run_id, training)
            self._log_pictures(run_id, training)
            version = self._register(run_id, training)
        except BaseException:
            self.client.set_terminated(run_id, "FAILED")
            raise
        self.client.set_terminated(run_id, "FINISHED")
        return Registered(run_id, version, training.bundle.id)

    def log_signals(self, run_id: str, signals: Register) -> None:
        """Add a signal register to a run: `signals.json` as a table, `register.json` in full."""
        self.client.log_table(run_id, _words_as_categories(signals.table()), "signals.json")
        self.client.log_dict(run_id, signals.to_json(), "register.json")

    def set_alias(self, alias: str, version: str) -> None:
        """Point `champion` or `challenger` at a version."""
        self.client.set_registered_model_alias(self.model_name, alias, version)

    def tag_version(self, version: str, tags: Mapping[str, str]) -> None:
        """Note something on a version, such as a promotion's verdict."""
        for key, value in tags.items():
            self.client.set_model_version_tag(self.model_name, version, key, value)

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

    def backtest_of(self, registered: Registered) -> dict[str, Any]:
        """Return the backtest that was recorded with a version; raises ContractError when it is not there."""
        from mlflow.exceptions import MlflowException

        with tempfile.TemporaryDirectory() as folder:
            try:
                path = self.client.download_artifacts(registered.run_id, "backtest.json", folder)
            except (MlflowException, OSError) as error:
                raise ContractError(f"MLflow run {registered.run_id} has no backtest.json: {error}") from error
            stored: dict[str, Any] = json.loads(Path(path).read_text())
        return stored

    def _experiment_id(self) -> str:
        found = self.client.get_experiment_by_name(self.experiment)
        if found is not None:
            return str(found.experiment_id)
        path = sqlite_path(self.uri)
        # Beside the database, or MLflow would put artifacts into whatever folder the command was started in.
        location = None if path is None else (path.parent / "artifacts").resolve().as_uri()
        return str(self.client.create_experiment(self.experiment, artifact_location=location))

    def _log_facts(self, run_id: str, training: Training) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag, Param, RunTag

        replay = training.backtest.to_json()
        tags = {**training.tags, "bundle_id": training.bundle.id}
        self.client.log_batch(
            run_id,
            metrics=_metrics(training.backtest),
            params=[Param(key, str(value)) for key, value in training.params.items()],
            tags=[RunTag(key, value) for key, value in tags.items()],
        )
        context = [InputTag("mlflow.data.context", "training")]
        inputs = [
            DatasetInput(Dataset(name, digest, "local", json.dumps({"uri": name})), tags=context)
            for name, digest in training.data.items()
        ]
        self.client.log_inputs(run_id, inputs)
        self.client.log_table(run_id, _fold_table(replay["folds"]), "folds.json")
        self.client.log_dict(run_id, replay, "backtest.json")

    def _log_pictures(self, run_id: str, training: Training) -> None:
        hazards, frame = training.bundle.hazards, training.rows.frame
        for risk in JUDGED:
            curves = training.backtest.curves(risk)
            self._log_picture(run_id, f"calibration_{risk}", calibration_figure(curves, f"Calibration, {risk}"))
            self._log_picture(run_id, f"gains_{risk}", gains_figure(curves, f"Gains, {risk}"))
        last = len(hazards.boosters) - 1
        self._log_picture(run_id, "shap_60_90", shap_figure(hazards, frame, last, "SHAP, hazard of days 60–90"))

    def _log_picture(self, run_id: str, key: str, figure: Any) -> None:  # noqa: ANN401 — matplotlib is loaded late
        self.client.log_image(run_id, pixels(figure), key=key, step=0, synchronous=True)

    def _register(self, run_id: str, training: Training) -> str:
        from mlflow.entities import LoggedModelOutput

        run = self.client.get_run(run_id)
        logged = self.client.create_logged_model(
            run.info.experiment_id, name=self.model_name, source_run_id=run_id, model_type="forewarn"
        )
        with tempfile.TemporaryDirectory() as name:
            _write_model(Path(name), training, run_id, logged.model_id)
            self.client.log_model_artifacts(logged.model_id, name)
        self.client.finalize_logged_model(logged.model_id, "READY")
        self.client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
        self._require_registered_model()
        made = self.client.create_model_version(
            self.model_name,
            source=self._source(logged),
            run_id=run_id,
            tags={"bundle_id": training.bundle.id, "model_id": logged.model_id},
            model_id=logged.model_id,
        )
        self.set_alias(CHALLENGER, str(made.version))
        return str(made.version)

    def _source(self, logged: "LoggedModel") -> str:
        # A server resolves models:/ID itself; without one MLflow would look it up in its global store, not in ours.
        return f"models:/{logged.model_id}" if sqlite_path(self.uri) is None else str(logged.artifact_location)

    def _require_registered_model(self) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self.client.create_registered_model(self.model_name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise


def sqlite_path(uri: str) -> Path | None:
    """Return the file of a sqlite:/// address, None for any other store."""
    prefix = "sqlite:///"
    return Path(unquote(uri.removeprefix(prefix))) if uri.startswith(prefix) else None


def _write_model(folder: Path, training: Training, run_id: str, model_id: str) -> None:
    """Write the bundle, an input example and the MLmodel that describes them."""
    from mlflow.models import Model, infer_signature

    target = folder / FOLDER
    target.mkdir()
    for file in training.bundle.folder.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    example = Rows(training.rows.frame.iloc[:EXAMPLE_ROWS], training.rows.standing.iloc[:EXAMPLE_ROWS])
    risks = training.bundle.predict(example)
    plain = example.frame.reset_index(drop=True)
    (folder / "input_example.json").write_text(plain.to_json(orient="split", index=False) or "")
    described = Model(run_id=run_id, model_uuid=model_id, signature=infer_signature(plain, risks), model_id=model_id)
    described.saved_input_example_info = {
        "artifact_path": "input_example.json",
        "type": "dataframe",
        "pandas_orient": "split",
    }
    described.add_flavor("forewarn", bundle=FOLDER, id=training.bundle.id)
    described.save(str(folder / "MLmodel"))


def _fold_table(folds: list[dict[str, Any]]) -> pd.DataFrame:
    """Return one row per fold."""
    return _words_as_categories(pd.json_normalize(folds))


def _words_as_categories(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with words as categories, because MLflow stumbles over pandas' own strings."""
    words = table.columns[[not pd.api.types.is_numeric_dtype(dtype) for dtype in table.dtypes]]
    return table.astype(dict.fromkeys(words, "category"))


def _metrics(replay: Backtest) -> list["Metric"]:
    """Return every estimate: pooled and baselines at step 0, the folds' at the fold's number."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    flat: list[tuple[str, Estimate, int]] = []
    for model, by_risk in replay.pooled.items():
        prefix = "" if model == replay.models[0] else f"{model}."
        flat += [(f"{prefix}{risk}.{name}", e, 0) for risk, named in by_risk.items() for name, e in named.items()]
    for fold in replay.folds:
        named = [(risk, name, e) for risk, metrics in fold["metrics"].items() for name, e in metrics.items()]
        flat += [(f"fold.{risk}.{name}", e, int(fold["fold"])) for risk, name, e in named]
    parts = [
        (f"{key}{end}", getattr(estimate, part), step)
        for key, estimate, step in flat
        for part, end in (("value", ""), ("low", ".low"), ("high", ".high"))
        if part == "value" or not key.startswith("fold.")
    ]
    return [Metric(key, float(value), now, step) for key, value, step in parts if not np.isnan(value)]


def _be_quiet() -> None:
    """Switch telemetry off and keep notes on tables and migrations out of the user's sight."""
    for variable in ("DO_NOT_TRACK", "MLFLOW_DISABLE_TELEMETRY"):
        os.environ[variable] = "true"
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    # MLflow sets its own level when it is imported, so it is imported first.
    import mlflow  # noqa: F401

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
