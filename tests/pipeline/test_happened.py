"""After publishing: events in words, what became of earlier lists, and weeks that were missed."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from features.errors import ContractError, UsageError
from features.outcome import OutcomeContract
from pipelines import intake, jobs, publishing, replays, training
from pipelines.champion import Champion, crown
from pipelines.happened import happened, table_reach
from pipelines.journal import Journal
from pipelines.settings import Settings, load_settings
from pipelines.state import State
from pipelines.week import reach, training_weeks
from serving.happened import events_of, maturity, outcomes_of
from serving.publish import publish
from serving.risk_list import Choice, published_weeks, read_list
from serving.store import open_database
from tests.made_lists import AT, make_list

from . import small_book
from .dealings_book import book_of, churn, on

AS_OF, LISTED = date(2026, 9, 7), date(2026, 6, 1)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
CONTRACT = OutcomeContract()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    given = Settings.model_validate({"store": {"path": tmp_path, "database": f"sqlite:///{tmp_path}/lists.db"}})
    publish(
        open_database(given.database_url), replace(make_list(60, LISTED), outcome=CONTRACT.digest), at=AT, by="tests"
    )
    return given


def days_of(settings: Settings) -> dict[str, tuple[str, int]]:
    """Return what became of the first list, per account."""
    with open_database(settings.database_url).connect() as connection:
        return {account: (each.kind, each.days) for account, each in outcomes_of(connection, [1])[1].items()}


def matured(settings: Settings) -> dict[int, tuple[date, int]]:
    with open_database(settings.database_url).connect() as connection:
        return maturity(connection)


def test_a_run_again_adds_nothing_and_a_later_one_what_is_new(settings: Settings) -> None:
    answers = [{"answered_at": on(day), "kind": "nps", "score": 9.0} for day in ("05-01", "09-08")]
    book = book_of(surveys=answers, outcomes=[])
    runs = [happened(book, as_of, settings).value.events for as_of in (AS_OF, AS_OF, AS_OF + WEEK, AS_OF)]
    assert runs == [1, 0, 1, 0]
    with open_database(settings.database_url).connect() as connection:
        assert len(events_of(connection, "A00001", AS_OF)) == 1
        assert len(events_of(connection, "A00001", AS_OF + WEEK)) == 2


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [(AS_OF, {"A00001": ("churn", 20)}), (AS_OF + 8 * WEEK, {"A00001": ("churn", 20), "A00002": ("churn", 25)})],
    ids=["not yet recorded", "recorded"],
)
def test_an_outcome_counts_once_it_is_recorded(settings: Settings, as_of: date, expected: dict[str, Any]) -> None:
    happened(book_of(outcomes=[churn("A00001", "06-20", "06-22"), churn("A00002", "06-25", "10-25")]), as_of, settings)
    assert days_of(settings) == expected


def test_a_list_is_given_outcomes_only_as_far_as_they_are_final(settings: Settings) -> None:
    own = replace(make_list(60, AS_OF), outcome=CONTRACT.digest)
    publish(open_database(settings.database_url), own, at=AT, by="tests")
    days = {"A00001": "06-10", "A00002": "07-15", "A00003": "08-20"}
    book = book_of(outcomes=[churn(account, day, day) for account, day in days.items()])
    seen = []
    for as_of in (date(2026, 6, 29), date(2026, 7, 13), date(2026, 8, 10), AS_OF):
        happened(book, as_of, settings)
        seen.append((matured(settings)[1][1], sorted(days_of(settings))))
    assert seen == [(0, []), (30, ["A00001"]), (60, ["A00001", "A00002"]), (90, ["A00001", "A00002", "A00003"])]
    assert list(matured(settings)) == [1]


def test_a_mature_list_is_not_touched_again_nor_by_an_earlier_week(settings: Settings) -> None:
    happened(book_of(outcomes=[churn("A00001", "06-10", "06-10")]), AS_OF, settings)
    for as_of in (AS_OF - 3 * WEEK, AS_OF, AS_OF + 9 * WEEK):
        assert happened(book_of(outcomes=[]), as_of, settings).value.lists == 0
    assert days_of(settings) == {"A00001": ("churn", 10)}
    assert matured(settings) == {1: (AS_OF, 90)}


def test_an_account_that_is_gone_from_the_tables_left_view(settings: Settings) -> None:
    happened(book_of(accounts=59, outcomes=[churn("A00001", "06-10", "06-10")]), AS_OF, settings)
    assert days_of(settings) == {"A00001": ("churn", 10), "A00060": ("left view", 1)}


def test_a_list_of_another_outcome_contract_is_not_followed(settings: Settings) -> None:
    other = settings.model_copy(update={"outcome": OutcomeContract(recording_lag_days=14)})
    came = happened(book_of(outcomes=[]), AS_OF, other).value
    assert (came.lists, came.other_contract) == (0, 1)
    assert matured(settings) == {}


def test_the_reach_of_the_tables_is_that_of_the_week() -> None:
    answers = [
        {"answered_at": on("08-01"), "kind": "nps", "score": 9.0},
        {"answered_at": on("08-20"), "kind": "nps", "score": 9.0, "recorded_at": on("09-10")},
    ]
    report = {"tables": {"usage": {"rows": 9, "first": "2026-01-01", "last": "2026-09-30T10:00:00"}}}
    book = replace(book_of(surveys=answers), report=report)
    assert table_reach(book, AS_OF) == {"accounts": "2024-01-01", "usage": "2026-09-06", "surveys": "2026-08-01"}
    assert table_reach(book, AS_OF + 9 * WEEK)["usage"] == "2026-09-30"
    assert table_reach(book, AS_OF + 9 * WEEK)["surveys"] == "2026-08-20"


def test_a_failure_after_publishing_is_said_and_leaves_the_list(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("disk full")

    said: list[str] = []
    monkeypatch.setattr(publishing, "happened", fail)
    kept = publishing.keep_happened(settings, AS_OF, book_of(), Journal(say=said.append))
    assert kept == {"error": "disk full"}
    assert "disk full" in said[0]
    assert published_weeks(open_database(settings.database_url)) == [LISTED]


FIRST, LAST = date(2026, 10, 12), date(2026, 11, 2)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A small book with a champion of the first week, crowned without being judged, which takes longest."""
    given = load_settings(small_book.make_book(tmp_path_factory.mktemp("missed"), accounts=250, weeks=80))
    state, book = State(given.store.path), intake.check(given, FIRST).value
    weeks = training_weeks(FIRST, reach(book.report)[0], given.calendar)
    taken = intake.snapshot(book, weeks, given).value
    replayed = replays.replay(book, taken, FIRST, given, state, ["hazard"]).value
    bundle = training.store(training.fit(book, taken, replayed, FIRST, given), state)
    crown(state, Champion(bundle.id, FIRST, taken.outcome_digest, taken.catalogue_digest))
    return given


@pytest.mark.slow
def test_missing_weeks_are_published_in_order_and_once(trained: Settings) -> None:
    said: list[str] = []
    with pytest.raises(ContractError, match=r"learnt from what was known by 2026-10-12, after the week 2026-10-05"):
        publishing.score_since(trained, LAST, Journal(), since=FIRST - WEEK)
    with pytest.raises(UsageError, match="lies after the week"):
        publishing.score_since(trained, FIRST, Journal(), since=LAST)
    assert published_weeks(open_database(trained.database_url)) == []
    jobs.score(trained, FIRST + WEEK, Journal())
    made = publishing.score_since(trained, LAST, Journal(say=said.append), since=FIRST)
    assert made["published"] == ["2026-10-12", "2026-10-26", "2026-11-02"]
    assert made["skipped"] == ["2026-10-19"]
    assert "published already, and left as they are: 2026-10-19" in said[0]
    assert made["happened"]["events"] > 0
    before = read_list(open_database(trained.database_url), LAST, Choice(top=1)).previous_as_of
    assert before == LAST - WEEK
    with open_database(trained.database_url).connect() as connection:
        found = connection.execute(text("SELECT as_of, reach FROM lists ORDER BY id")).all()
    assert [week for week, _ in found] == ["2026-10-19", "2026-10-12", "2026-10-26", "2026-11-02"]
    assert all(json.loads(reached)["usage"] < week for week, reached in found)
    again = publishing.score_since(trained, LAST, Journal(), since=FIRST)
    assert (again["published"], len(again["skipped"])) == ([], 4)
    assert State(trained.store.path).report(LAST).is_file()
