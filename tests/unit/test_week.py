"""Which week a run speaks of, and whether the data reach it."""

from datetime import date, datetime
from itertools import pairwise

import pytest

from features.errors import ContractError, StaleError, UsageError
from pipelines.settings import CalendarSettings
from pipelines.week import choose_as_of, require_reach, training_weeks

CALENDAR = CalendarSettings()
REPORT = {"tables": {"usage": {"rows": 9, "first": "2025-01-15 10:00:00", "last": "2026-10-30 09:00:00"}}}


def test_the_last_monday_is_the_default() -> None:
    assert choose_as_of(CALENDAR, None, datetime(2026, 11, 4, 8)) == date(2026, 11, 2)  # noqa: DTZ001


def test_a_fixed_week_goes_before_now_and_an_asked_one_before_both() -> None:
    fixed = CalendarSettings(as_of=date(2024, 1, 1))
    assert choose_as_of(fixed, None) == date(2024, 1, 1)
    assert choose_as_of(fixed, date(2023, 12, 25)) == date(2023, 12, 25)


def test_another_weekday_is_refused() -> None:
    with pytest.raises(UsageError, match="2026-11-02"):
        choose_as_of(CALENDAR, date(2026, 11, 3))


def test_a_week_before_all_data_names_the_first_possible() -> None:
    with pytest.raises(UsageError, match="first possible is 2025-01-20"):
        require_reach(REPORT, date(2025, 1, 13), CALENDAR)
    require_reach(REPORT, date(2025, 1, 20), CALENDAR)


def test_data_that_end_too_early_are_stale() -> None:
    require_reach(REPORT, date(2026, 11, 9), CALENDAR)
    with pytest.raises(StaleError, match="last list stays"):
        require_reach(REPORT, date(2026, 11, 16), CALENDAR)


def test_no_usage_is_a_contract_error() -> None:
    with pytest.raises(ContractError, match="usage: no rows"):
        require_reach({"tables": {"usage": {"rows": 0, "first": None}}}, date(2026, 11, 2), CALENDAR)


def test_training_weeks_end_at_the_week_and_stay_inside_history() -> None:
    weeks = training_weeks(date(2026, 11, 2), date(2025, 1, 15), CALENDAR)
    assert weeks[-1] == date(2026, 11, 2)
    assert weeks[0] == date(2025, 1, 27)
    assert {(b - a).days for a, b in pairwise(weeks)} == {14}
    short = training_weeks(date(2026, 11, 2), date(2025, 1, 15), CalendarSettings(history_weeks=20))
    assert short[0] == date(2026, 6, 15)
