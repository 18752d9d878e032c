"""The signal register: planted signals get the verdict that they deserve, noise does not get a good one."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from features.errors import ContractError
from models.likeness import Ranks, said_before
from models.register import Register, Signal, register
from models.tails import risky_tail
from models.verdicts import holm

RISKIER = {"login_drop": "higher", "breadth": "lower", "days_to_renewal": "lower"}


def judged(
    book: Any, columns: Mapping[str, Any] | None = None, as_of: date | None = None, riskier: str = "higher", **more: Any
) -> Register:
    """Return the register of the book's frame with further columns, each its own driver unless it shares a name."""
    frame = book.frame.assign(**(columns or {}))
    features = tuple(
        SimpleNamespace(name=n, title=n.capitalize(), driver=n.partition("_")[0], riskier=RISKIER.get(n, riskier))
        for n in frame.columns
    )
    snapshot: Any = SimpleNamespace(frame=frame, features=features, left_out={}, untracked=more.pop("untracked", None))
    return register(snapshot, book.outcomes, book.contract, as_of or book.last, **more)


def signals(found: Register) -> dict[str, Signal]:
    return {each.name: each for each in found.features}


@pytest.fixture(scope="module")
def found(book: Any) -> Register:
    return judged(book)


def test_a_true_driver_is_used_and_says_why(found: Register) -> None:
    true = signals(found)["login_drop"]
    assert (true.verdict, true.side) == ("use", "higher")
    assert true.lift.low > 1.2
    assert true.agree >= 2 / 3
    assert f"{true.lift.value:.1f} times as often" in true.why


def test_noise_is_never_used(found: Register) -> None:
    noise = [each for each in found.features if each.name.startswith("noise")]
    assert len(noise) == 4
    assert not [each.name for each in noise if each.verdict == "use"]
    assert {each.name: each.verdict for each in found.drivers}["login"] == "use"


def test_a_duplicate_is_dropped_and_named_whatever_its_scale(book: Any) -> None:
    copy = -np.exp(book.frame["login_drop"])
    lines = signals(judged(book, {"copy": copy}, riskier="lower"))
    assert (lines["copy"].verdict, lines["copy"].nearest) == ("drop", "login_drop")
    assert "says the same as “Login_drop”" in lines["copy"].why
    assert lines["login_drop"].verdict == "use"


def test_what_knows_the_outcome_is_named_and_not_used(book: Any) -> None:
    gone = book.outcomes.set_index("account_id")["at"].reindex(book.frame.index.get_level_values(0)).to_numpy()
    days = (gone - book.frame.index.get_level_values(1).to_numpy()) / np.timedelta64(1, "D")
    rng = np.random.default_rng(3)
    leaked = ((days >= 0) & (days < 90)) + rng.normal(0, 0.2, len(days))
    line = signals(judged(book, {"leaked": leaked}))["leaked"]
    assert line.verdict == "watch"
    assert line.why.startswith("Too good")


def test_a_contradicted_direction_is_dropped_in_words(book: Any) -> None:
    line = signals(judged(book, {"upside_down": -book.frame["login_drop"] + 0.3 * book.frame["noise_0"]}))
    assert line["upside_down"].verdict == "drop"
    assert "claimed direction is contradicted" in line["upside_down"].why


def test_either_is_measured_on_other_accounts_than_its_side_was_chosen_on(book: Any) -> None:
    line = signals(judged(book, {"down": -book.frame["login_drop"] + 0.5 * book.frame["noise_1"]}, riskier="either"))
    assert (line["down"].side, line["down"].verdict) == ("lower", "use")
    assert 0 < line["down"].base_accounts < 0.7 * line["login_drop"].base_accounts


def test_values_that_say_nothing_are_dropped_for_what_they_lack(book: Any) -> None:
    lines = signals(judged(book, {"empty": np.nan, "constant": 1.0}))
    assert (lines["empty"].verdict, lines["empty"].coverage) == ("drop", 0.0)
    assert lines["empty"].why == "It had no value in any row."
    assert lines["constant"].verdict == "drop"
    assert "more than half of the rows" in lines["constant"].why


def test_value_missing_and_not_tracked_are_told_apart(book: Any) -> None:
    size = len(book.frame)
    thirds = np.arange(size) % 4
    column = pd.Series(np.where(thirds == 0, np.nan, np.where(thirds == 1, 0.0, thirds)), book.frame.index)
    untracked = pd.DataFrame({"thirds": np.arange(size) % 8 == 0}, book.frame.index)
    line = signals(judged(book, {"thirds": column}, untracked=untracked))["thirds"]
    shares = (line.coverage, line.zero, line.missing, line.not_tracked)
    assert shares == pytest.approx((0.75, 0.25, 0.125, 0.125), abs=0.01)


def test_only_matured_history_counts(book: Any, found: Register) -> None:
    cut = book.last - timedelta(weeks=20)
    early = judged(book, as_of=cut)
    changed = book.outcomes.assign(known_at=book.outcomes["known_at"].where(book.outcomes["known_at"] < str(cut)))
    later = replace(book, outcomes=changed.dropna(subset=["known_at"]))
    assert early.to_json() == judged(later, as_of=cut).to_json()
    assert early.rows < found.rows


def test_rows_in_another_order_give_the_same_register(book: Any, found: Register) -> None:
    mixed = np.random.default_rng(0).permutation(len(book.frame))
    again = judged(replace(book, frame=book.frame.iloc[mixed]))
    assert again.to_json() == found.to_json()


def test_nothing_matured_is_an_error_with_a_way_out(book: Any) -> None:
    with pytest.raises(ContractError, match="later as-of date or add history"):
        judged(book, as_of=date(2024, 1, 9))


def test_few_churns_are_said_to_be_few(book: Any) -> None:
    few = judged(replace(book, outcomes=book.outcomes.iloc[:8]))
    assert {each.verdict for each in few.features} <= {"watch", "drop"}
    assert all("Too few churns" in each.why for each in few.features)
    assert "small numbers" in few.notes()[1]


def test_costs_are_shares_of_all(book: Any) -> None:
    lines = signals(judged(book, seconds={"login_drop": 3.0, "breadth": 1.0}))
    assert (lines["login_drop"].cpu_share, lines["breadth"].cpu_share) == (0.75, 0.25)


def test_the_json_has_no_nan_and_the_table_one_row_per_signal(found: Register) -> None:
    json.dumps(found.to_json(), allow_nan=False)
    table = found.table()
    assert len(table) == len(found.features) + len(found.drivers)
    assert {"kind", "name", "verdict", "why", "lift", "lift_low", "lift_high"} <= set(table.columns)


def walk(rows: list[tuple[int, float]], churn_day: int, last_day: int = 700) -> SimpleNamespace:
    """Return a book where account A has these (day, value) rows and churns; others fill the tail's other side."""
    start = pd.Timestamp("2024-01-01")
    other = [(f"B{i:02d}", day, 0.1 * (i % 9)) for i in range(40) for day, _ in rows]
    every = [("A", day, value) for day, value in rows] + other
    index = pd.MultiIndex.from_tuples(
        [(name, start + pd.Timedelta(days=day)) for name, day, _ in every], names=["account_id", "as_of"]
    )
    frame = pd.DataFrame({"x": [value for *_, value in every]}, index)
    at = pd.Series([start + pd.Timedelta(days=churn_day)], dtype="datetime64[us]")
    gone = pd.DataFrame({"account_id": ["A"], "at": at, "known_at": at, "until": pd.Series([pd.NaT], dtype=at.dtype)})
    return SimpleNamespace(frame=frame, outcomes=gone, last=(start + pd.Timedelta(days=last_day)).date())


@pytest.mark.parametrize(
    ("values", "weeks", "seen"),
    [
        ([0, 9, 0, 9, 9, 9], 9.0, 1),  # entered on day 42 and stayed: 9 weeks before day 105
        ([9, 9, 9, 9, 9, 9], 15.0, 1),
        ([9, 9, 9, 9, 9, 0], None, 0),  # left before the churn: not seen
        ([9, 9, 9, 9, np.nan, 9], 5.0, 1),  # without a value it did not stay
    ],
)
def test_lead_time_is_from_entering_and_staying(book: Any, values: list[float], weeks: float | None, seen: int) -> None:
    rows = [(14 * place, value) for place, value in enumerate(values)] + [(14 * place, 0.0) for place in range(8, 12)]
    made = walk(rows, churn_day=105)
    made.contract = book.contract
    line = judged(made).to_json()["features"][0]
    assert (line["lead_weeks"], line["seen"], line["seen_of"]) == (weeks, seen, 1)


def test_the_tail_is_nearest_to_a_tenth_and_keeps_equal_values_together() -> None:
    tail = risky_tail(np.arange(100.0), "higher")
    assert tail is not None
    assert (tail.threshold, tail.rows.sum()) == (90.0, 10)
    low = risky_tail(np.arange(100.0), "lower")
    assert low is not None
    assert low.threshold == 9.0
    flag = risky_tail(np.repeat([1.0, 0.0], [30, 70]), "higher")
    assert flag is not None
    assert flag.rows.sum() == 30
    assert risky_tail(np.repeat([1.0, 0.0], [70, 30]), "higher") is None


def test_rank_correlation_is_spearmans() -> None:
    rng = np.random.default_rng(5)
    a = rng.normal(size=500)
    b = np.round(a + rng.normal(size=500))
    ranks = Ranks.of([a, b])
    assert ranks.correlation()[0, 1] == pytest.approx(spearmanr(a, b).statistic, abs=1e-12)


def test_of_two_that_say_the_same_the_first_with_more_values_stays() -> None:
    alike = np.ones((3, 3))
    assert said_before([0.5, 1.0, 0.99], alike, 0.98).tolist() == [1, -1, 1]
    assert said_before([1.0, 1.0, 1.0], np.eye(3), 0.98).tolist() == [-1, -1, -1]


def test_holm_multiplies_the_smallest_by_the_number_of_tests() -> None:
    assert holm(np.array([0.01, np.nan, 0.04, 0.03])).tolist() == pytest.approx([0.03, np.nan, 0.06, 0.06], nan_ok=True)
