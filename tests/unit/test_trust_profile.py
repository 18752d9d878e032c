"""The weekly profile counts what became known in each week, and the same whether it is made at once or by parts."""

from datetime import date, datetime, timedelta

import pandas as pd
import pytest

from features.book import Book
from features.calendar import WeekGrid
from features.trust.profile import renewed_profile, weekly_profile
from tests.books import make_book

START = datetime(2026, 1, 5)  # noqa: DTZ001
GRID = WeekGrid(START.date(), 4)
FRIDAY, WEEK = timedelta(days=4, hours=9), timedelta(days=7)


def event(number: int, happened: datetime, late: timedelta = timedelta(0), **other: object) -> dict[str, object]:
    return {
        "account_id": "A1", "occurred_at": happened, "feature": "login", "user_id": f"U{number % 2}", "quantity": 1.0,
        "event_id": str(number), "available_at": happened + late,
    } | other  # fmt: skip


@pytest.fixture(scope="module")
def book() -> Book:
    events = [
        event(1, START + FRIDAY),
        event(2, START + FRIDAY, feature="search", user_id=None),
        event(3, START + FRIDAY, late=WEEK),
        event(4, START + FRIDAY + timedelta(days=1), account_id="A9"),
        event(5, START + WEEK * 3),
        event(5, START + WEEK * 3),
        event(6, START + WEEK * 4),
        event(7, START - timedelta(days=1)),
    ]
    made = make_book({"accounts": [{"account_id": "A1", "created_at": START}], "usage": events})
    made.con.execute("CREATE TEMP TABLE usage_accounts AS SELECT DISTINCT account_id FROM usage")
    return made


def value(profile: pd.DataFrame, week: int, measure: str, key: str = "") -> float | None:
    end = pd.Timestamp(START + (week + 1) * WEEK)
    found = profile[
        (profile["table"] == "usage")
        & (profile["week"] == end)
        & (profile["measure"] == measure)
        & (profile["key"] == key)
    ]["value"]
    return float(found.iloc[0]) if len(found) else None


@pytest.mark.parametrize(
    ("week", "measure", "key", "expected"),
    [
        (0, "rows", "", 3),
        (0, "part", "login", 2),
        (0, "part", "search", 1),
        (0, "users", "", 2),
        (0, "empty", "user_id", 1),
        (0, "unknown", "", 1),
        (0, "weekend", "", 1),
        (0, "late", "", 0),
        (1, "rows", "", 1),
        (1, "late", "", 1),
        (2, "rows", "", None),
        (2, "total", "", 5),
        (3, "rows", "", 1),
        (3, "total", "", 6),
        (0, "last", "", 1.625),
        (3, "last", "", 7),
    ],
)
def test_what_became_known_in_a_week_is_counted(
    book: Book, week: int, measure: str, key: str, expected: float | None
) -> None:
    assert value(weekly_profile(book, GRID), week, measure, key) == expected


@pytest.mark.parametrize("weeks", [0, 1, 2, 3, 4])
def test_later_weeks_alone_are_as_in_the_whole(book: Book, weeks: int) -> None:
    whole, since = weekly_profile(book, GRID), GRID.start + timedelta(weeks=weeks)
    later = whole[whole["week"] > pd.Timestamp(since)].reset_index(drop=True)
    pd.testing.assert_frame_equal(weekly_profile(book, GRID, since), later)


def test_a_stored_profile_keeps_its_older_weeks_and_counts_the_last_anew(book: Book) -> None:
    whole = weekly_profile(book, GRID)
    stored = whole.assign(value=whole["value"] + 100)[whole["week"] <= pd.Timestamp(date(2026, 1, 26))]
    renewed = renewed_profile(stored, book, GRID, again=2)
    assert [value(renewed, week, "total") for week in range(4)] == [104, 105, 5, 6]
    pd.testing.assert_frame_equal(renewed_profile(stored.head(0), book, GRID), whole)


def test_a_table_that_is_absent_has_no_weeks(book: Book) -> None:
    assert set(weekly_profile(book, GRID)["table"]) == {"accounts", "usage"}
