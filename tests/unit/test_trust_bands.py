"""Limits learnt from a series' own history: season, growth, chance, young books and what somebody accepted."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from features.trust.limits import Accepted, TrustLimits
from features.trust.verdicts import examine, judge, sight

LAST = date(2026, 6, 1)
LIMITS = TrustLimits.model_validate({})
DICE = np.random.default_rng(3)


def profile(rows: NDArray[np.float64], table: str = "tickets", **parts: NDArray[np.float64]) -> pd.DataFrame:
    """A table's profile of weekly counts that ends at LAST, its last row on the last day of each week."""
    weeks = pd.date_range(end=pd.Timestamp(LAST), periods=len(rows), freq="7D")
    series = {("rows", ""): rows, ("total", ""): np.cumsum(rows), ("last", ""): np.where(rows > 0, 0.5, np.nan)}
    series |= {("part", key): counts for key, counts in parts.items()}
    frames = [
        pd.DataFrame({"table": table, "week": weeks, "measure": measure, "key": key, "value": values})
        for (measure, key), values in series.items()
    ]
    return pd.concat(frames, ignore_index=True).dropna()


def rules(rows: NDArray[np.float64], limits: TrustLimits = LIMITS, **parts: NDArray[np.float64]) -> list[str]:
    return [problem.rule for problem in judge(profile(rows, **parts), LAST, limits)]


def steady(level: float, weeks: int = 104) -> NDArray[np.float64]:
    return DICE.poisson(level, weeks).astype(float)


def with_last(rows: NDArray[np.float64], *last: float) -> NDArray[np.float64]:
    return np.concatenate([rows[: -len(last)], np.array(last)])


@pytest.mark.parametrize(("last", "told"), [(500, []), (250, ["volume"]), (1000, ["volume"]), (400, []), (650, [])])
def test_a_steady_table_may_neither_halve_nor_double(last: float, told: list[str]) -> None:
    assert rules(with_last(steady(500), last)) == told


def test_the_same_share_of_few_rows_is_chance() -> None:
    assert rules(with_last(steady(6), 3)) == []
    assert rules(with_last(steady(6), 12)) == []


def test_a_season_that_was_accepted_a_year_ago_may_come_again() -> None:
    rows, last_year = steady(500, 120), LAST - timedelta(weeks=52)
    holidays = TrustLimits(accept=(Accepted(table="tickets", since=last_year, until=last_year),))
    rows[-53] = rows[-1] = 200
    assert rules(rows, holidays) == []
    assert rules(rows) == ["volume"], "a fault of last year excuses nothing"
    assert rules(with_last(rows, 80), holidays) == ["volume"]


def test_a_growing_table_is_held_against_its_growth() -> None:
    grown = 100 * 1.02 ** np.arange(104)
    assert rules(grown) == []
    assert rules(with_last(grown, grown[-1] / 2)) == ["volume"]


def test_a_young_table_may_grow_but_not_break_off() -> None:
    assert rules(50.0 * np.arange(1, 16)) == []
    assert rules(with_last(steady(400, 15), 60)) == ["volume"]


def test_a_bill_run_a_month_is_no_fault() -> None:
    weeks = pd.date_range(end=pd.Timestamp(LAST), periods=120, freq="7D")
    first = np.array([any((week - pd.Timedelta(days=d)).day == 1 for d in range(1, 8)) for week in weeks])
    rows = np.where(first, 200.0, 10.0) + DICE.poisson(5, 120)
    assert rules(rows) == []
    assert sight(examine(profile(rows), LAST, LIMITS))["tickets"] != 1


def test_a_fault_that_nobody_accepts_goes_on_stopping_and_then_becomes_the_level() -> None:
    for weeks, told in ((1, True), (8, True), (40, False)):
        rows = steady(500, 150)
        rows[-weeks:] *= 0.5
        assert bool(rules(rows)) == told, weeks


def test_a_part_that_is_lost_is_told_and_a_rare_one_is_not() -> None:
    rows = steady(500)
    search = np.round(0.2 * rows)
    assert rules(rows, search=search) == []
    (problem,) = judge(profile(rows, search=with_last(search, 0)), LAST, LIMITS)
    assert (problem.rule, problem.column) == ("lost_part", "severity")
    assert "0 rows of search in the week to 2026-06-01, where at least" in problem.says
    assert '{ table = "tickets", measure = "part", key = "search", since = 2026-06-01 }' in problem.fix
    assert rules(rows, rare=with_last(DICE.poisson(2, 104).astype(float), 0)) == []


def test_parts_that_shrink_with_their_table_are_not_told_apart_from_it() -> None:
    rows = steady(500)
    half = with_last(rows, rows[-1] / 2)
    assert rules(half, search=0.2 * half) == ["volume"]


def test_a_silent_table_is_stale_and_nothing_else() -> None:
    assert rules(with_last(steady(500), 0, 0)) == ["stale"]
    assert rules(with_last(steady(0.5), 0, 0)) == []


def test_rows_that_are_gone_are_told() -> None:
    made = profile(steady(500))
    made.loc[(made["measure"] == "total") & (made["week"] == pd.Timestamp(LAST)), "value"] /= 2
    assert [problem.rule for problem in judge(made, LAST, LIMITS)] == ["shrunk"]


def test_an_accepted_change_is_the_new_level() -> None:
    rows = steady(500)
    rows[-3:] *= 0.4
    since = pd.Timestamp(LAST) - pd.Timedelta(weeks=2)
    accepted = TrustLimits(accept=(Accepted(table="tickets", since=since.date()),))
    assert rules(rows) == ["volume"]
    assert rules(rows, accepted) == []
    other = TrustLimits(accept=(Accepted(table="usage", since=since.date()),))
    assert rules(rows, other) == ["volume"]


def test_accepted_weeks_are_not_judged_but_later_ones_are() -> None:
    rows = with_last(steady(500), 200, 200, 500)
    weeks = [pd.Timestamp(LAST) - pd.Timedelta(weeks=ago) for ago in (2, 1)]
    outage = TrustLimits(accept=(Accepted(table="tickets", since=weeks[0].date(), until=weeks[1].date()),))
    assert rules(rows, outage) == []
    assert rules(with_last(rows, 200), outage) == ["volume"]


def test_a_measure_may_only_warn() -> None:
    (problem,) = judge(profile(with_last(steady(500), 200)), LAST, TrustLimits(warn=("rows",)))
    assert problem.severity == "warning"


@pytest.mark.parametrize(
    "wrong",
    [
        {"quiet": ["12-20"]},
        {"quiet": ["12-40/01-06"]},
        {"warn": ["row"]},
        {"accept": [{"table": "usages", "since": "2026-06-01"}]},
        {"accept": [{"table": "usage", "measure": "row", "since": "2026-06-01"}]},
        {"accept": [{"table": "usage", "since": "2026-06-01", "until": "2026-05-01"}]},
    ],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TrustLimits.model_validate(wrong)


def test_an_empty_profile_has_nothing_to_say() -> None:
    assert judge(profile(np.array([])), LAST, LIMITS) == []
