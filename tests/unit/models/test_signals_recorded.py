"""A signal register in MLflow: a table to compare runs by, and the whole of it."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from models.register import Register
from models.registry import Tracking
from tests.unit.models.test_register import judged

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recorded(book: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tracking, str, Register, float]:
    tracking = Tracking(f"sqlite:///{tmp_path_factory.mktemp('signals')}/mlflow.db")
    run = tracking.client.create_run(tracking._experiment_id())
    register = judged(book)
    began = time.process_time()
    tracking.log_signals(run.info.run_id, register)
    return tracking, run.info.run_id, register, time.process_time() - began


def test_the_table_has_one_row_per_driver_and_feature(recorded: Any, tmp_path: Path) -> None:
    tracking, run_id, register, _ = recorded
    stored = json.loads(Path(tracking.client.download_artifacts(run_id, "signals.json", str(tmp_path))).read_text())
    names = [row[stored["columns"].index("name")] for row in stored["data"]]
    assert names == [each.name for each in [*register.drivers, *register.features]]


def test_the_whole_register_comes_back(recorded: Any, tmp_path: Path) -> None:
    tracking, run_id, register, _ = recorded
    stored = Path(tracking.client.download_artifacts(run_id, "register.json", str(tmp_path))).read_text()
    assert json.loads(stored) == json.loads(json.dumps(register.to_json()))


def test_recording_costs_little(recorded: Any) -> None:
    assert recorded[3] < 2.0
