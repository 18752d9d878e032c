"""Weeks before the champion's, and models whose files were damaged: no list looks ahead, and none is lost."""

from datetime import date
from pathlib import Path

import pytest

from features.errors import ContractError
from pipelines import jobs
from pipelines.champion import read_champion
from pipelines.journal import Journal
from pipelines.settings import Settings, load_settings
from pipelines.state import State
from serving.risk_list import Choice, read_list
from serving.store import open_database

from .small_book import make_book

pytestmark = pytest.mark.slow

BEFORE, NOW = date(2026, 10, 19), date(2026, 11, 2)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    given = load_settings(make_book(tmp_path_factory.mktemp("past"), accounts=250))
    jobs.weekly(given, NOW, Journal())
    return given


def damage(settings: Settings, model: str) -> Path:
    file = State(settings.store.path).models / model / "hazard_0_30.txt"
    file.write_bytes(file.read_bytes()[:-40])
    return file


def test_a_past_week_is_scored_by_a_model_of_its_own(settings: Settings) -> None:
    champion = read_champion(State(settings.store.path))
    assert champion is not None
    with pytest.raises(ContractError, match=r"learnt from what was known by 2026-11-02, after the week 2026-10-19"):
        jobs.score(settings, BEFORE, Journal())
    made = jobs.weekly(settings, BEFORE, Journal())
    assert made["published"]
    assert made["model"] != champion.id
    assert (made["promoted"], made["refused"]) == (False, False)
    assert read_champion(State(settings.store.path)) == champion
    shown = read_list(open_database(settings.database_url), BEFORE, Choice(top=1))
    assert shown.model == made["model"]


def test_a_damaged_model_comes_back_with_the_same_training(settings: Settings) -> None:
    champion = read_champion(State(settings.store.path))
    assert champion is not None
    file = damage(settings, champion.id)
    with pytest.raises(ContractError, match="damaged or exchanged"):
        jobs.score(settings, NOW, Journal())
    made = jobs.train(settings, NOW, Journal())
    assert made["challenger"] == champion.id
    assert file.stat().st_size > 0
    assert jobs.score(settings, NOW, Journal())["model"] == champion.id
