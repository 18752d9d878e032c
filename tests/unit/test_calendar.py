"""Weeks end at as-of dates, and nowhere else."""

from datetime import date, datetime

import pytest

from features.calendar import WEEKDAYS, WeekGrid, latest_as_of, require_weekday
from features.errors import UsageError

MONDAY = date(2026, 3, 2)


@pytest.mark.parametrize("day", range(2, 9))
def test_the_latest_monday_holds_for_the_whole_week(day: int) -> None:
    assert latest_as_of(date(2026, 3, day), "monday") == MONDAY


def test_a_moment_counts_by_its_day() -> None:
    assert latest_as_of(datetime(2026, 3, 8, 23, 59, 59), "monday") == MONDAY  # noqa: DTZ001 - naive UTC
    assert latest_as_of(datetime(2026, 3, 1, 23, 59, 59), "monday") == date(2026, 2, 23)  # noqa: DTZ001


@pytest.mark.parametrize("weekday", WEEKDAYS)
def test_every_weekday_can_end_the_week(weekday: str) -> None:
    found = latest_as_of(MONDAY, weekday)
    assert WEEKDAYS[found.weekday()] == weekday
    assert 0 <= (MONDAY - found).days < 7
    assert require_weekday(found, weekday) == found


def test_another_weekday_names_both_neighbours() -> None:
    with pytest.raises(UsageError, match=r"Wednesday.*Monday: use 2026-03-02 or 2026-03-09.*\[calendar\] weekday"):
        require_weekday(date(2026, 3, 4), "monday")


@pytest.mark.parametrize(
    ("first", "weeks"),
    [(date(2026, 3, 1), 1), (date(2026, 2, 23), 1), (date(2026, 2, 22), 2), (date(2026, 2, 16), 2), (MONDAY, 1)],
)
def test_a_grid_reaches_back_to_the_week_of_the_first_day(first: date, weeks: int) -> None:
    grid = WeekGrid.ending(MONDAY, first)
    assert (grid.weeks, grid.last) == (weeks, MONDAY)
    assert grid.start <= first


def test_week_and_as_of_date_are_the_same_thing() -> None:
    grid = WeekGrid.ending(MONDAY, date(2025, 3, 3))
    assert [grid.index(grid.as_of(week)) for week in range(grid.weeks)] == list(range(52))
    assert grid.as_of(51) == grid.last


@pytest.mark.parametrize("as_of", [date(2026, 3, 3), date(2026, 3, 9), date(2026, 2, 16)])
def test_dates_that_end_no_week_of_the_grid_are_refused(as_of: date) -> None:
    grid = WeekGrid.ending(MONDAY, date(2026, 2, 16))
    with pytest.raises(UsageError, match="does not end a week between 2026-02-23 and 2026-03-02"):
        grid.index(as_of)
