"""The tracking store: what one training leaves behind, and what comes back."""

import json
import subprocess
import sys
import urllib.request
from contextlib import chdir
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.errors import ContractError, UsageError
from models.backtest import BacktestSettings, backtest
from models.bundle import save_bundle
from models.hazard import HazardModel
from models.kinds import make
from models.registry import (
    BACKTEST,
    CHALLENGER,
    CHAMPION,
    DRIVERS,
    PREDICTIONS,
    Experiment,
    Registered,
    Tracking,
    Training,
    rows_digest,
)
from models.settings import TrainSettings
from models.train import train

pytestmark = [
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def training(book: Any, tmp_path_factory: pytest.TempPathFactory) -> Training:
    settings = TrainSettings(trees=10, leaves=7, min_data_in_leaf=20)
    fitted = train(book, book.outcomes, book.contract, settings, date(2025, 6, 2))
    judged = BacktestSettings(capacity=10, resamples=50)
    models = [HazardModel(settings), make("renewal_calendar", settings)]
    return Training(
        name="week 2025-06-02",
        bundle=save_bundle(fitted, tmp_path_factory.mktemp("made") / "model"),
        backtest=backtest(book, book.outcomes, book.contract, models, judged, last=book.last),
        rows=book.rows,
        params={"model.trees": 10},
        tags={"outcome_digest": book.contract.digest, "git.commit": "abc"},
        data={"snapshot": "0123456789ab"},
        files={"note.md": "# kept\n"},
    )


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    return Tracking(f"sqlite:///{tmp_path_factory.mktemp('state')}/a folder/mlflow.db")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def registered(tracking: Tracking, training: Training, elsewhere: Path) -> Registered:
    with chdir(elsewhere):
        assert tracking.find(CHAMPION) is None
        logged = tracking.log_training(training)
        tracking.fetch(logged, elsewhere.parent / "fetched")
    return logged


def test_nothing_is_written_outside_the_store(registered: Registered, elsewhere: Path) -> None:
    assert registered.version == "1"
    assert list(elsewhere.iterdir()) == []


def test_a_run_holds_what_it_was_made_from(tracking: Tracking, registered: Registered, training: Training) -> None:
    run = tracking.client.get_run(registered.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"model.trees": "10"}
    assert run.data.tags["bundle_id"] == training.bundle.id
    assert [each.dataset.digest for each in run.inputs.dataset_inputs] == ["0123456789ab"]
    auc = training.backtest.pooled["hazard"]["risk_90"]["auc"]
    assert run.data.metrics["risk_90.auc"] == pytest.approx(auc.value)
    assert run.data.metrics["risk_90.auc.low"] == pytest.approx(auc.low)
    assert "renewal_calendar.risk_60_90.brier" in run.data.metrics


def test_folds_and_pictures_stand_where_runs_are_compared(tracking: Tracking, registered: Registered) -> None:
    names = {file.path for file in tracking.client.list_artifacts(registered.run_id)}
    assert {"folds.json", "backtest.json", "images"} <= names
    images = [file.path for file in tracking.client.list_artifacts(registered.run_id, "images")]
    for key in ("calibration_risk_90", "gains_risk_60_90", "shap_60_90"):
        assert any(f"{key}+" in path for path in images)
    tags = tracking.client.get_run(registered.run_id).data.tags
    assert json.loads(tags["mlflow.loggedArtifacts"]) == [{"path": "folds.json", "type": "table"}]


def test_the_model_comes_back_through_its_alias(
    book: Any, tracking: Tracking, registered: Registered, training: Training, tmp_path: Path
) -> None:
    assert tracking.find(CHALLENGER) == registered
    tracking.set_alias(CHAMPION, registered.version)
    found = tracking.champion(tmp_path)
    assert found is not None
    bundle, version = found
    assert version == registered
    assert bundle.folder == tmp_path / training.bundle.id
    pd.testing.assert_frame_equal(bundle.predict(book.rows), training.bundle.predict(book.rows), check_exact=True)


def test_the_model_is_described_with_signature_and_example(tracking: Tracking, registered: Registered) -> None:
    from mlflow.models import Model

    version = tracking.client.get_model_version(tracking.model_name, registered.version)
    folder = tracking.client.get_logged_model(version.tags["model_id"]).artifact_location
    described = Model.load(str(urllib.request.url2pathname(folder.removeprefix("file://"))))
    assert described.signature is not None
    assert described.signature.outputs.input_names() == ["risk_30", "risk_60", "risk_90", "risk_60_90"]
    assert list(described.flavors) == ["forewarn"]
    assert described.saved_input_example_info is not None


def test_what_a_comparison_reads_comes_back(tracking: Tracking, registered: Registered, training: Training) -> None:
    replayed, run_id = training.backtest, registered.run_id
    assert json.loads(tracking.read_text(run_id, BACKTEST)) == json.loads(json.dumps(replayed.to_json()))
    pd.testing.assert_frame_equal(tracking.read_frame(run_id, PREDICTIONS), replayed.predictions, check_dtype=False)
    assert replayed.drivers is not None
    pd.testing.assert_frame_equal(tracking.read_frame(run_id, DRIVERS), replayed.drivers, check_dtype=False)
    assert tracking.read_text(run_id, "note.md") == "# kept\n"
    assert tracking.holds(run_id, "note.md")
    assert not tracking.holds(run_id, "other.md")
    with pytest.raises(ContractError, match=r"has no other\.md"):
        tracking.read_text(run_id, "other.md")


def test_each_further_model_is_a_child_with_bare_metric_names(
    tracking: Tracking, registered: Registered, training: Training
) -> None:
    found = tracking.client.search_runs(
        [tracking.client.get_run(registered.run_id).info.experiment_id],
        f"tags.mlflow.parentRunId = '{registered.run_id}'",
    )
    assert [run.data.tags["model"] for run in found] == ["renewal_calendar"]
    auc = training.backtest.pooled["renewal_calendar"]["risk_90"]["auc"].value
    assert found[0].data.metrics["risk_90.auc"] == pytest.approx(auc)
    assert found[0].info.status == "FINISHED"


def test_runs_are_found_by_what_people_call_them(
    tracking: Tracking, registered: Registered, training: Training
) -> None:
    run_id = registered.run_id
    for named in (run_id, run_id[:8], "week 2025-06-02", training.bundle.id, "challenger"):
        assert tracking.find_run(named) == run_id
    for named in ("week 2025-06-09", run_id[:3], "renewal_calendar"):
        with pytest.raises(UsageError, match=r"no finished run is called .* the newest are week 2025-06-02"):
            tracking.find_run(named)


def test_variants_on_the_same_rows_are_counted(tracking: Tracking, registered: Registered, training: Training) -> None:
    rows = rows_digest(training.backtest.predictions)
    assert tracking.runs_on(rows) == 1
    plain = Experiment("a variant", training.backtest, {}, {"kind": "backtest"}, {})
    run_id = tracking.log_backtest(plain)
    assert tracking.runs_on(rows) == 2
    assert tracking.runs_on("of other rows") == 0
    assert tracking.find_run("a variant") == run_id
    tracking.client.delete_run(run_id)
    assert registered.version == "1"


def test_a_model_damaged_in_the_store_is_refused(tracking: Tracking, registered: Registered, tmp_path: Path) -> None:
    version = tracking.client.get_model_version(tracking.model_name, registered.version)
    folder = tracking.client.get_logged_model(version.tags["model_id"]).artifact_location
    stored = Path(urllib.request.url2pathname(folder.removeprefix("file://"))) / "bundle" / "hazard_0_30.txt"
    whole = stored.read_bytes()
    stored.write_bytes(whole[:-40])
    try:
        with pytest.raises(ContractError, match="damaged or exchanged"):
            tracking.fetch(registered, tmp_path)
    finally:
        stored.write_bytes(whole)
    assert not list(tmp_path.iterdir())


def test_a_new_store_is_made_without_a_word(tmp_path: Path) -> None:
    code = (
        f"from models.registry import Tracking; print(Tracking('sqlite:///{tmp_path}/new/mlflow.db').find('champion'))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert (said.stdout, said.stderr) == ("None\n", "")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
