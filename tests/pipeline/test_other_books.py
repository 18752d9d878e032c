"""Other people's data: the weekly job completes, and says no more than the data hold."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines import jobs
from pipelines.champion import read_evidence
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
    """What came of a weekly run, and the backtest behind it."""

    result: dict[str, Any]
    backtest: dict[str, Any]


def run(name: str, folder: Path, **backtest: int) -> Outcome:
    given = load_settings(ROOT / "configs" / f"{name}.toml")
    sources = {"mapping": ROOT / given.sources.mapping, "data": SHARED / name}
    changed = given.model_dump() | {"store": {"path": folder}, "sources": sources}
    changed["backtest"] |= backtest
    settings = Settings.model_validate(changed)
    assert settings.calendar.as_of is not None
    result = jobs.weekly(settings, settings.calendar.as_of, Journal())
    evidence = read_evidence(State(folder), result["model"])
    assert evidence is not None
    return Outcome(result, evidence)


@pytest.fixture(scope="module")
def ravenstack(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run("ravenstack", tmp_path_factory.mktemp("ravenstack"))


@pytest.fixture(scope="module")
def crmsim(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run("crmsim", tmp_path_factory.mktemp("crmsim"))


@pytest.fixture(scope="module")
def online_retail(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run("online_retail", tmp_path_factory.mktemp("online_retail"), resamples=60)


def test_nothing_is_found_where_nothing_is(ravenstack: Outcome) -> None:
    auc = ravenstack.backtest["pooled"]["risk_90"]["auc"]
    assert ravenstack.result["published"]
    assert auc["low"] < 0.5 < auc["high"]
    assert "not shown to be better than chance" in ravenstack.result["verdict"]


def test_what_a_calendar_and_use_tell_is_found(crmsim: Outcome) -> None:
    auc = crmsim.backtest["pooled"]["risk_90"]["auc"]
    assert crmsim.result["published"]
    assert crmsim.result["list_rows"] > 500
    assert 0.5 < auc["low"] < auc["value"] < 0.80


def test_who_stays_away_is_found_without_any_contract(online_retail: Outcome) -> None:
    found = online_retail.backtest
    auc = found["pooled"]["risk_90"]["auc"]
    assert online_retail.result["published"]
    assert online_retail.result["list_rows"] > 2000
    assert 0.80 < auc["low"] < auc["high"] < 0.87
    assert auc["low"] > found["baselines"]["last_login"]["risk_90"]["auc"]["high"]
    assert [fold["test_rows"] > 5000 for fold in found["folds"]] == [True] * 4
