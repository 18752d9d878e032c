"""What one run leaves behind in MLflow: facts, figures, every test row, pictures, and for a training its model."""

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from models.backtest import JUDGED, Backtest
from models.bundle import Bundle
from models.figures import calibration_figure, gains_figure, lead_figure, pixels, shap_figure
from models.metrics import Estimate
from models.protocol import Rows
from models.provenance import frame_digest

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

FOLDER = "bundle"
"""Where the bundle lies inside the model's artifacts."""
EXAMPLE_ROWS = 5
BACKTEST, PREDICTIONS, DRIVERS, SETTINGS = "backtest.json", "predictions.parquet", "drivers.parquet", "settings.json"
"""Files that each run keeps."""
PARENT = "mlflow.parentRunId"
TEST_ROWS = "test_rows"


@dataclass(frozen=True)
class Experiment:
    """Everything that one backtest records; enough to make it again."""

    name: str
    backtest: Backtest
    params: Mapping[str, Any]
    tags: Mapping[str, str]
    """Digests, git state, lock digest: what a run is found by."""
    data: Mapping[str, str]
    """Digest of each data set that was read, by name."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Texts to keep with the run, by file name: its settings, its verdict, its card."""


@dataclass(frozen=True)
class Training(Experiment):
    """What a training run records beside its backtest."""

    bundle: Bundle = field(kw_only=True)
    rows: Rows = field(kw_only=True)
    """Rows for the SHAP summary and the input example, of the model's catalogue."""


@dataclass(frozen=True)
class Recorder:
    """An open run."""

    client: "MlflowClient"
    experiment_id: str
    run_id: str

    def facts(self, experiment: Experiment) -> None:
        """Record metrics, parameters, tags and the digests of what was read, each kind in one call."""
        from mlflow.entities import Dataset, DatasetInput, InputTag, Param, RunTag

        replay = experiment.backtest
        tags = {**experiment.tags, "model": replay.models[0], TEST_ROWS: rows_digest(replay.predictions)}
        if isinstance(experiment, Training):
            tags["bundle_id"] = experiment.bundle.id
        self.client.log_batch(
            self.run_id,
            metrics=_metrics(replay),
            params=[Param(key, str(value)) for key, value in experiment.params.items()],
            tags=[RunTag(key, value) for key, value in tags.items()],
        )
        context = [InputTag("mlflow.data.context", "training")]
        inputs = [
            DatasetInput(Dataset(name, digest, "local", json.dumps({"uri": name})), tags=context)
            for name, digest in experiment.data.items()
        ]
        self.client.log_inputs(self.run_id, inputs)

    def files(self, experiment: Experiment) -> None:
        """Keep what a comparison or a repetition reads: the figures, every test row, the drivers, and the texts."""
        replay = experiment.backtest.to_json()
        self.client.log_table(self.run_id, _fold_table(replay["folds"]), "folds.json")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / BACKTEST).write_text(json.dumps(replay, default=str), encoding="utf-8")
            experiment.backtest.predictions.to_parquet(folder / PREDICTIONS, index=False)
            if experiment.backtest.drivers is not None:
                experiment.backtest.drivers.to_parquet(folder / DRIVERS, index=False)
            for file, text in experiment.files.items():
                (folder / file).write_text(text, encoding="utf-8")
            self.client.log_artifacts(self.run_id, name)

    def peer(self, experiment: Experiment, peer: str) -> None:
        """Record a further model of the backtest as a child under bare metric names, so that both compare."""
        tags = {PARENT: self.run_id, "model": peer, "outcome": str(experiment.tags.get("outcome", ""))}
        child = self.client.create_run(self.experiment_id, run_name=f"{experiment.name} {peer}", tags=tags)
        pooled = {peer: experiment.backtest.pooled[peer]}
        self.client.log_batch(child.info.run_id, metrics=_flat(pooled, peer))
        self.client.set_terminated(child.info.run_id, "FINISHED")

    def curves(self, replay: Backtest) -> None:
        """Keep the pictures of calibration, gains and lead time; the compare view shows them side by side."""
        for risk in JUDGED:
            curves = replay.curves(risk)
            self._picture(f"calibration_{risk}", calibration_figure(curves, f"Calibration, {risk}"))
            self._picture(f"gains_{risk}", gains_figure(curves, f"Gains, {risk}"))
            lead = replay.lead_times[risk]
            if lead is not None:
                self._picture(f"lead_time_{risk}", lead_figure(lead, f"Lead time of lists by {risk}"))

    def shap(self, training: Training) -> None:
        """Keep shap's summary of the last hazard."""
        hazards, frame = training.bundle.hazards, training.rows.frame
        last = len(hazards.boosters) - 1
        self._picture("shap_60_90", shap_figure(hazards, frame, last, "SHAP, hazard of days 60–90"))

    def _picture(self, key: str, figure: Any) -> None:  # noqa: ANN401 — matplotlib is loaded late
        self.client.log_image(self.run_id, pixels(figure), key=key, step=0, synchronous=True)

    def model(self, training: Training, name: str, *, by_server: bool) -> str:
        """Keep the model with the run and register it under `name`; returns the version."""
        from mlflow.entities import LoggedModelOutput

        logged = self.client.create_logged_model(
            self.experiment_id, name=name, source_run_id=self.run_id, model_type="forewarn"
        )
        with tempfile.TemporaryDirectory() as folder:
            _write_model(Path(folder), training, self.run_id, logged.model_id)
            self.client.log_model_artifacts(logged.model_id, folder)
        self.client.finalize_logged_model(logged.model_id, "READY")
        self.client.log_outputs(self.run_id, [LoggedModelOutput(logged.model_id, step=0)])
        _require_registered_model(self.client, name)
        made = self.client.create_model_version(
            name,
            # A server resolves models:/ID itself; without one MLflow would look it up in its global store, not in ours.
            source=f"models:/{logged.model_id}" if by_server else str(logged.artifact_location),
            run_id=self.run_id,
            tags={"bundle_id": training.bundle.id, "model_id": logged.model_id},
            model_id=logged.model_id,
        )
        return str(made.version)


def _require_registered_model(client: "MlflowClient", name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


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
    return words_as_categories(pd.json_normalize(folds))


def words_as_categories(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with words as categories, because MLflow stumbles over pandas' own strings."""
    words = table.columns[[not pd.api.types.is_numeric_dtype(dtype) for dtype in table.dtypes]]
    return table.astype(dict.fromkeys(words, "category"))


def _metrics(replay: Backtest) -> list["Metric"]:
    """Return every estimate: pooled and baselines at step 0, the folds' at the fold's number."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    folds = [
        Metric(f"fold.{risk}.{name}", float(estimate.value), now, int(fold["fold"]))
        for fold in replay.folds
        for risk, metrics in fold["metrics"].items()
        for name, estimate in metrics.items()
        if not np.isnan(estimate.value)
    ]
    return _flat(replay.pooled, replay.models[0]) + folds


def _flat(pooled: Mapping[str, Mapping[str, Mapping[str, Estimate]]], judged: str) -> list["Metric"]:
    """Return value, low and high of every pooled estimate; the judged model's names have no prefix."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    parts = [
        (f"{'' if model == judged else f'{model}.'}{risk}.{name}{end}", getattr(estimate, part))
        for model, by_risk in pooled.items()
        for risk, named in by_risk.items()
        for name, estimate in named.items()
        for part, end in (("value", ""), ("low", ".low"), ("high", ".high"))
    ]
    return [Metric(key, float(value), now, 0) for key, value in parts if not np.isnan(value)]


def rows_digest(predictions: pd.DataFrame) -> str:
    """Return a digest of which rows were tested and what came of them: variants tried on the same rows share it."""
    ordered = predictions.sort_values(["account_id", "as_of"], kind="stable", ignore_index=True)
    return frame_digest(ordered[["account_id", "as_of", "churned_30", "churned_60", "churned_90"]])
