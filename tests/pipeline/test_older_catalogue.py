"""A champion of an earlier catalogue goes on scoring while its own features say the same, and not a week longer."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import features.snapshot
from features.catalogue import catalogue
from features.errors import ContractError
from pipelines import jobs
from pipelines.champion import read_champion
from pipelines.journal import Journal
from pipelines.settings import Settings, load_settings
from pipelines.state import State

from .small_book import make_book

pytestmark = pytest.mark.slow

TRAINED, NEXT = date(2026, 10, 26), date(2026, 11, 2)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return the settings of a book whose champion was trained before the last feature was added."""
    folder = tmp_path_factory.mktemp("older")
    settings = load_settings(make_book(folder, accounts=250))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features.snapshot, "catalogue", lambda: catalogue()[:-1])
        jobs.weekly(settings, TRAINED, Journal())
    return settings


@pytest.fixture
def copied(trained: Settings, tmp_path: Path) -> Settings:
    shutil.copytree(trained.store.path, tmp_path / "state")
    return trained.model_copy(update={"store": trained.store.model_copy(update={"path": tmp_path / "state"})})


def kept(settings: Settings) -> Path:
    champion = read_champion(State(settings.store.path))
    assert champion is not None
    found = list(settings.store.path.glob(f"snapshots/*/{champion.catalogue_digest}-*/{TRAINED}/rows.parquet"))
    assert len(found) == 1
    return found[0]


def score(settings: Settings) -> dict[str, Any]:
    return jobs.score(settings, NEXT, Journal())


def test_a_feature_that_was_added_does_not_stop_the_champion(copied: Settings) -> None:
    champion = read_champion(State(copied.store.path))
    made = score(copied)
    assert made["published"]
    assert champion is not None
    assert made["model"] == champion.id
    assert made["list_rows"] > 100


def test_a_feature_that_says_something_else_does(copied: Settings) -> None:
    rows = pd.read_parquet(kept(copied))
    rows.loc[rows.index[0], "login_drop"] = 0.123
    rows.to_parquet(kept(copied), index=False)
    with pytest.raises(ContractError, match=r"login_drop says something else of 1 accounts .* train again"):
        score(copied)


def test_without_its_snapshot_nothing_shows_that_the_features_are_the_same(copied: Settings) -> None:
    shutil.rmtree(kept(copied).parent)
    with pytest.raises(ContractError, match=r"its snapshot of 2026-10-26 is not kept"):
        score(copied)


def test_a_feature_that_is_gone_does(copied: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        features.snapshot, "catalogue", lambda: tuple(f for f in catalogue() if f.name != "notice_period")
    )
    with pytest.raises(
        ContractError, match=r"1 of its features are not computed any more \(for example notice_period\)"
    ):
        score(copied)
