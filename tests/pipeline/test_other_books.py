"""Other people's data: the weekly job completes, and says no more than the data hold."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from features.errors import PromotionRefusedError
from pipelines import jobs
from pipelines.champion import EVIDENCE, VERDICT
from pipelines.journal import Journal
from pipelines.settings import Settings, load_settings
from pipelines.state import State

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the folder of other people's data is not beside the checkout"),
]


@dataclass(frozen=True)
class Outcome:
    """What came of a weekly run (nothing when no model may serve), and what was kept beside the model that it tried."""

    result: dict[str, Any] | None
    backtest: dict[str, Any]
    verdict: dict[str, Any]


def run(name: str, folder: Path, **backtest: int) -> Outcome:
    given = load_settings(ROOT / "configs" / f"{name}.toml")
    sources = {"mapping": ROOT / given.sources.mapping, "data": SHARED / name}
    changed = given.model_dump() | {"store": {"path": folder}, "sources": sources}
    changed["backtest"] |= backtest
    settings = Settings.model_validate(changed)
    assert settings.calendar.as_of is not None
    try:
        result = jobs.weekly(settings, settings.calendar.as_of, Journal())
    except PromotionRefusedError:
        result = None
    models = State(folder).models
    kept = [json.loads(next(models.glob(f"*.{name}")).read_text()) for name in (EVIDENCE, VERDICT)]
    return Outcome(result, *kept)


@pytest.fixture(scope="module")
def ravenstack(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run("ravenstack", tmp_path_factory.mktemp("ravenstack"))


@pytest.fixture(scope="module")
def crmsim(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run("crmsim", tmp_path_factory.mktemp("crmsim"))


@pytest.fixture(scope="module")
def online_retail(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run("online_retail", tmp_path_factory.mktemp("online_retail"), resamples=60)


def test_nothing_is_found_where_nothing_is_and_no_model_serves(ravenstack: Outcome) -> None:
    auc = ravenstack.backtest["pooled"]["risk_90"]["auc"]
    assert auc["low"] < 0.5 < auc["high"]
    assert ravenstack.result is None
    assert ravenstack.verdict["outcome"] == "refuse"
    assert "no better than chance: AUC for risk_90" in ravenstack.verdict["why"]


def test_what_a_calendar_and_use_tell_is_found(crmsim: Outcome) -> None:
    auc = crmsim.backtest["pooled"]["risk_90"]["auc"]
    assert crmsim.result is not None
    assert crmsim.result["published"]
    assert crmsim.result["list_rows"] > 500
    assert 0.5 < auc["low"] < auc["value"] < 0.80


def test_who_stays_away_is_found_without_any_contract(online_retail: Outcome) -> None:
    found = online_retail.backtest
    auc = found["pooled"]["risk_90"]["auc"]
    assert online_retail.result is not None
    assert online_retail.result["published"]
    assert online_retail.result["list_rows"] > 2000
    assert 0.80 < auc["low"] < auc["high"] < 0.87
    assert auc["low"] > found["baselines"]["last_login"]["risk_90"]["auc"]["high"]
    assert [fold["test_rows"] > 5000 for fold in found["folds"]] == [True] * 4
