"""Interventions: which rows are flagged, and that no feature reads what CS did."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.calendar import WeekGrid
from features.catalogue import catalogue
from features.labels import acted_on
from features.outcome import OutcomeContract
from features.rows import READS
from features.snapshot import available, take_snapshot
from features.trust.profile import weekly_profile
from tests.books import make_book

T = datetime(2026, 3, 2)  # noqa: DTZ001 - every time here is naive UTC
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
WEEKS = [date(2026, 3, 2), date(2026, 3, 9)]


def flags(
    rows: list[dict[str, Any]] | None,
    *as_ofs: float,
    known_by: float = 365,
    without: tuple[str, ...] = (),
    account: str = "A",
) -> list[bool]:
    """Return the flags of an account at as-of dates `as_ofs` days after T; None: there is no table."""
    tables: dict[str, Any] = {"accounts": [], "usage": []}
    if rows is not None:
        tables["interventions"] = [{"account_id": "A", "kind": "call"} | row for row in rows]
    index = pd.MultiIndex.from_tuples(
        [(account, pd.Timestamp(T + day * DAY)) for day in as_ofs], names=["account_id", "as_of"]
    )
    book = make_book(tables, without=without)
    found: list[bool] = acted_on(book, index, OutcomeContract(), (T + known_by * DAY).date()).tolist()
    return found


def test_without_the_table_nobody_was_acted_on() -> None:
    assert flags(None, 0, 1) == [False, False]
    assert flags([], 0, 1) == [False, False]


@pytest.mark.parametrize(
    ("start", "flagged"),
    [(-28 * DAY - TICK, False), (-28 * DAY, True), (0 * DAY, True), (90 * DAY - TICK, True), (90 * DAY, False)],
)
def test_an_intervention_counts_from_four_weeks_before_to_the_horizon(start: timedelta, flagged: bool) -> None:
    row = {"started_at": T + start}
    assert flags([row | {"ended_at": T + start}], 0) == [flagged]
    assert flags([row], 0, without=("interventions.ended_at",)) == [flagged]


@pytest.mark.parametrize(
    ("end", "flagged"), [(-28 * DAY, False), (-28 * DAY + TICK, True), (10 * DAY, True), (None, True)]
)
def test_one_that_was_still_running_counts_too(end: timedelta | None, flagged: bool) -> None:
    row = {"started_at": T - 100 * DAY, "ended_at": None if end is None else T + end}
    assert flags([row], 0) == [flagged]


def test_a_short_one_does_not_hide_a_long_one() -> None:
    long = {"started_at": T - 200 * DAY, "ended_at": T - 10 * DAY}
    short = {"started_at": T - 100 * DAY, "ended_at": T - 99 * DAY}
    later = {"started_at": T + 300 * DAY, "ended_at": T + 301 * DAY}
    assert flags([later, short, long], 0, -300, 250) == [True, False, True]


def test_rows_keep_the_order_of_the_index_and_other_accounts_are_free() -> None:
    row = {"started_at": T, "ended_at": T}
    assert flags([row], 200, 0, -200, 28) == [False, True, False, True]
    assert flags([row], 0, account="B") == [False]


@pytest.mark.parametrize(("known_by", "flagged"), [(9, False), (10, False), (11, True)])
def test_only_what_was_known_by_then_counts(known_by: int, flagged: bool) -> None:
    row = {"started_at": T - DAY, "ended_at": T, "recorded_at": T + 10 * DAY}
    assert flags([row], 0, known_by=known_by) == [flagged]


def test_a_corrected_intervention_counts_as_it_was_told() -> None:
    told = {"started_at": T - 60 * DAY, "ended_at": T - 50 * DAY, "recorded_at": T - 50 * DAY}
    longer = told | {"ended_at": T - 20 * DAY, "recorded_at": T + 30 * DAY}
    assert flags([told, longer], 0, known_by=30) == [False]
    assert flags([told, longer], 0, known_by=31) == [True]
    shorter = longer | {"ended_at": T - 55 * DAY, "recorded_at": T + 60 * DAY}
    assert flags([told, longer, shorter], 0, known_by=60) == [True]
    assert flags([told, longer, shorter], 0, known_by=61) == [False]


def test_flags_are_those_of_a_slow_look_at_every_intervention() -> None:
    dice = Random(7)
    rows = [
        {"started_at": T + start * DAY, "ended_at": T + (start + dice.randint(0, 60)) * DAY, "kind": str(number)}
        for number, start in enumerate(dice.sample(range(-500, 500), 6))
    ]
    as_ofs = list(range(-600, 600, 3))
    slow = [
        any(
            row["started_at"] < T + (day + 90) * DAY
            and max(row["started_at"], row["ended_at"] - TICK) >= T + (day - 28) * DAY
            for row in rows
        )
        for day in as_ofs
    ]
    assert flags(rows, *as_ofs, known_by=2000) == slow
    assert 0 < sum(slow) < len(slow)


# No feature reads it --------------------------------------------------------------------------------------------------


def tables() -> dict[str, list[dict[str, Any]]]:
    """Return a book of three accounts that log in every day."""
    names = ("A", "B", "C")
    return {
        "accounts": [{"account_id": name, "created_at": T - 400 * DAY} for name in names],
        "subscriptions": [
            {"account_id": name, "subscription_id": "s", "started_at": T - 400 * DAY, "mrr": 10.0} for name in names
        ],
        "usage": [
            {"account_id": name, "occurred_at": T - day * DAY, "feature": "login", "event_id": f"{name}{day}"}
            for name in names
            for day in range(1, 300)
        ],
        "touchpoints": [
            {"account_id": name, "occurred_at": T - 40 * DAY, "kind": "call", "event_id": name} for name in names
        ],
    }


def acts() -> Iterator[dict[str, Any]]:
    for number, days in enumerate((2, 9, 30, 100, 300)):
        yield {"account_id": "A", "started_at": T - days * DAY, "ended_at": T - DAY, "kind": f"call {number}"}


def test_no_feature_says_that_it_reads_interventions() -> None:
    assert [each.name for each in catalogue() if any(name.startswith("interventions") for name in each.reads)] == []
    assert "interventions" not in READS


def test_every_feature_is_the_same_whatever_was_done() -> None:
    calm, busy = make_book(tables()), make_book(tables() | {"interventions": list(acts())})
    assert available(calm) == available(busy)
    before, after = (take_snapshot(book, WEEKS, OutcomeContract()) for book in (calm, busy))
    pd.testing.assert_frame_equal(before.frame, after.frame)
    pd.testing.assert_frame_equal(before.untracked, after.untracked)
    pd.testing.assert_frame_equal(before.standing, after.standing)
    assert np.isfinite(before.frame.to_numpy()).any()


def test_acts_that_reach_another_table_are_seen_by_that_comparison() -> None:
    calls = [
        {"account_id": row["account_id"], "occurred_at": row["started_at"], "kind": "call", "event_id": row["kind"]}
        for row in acts()
    ]
    leaked = tables() | {"touchpoints": tables()["touchpoints"] + calls}
    before, after = (take_snapshot(make_book(each), WEEKS, OutcomeContract()) for each in (tables(), leaked))
    assert not before.frame.equals(after.frame)


def test_what_was_done_is_not_held_against_its_history() -> None:
    book = make_book(tables() | {"interventions": list(acts())})
    book.con.execute("CREATE TEMP TABLE usage_accounts AS SELECT DISTINCT account_id FROM usage")
    profile = weekly_profile(book, WeekGrid.ending(WEEKS[0], date(2025, 9, 1)))
    assert {"touchpoints", "usage"} <= set(profile["table"])
    assert "interventions" not in set(profile["table"])
