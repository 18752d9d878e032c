"""Separate outcomes: where they are read, when they are known, and their label beside the main outcome."""

from datetime import datetime, timedelta
from math import nan
from typing import Any

import pandas as pd
import pytest

from features.book import Book
from features.errors import UsageError
from features.labels import competing_label, label, outcomes, separate_outcomes, window_label
from features.outcome import OutcomeContract
from tests.books import make_book

T = datetime(2026, 3, 2)  # noqa: DTZ001 - every time here is naive UTC
DAY = timedelta(days=1)
Days = list[float] | float | None


def contract(*separate: str, **more: Any) -> OutcomeContract:
    return OutcomeContract.model_validate({"separate": separate} | more)


def book(outcome: list[dict[str, Any]] | None = None, terms: list[dict[str, Any]] | None = None) -> Book:
    """Return the book of one account with these outcomes and terms; a table that is None is absent."""
    tables: dict[str, Any] = {"accounts": [], "usage": []}
    if outcome is not None:
        tables["outcomes"] = [{"account_id": "A", "kind": "churn", "effective_at": T} | row for row in outcome]
    if terms is not None:
        start = {"account_id": "A", "subscription_id": "s", "started_at": T - 400 * DAY, "recorded_at": T - 410 * DAY}
        tables["subscriptions"] = [start | row for row in terms]
    return make_book(tables)


def told(frame: pd.DataFrame) -> list[tuple[float, float, float]]:
    """Return (at, known_at, until) in days after T; until is NaN where nothing took it back."""
    return [tuple((each - T) / DAY for each in row[1:]) for row in frame.itertuples(index=False)]  # type: ignore[misc]


def labelled(*days: float, known_by: float = 365, took_back: float | None = None) -> pd.DataFrame:
    """Return the labels of account A at T, to which one outcome came on each of `days` after it."""
    happened = pd.DataFrame(
        {
            "account_id": "A",
            "at": pd.to_datetime([T + day * DAY for day in days]),
            "known_at": pd.to_datetime([T + day * DAY for day in days]),
            "until": pd.to_datetime([None if took_back is None else T + took_back * DAY for _ in days]),
        }
    )
    index = pd.MultiIndex.from_tuples([("A", pd.Timestamp(T))], names=["account_id", "as_of"])
    return label(happened, index, OutcomeContract(), (T + known_by * DAY).date())


# Where separate outcomes are read -------------------------------------------------------------------------------------


def test_each_kind_has_a_frame_of_its_own_like_the_main_one() -> None:
    rows = book([{}, {"kind": "contraction", "effective_at": T + DAY}, {"kind": "pause", "effective_at": T + 2 * DAY}])
    found = separate_outcomes(rows, contract("pause", "contraction"))
    main = outcomes(rows, contract("pause", "contraction"))
    assert list(found) == ["pause", "contraction"]
    assert [frame["at"].tolist() for frame in found.values()] == [[T + 2 * DAY], [T + DAY]]
    assert all(frame.dtypes.equals(main.dtypes) for frame in found.values())
    assert main["at"].tolist() == [T]


def test_another_outcome_can_be_the_main_one() -> None:
    rows = book([{}, {"kind": "contraction", "effective_at": T + DAY}])
    swapped = contract("churn", kinds=("contraction",))
    assert told(outcomes(rows, swapped))[0][0] == 1
    assert told(separate_outcomes(rows, swapped)["churn"])[0][0] == 0


def test_without_separate_outcomes_there_are_none() -> None:
    assert separate_outcomes(book([{}]), OutcomeContract()) == {}


def test_a_kind_follows_the_contracts_clock_and_its_corrections() -> None:
    early = {"kind": "contraction", "effective_at": T + 5 * DAY, "amount": 1.0, "recorded_at": T + 6 * DAY}
    late = early | {"amount": 2.0, "recorded_at": T + 20 * DAY, "noticed_at": T - 30 * DAY}
    effective = separate_outcomes(book([early, late]), contract("contraction"))["contraction"]
    assert told(effective) == [(5, 6, 20), (5, 20, pytest.approx(nan, nan_ok=True))]
    decision = separate_outcomes(book([late]), contract("contraction", clock="decision"))["contraction"]
    assert told(decision)[0][:2] == (-30, -30)


def test_a_notice_is_read_from_both_tables_and_once_where_they_agree() -> None:
    outcome = [{"noticed_at": T - 70 * DAY}, {"kind": "contraction", "noticed_at": T - 9 * DAY}]
    terms = [{"noticed_at": T - 70 * DAY}, {"subscription_id": "t", "noticed_at": T - 500 * DAY}, {"seats": 3.0}]
    found = separate_outcomes(book(outcome, terms), contract("notice"))["notice"]
    assert [row[:2] for row in told(found)] == [(-500, -410), (-70, -70)]


@pytest.mark.parametrize("table", ["outcomes", "subscriptions"])
def test_a_corrected_notice_counts_until_its_correction(table: str) -> None:
    first = {"noticed_at": T + 10 * DAY, "recorded_at": T - 5 * DAY}
    second = first | {"noticed_at": T + 20 * DAY, "recorded_at": T + 40 * DAY}
    rows = book([first, second], []) if table == "outcomes" else book([], [first, second])
    found = told(separate_outcomes(rows, contract("notice"))["notice"])
    assert found == [(10, 10, 40), (20, 40, pytest.approx(nan, nan_ok=True))]


def test_an_outcome_that_nothing_gives_is_refused_with_what_there_is() -> None:
    rows = book([{}, {"kind": "pause"}], [{"noticed_at": T}])
    with pytest.raises(UsageError, match=r"no row of outcomes is of the kind 'contraction' .*churn, pause, notice"):
        separate_outcomes(rows, contract("contraction"))
    bare = make_book(
        {"accounts": [], "usage": [], "subscriptions": []}, without=["outcomes.noticed_at", "subscriptions.noticed_at"]
    )
    with pytest.raises(UsageError, match=r"neither outcomes nor subscriptions gives noticed_at \(there is: nothing\)"):
        separate_outcomes(bare, contract("notice"))


# The label of a separate outcome --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "main", "windows"),
    [
        # (0, 30] (30, 60] (60, 90] days; what came, and when.
        ([], [], (0, 0, 0)),
        ([10], [], (1, nan, nan)),
        ([40], [], (0, 1, nan)),
        ([30], [], (0, 1, nan)),
        ([90], [], (0, 0, 0)),
        ([-5], [], (0, 0, 0)),
        ([40, 70], [], (0, 1, nan)),
        ([-5, 70], [], (0, 0, 1)),
        ([], [40], (0, 0, nan)),
        ([40], [50], (0, 1, nan)),
        ([50], [40], (0, 0, nan)),
        ([70], [40], (0, 0, nan)),
        ([40], [70], (0, 1, nan)),
        ([40], [40], (0, 1, nan)),
        ([70], [-5], (0, 0, 1)),
        ([10], [-5, 5], (0, nan, nan)),
    ],
)
def test_the_label_asks_who_is_free_of_both_and_counts_what_came_first(
    kind: list[float], main: list[float], windows: tuple[float, ...]
) -> None:
    of_kind, of_main = labelled(*kind), labelled(*main)
    found = [competing_label(of_kind, of_main, start, start + 30).iloc[0] for start in (0, 30, 60)]
    assert found == pytest.approx(windows, nan_ok=True)


@pytest.mark.parametrize(("known_by", "matured"), [(37, True), (36, False)])
def test_it_waits_until_both_have_matured(known_by: float, matured: bool) -> None:
    late, early = labelled(10), labelled(10, known_by=known_by)
    for of_kind, of_main in ((late, early), (early, late)):
        assert competing_label(of_kind, of_main, 0, 30).notna().iloc[0] == matured


@pytest.mark.parametrize(("took_back", "found"), [(100, 0.0), (200, 1.0)])
def test_what_was_taken_back_by_then_does_not_count(took_back: float, found: float) -> None:
    of_kind = labelled(10, known_by=150, took_back=took_back)
    assert competing_label(of_kind, labelled(known_by=150), 0, 30).iloc[0] == found
    # A main outcome that was taken back forestalls nothing.
    of_main = labelled(5, known_by=150, took_back=took_back)
    assert competing_label(labelled(10, known_by=150), of_main, 0, 30).iloc[0] == 1 - found


def test_a_notice_is_not_forestalled_by_the_churn_it_announces() -> None:
    found = separate_outcomes(book([{"effective_at": T + 80 * DAY, "noticed_at": T + 20 * DAY}]), contract("notice"))
    index = pd.MultiIndex.from_tuples([("A", pd.Timestamp(T))], names=["account_id", "as_of"])
    of_notice = label(found["notice"], index, OutcomeContract(), (T + 365 * DAY).date())
    assert competing_label(of_notice, labelled(80), 0, 30).tolist() == [1.0]
    assert competing_label(of_notice, labelled(80), 60, 90).isna().all()


def test_without_the_main_outcome_it_is_the_windows_label() -> None:
    of_kind = labelled(10)
    assert competing_label(of_kind, labelled(), 0, 90).equals(window_label(of_kind, 0, 90))
