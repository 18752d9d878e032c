"""What happened afterwards, as far as it was known by a given day."""

from datetime import datetime, timedelta
from math import nan
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.errors import UsageError
from features.labels import interval_label, label, outcomes, window_label
from features.outcome import OutcomeContract
from tests.books import make_book

T = datetime(2026, 3, 2)  # noqa: DTZ001 - every time here is naive UTC
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
LAG = OutcomeContract(recording_lag_days=7)
GAP = OutcomeContract(recording_lag_days=30, renewal_gap_days=30)


def happened(*rows: tuple[str, float, float | None]) -> pd.DataFrame:
    """Return outcomes of (account, days after T, days after T at which it was known; None: at once)."""
    return pd.DataFrame(
        {
            "account_id": [account for account, _, _ in rows],
            "at": pd.to_datetime([T + at * DAY for _, at, _ in rows]),
            "known_at": pd.to_datetime([T + (at if known is None else known) * DAY for _, at, known in rows]),
            "until": pd.to_datetime([None for _ in rows]),
        }
    )


def labelled(outcome: pd.DataFrame, *days: float, known_by: float = 365) -> pd.DataFrame:
    """Return the labels of account A at as-of dates `days` after T."""
    index = pd.MultiIndex.from_tuples(
        [("A", pd.Timestamp(T + each * DAY)) for each in days], names=["account_id", "as_of"]
    )
    return label(outcome, index, LAG, (T + known_by * DAY).date())


def recorded(*rows: dict[str, Any], contract: OutcomeContract | None = None, **more: Any) -> list[tuple[Any, ...]]:
    """Return the outcomes of an outcomes table as (at, known_at) in days after T."""
    tables = {"accounts": [], "usage": [], "outcomes": [{"account_id": "A", "kind": "churn"} | row for row in rows]}
    return _days(outcomes(make_book(tables | more), contract or LAG))


def derived(*terms: tuple[float, float | None], contract: OutcomeContract = GAP) -> list[tuple[Any, ...]]:
    """Return the outcomes that follow from subscriptions (start, end in days after T)."""
    rows = [
        {
            "account_id": "A",
            "subscription_id": str(number),
            "started_at": T + start * DAY,
            "ends_at": None if end is None else T + end * DAY,
        }
        for number, (start, end) in enumerate(terms)
    ]
    return _days(outcomes(make_book({"accounts": [], "usage": [], "subscriptions": rows}), contract))


def _days(found: pd.DataFrame) -> list[tuple[Any, ...]]:
    return [((row.at - T) / DAY, (row.known_at - T) / DAY) for row in found.itertuples()]


# Labels ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "hits"),
    [
        (0, (1, 0, 0)),
        (30 - 1e-6, (1, 0, 0)),
        (30, (0, 1, 0)),
        (60, (0, 0, 1)),
        (90 - 1e-6, (0, 0, 1)),
        (90, (0, 0, 0)),
        (-1e-6, (0, 0, 0)),
    ],
)
def test_windows_hold_their_first_instant_and_not_their_end(at: float, hits: tuple[int, int, int]) -> None:
    found = labelled(happened(("A", at, None)), 0)
    assert tuple(window_label(found, start, start + 30).iloc[0] for start in (0, 30, 60)) == hits


def test_the_first_outcome_at_or_after_the_as_of_date_counts() -> None:
    found = labelled(happened(("A", 50, None), ("A", 10, None), ("B", 1, None)), 0, 10, 10 + 7, 51)
    assert found["days"].tolist() == pytest.approx([10, 0, 33, nan], nan_ok=True)


def test_rows_keep_the_order_of_the_index() -> None:
    found = labelled(happened(("A", 50, None)), 40, 0, 20)
    assert found["days"].tolist() == [10, 50, 30]
    assert found.index.get_level_values("as_of").tolist() == [pd.Timestamp(T + each * DAY) for each in (40, 0, 20)]


@pytest.mark.parametrize(("known_by", "matured"), [(37, True), (36, False)])
def test_a_window_has_matured_once_its_end_and_the_lag_have_passed(known_by: int, matured: bool) -> None:
    found = labelled(happened(("A", 10, None)), 0, known_by=known_by)
    assert found["followed"].iloc[0] == known_by - 7
    assert window_label(found, 0, 30).notna().iloc[0] == matured
    assert window_label(found, 30, 60).isna().all()


def test_an_outcome_counts_only_in_a_matured_window_even_when_it_is_known() -> None:
    found = labelled(happened(("A", 1, None)), 0, known_by=10)
    assert found["days"].iloc[0] == 1
    assert window_label(found, 0, 30).isna().all()


@pytest.mark.parametrize(("known", "days"), [(37, nan), (37 - 1e-6, 10)])
def test_an_outcome_that_was_not_yet_known_is_not_there(known: float, days: float) -> None:
    found = labelled(happened(("A", 10, known)), 0, known_by=37)
    assert found["days"].iloc[0] == pytest.approx(days, nan_ok=True)


def test_an_outcome_not_yet_known_does_not_hide_a_later_one() -> None:
    found = labelled(happened(("A", 10, 300), ("A", 20, None)), 0, known_by=40)
    assert found["days"].iloc[0] == 20


def test_a_row_dated_after_the_cut_has_negative_follow_up() -> None:
    found = labelled(happened(("A", 10, None)), 100, known_by=50)
    assert found["followed"].iloc[0] == -57
    assert window_label(found, 0, 30).isna().all()


@pytest.mark.parametrize(("at", "labels"), [(10, (1, nan, nan)), (40, (0, 1, nan)), (70, (0, 0, 1)), (200, (0, 0, 0))])
def test_an_interval_asks_only_those_still_here_at_its_start(at: float, labels: tuple[float, ...]) -> None:
    found = labelled(happened(("A", at, None)), 0)
    asked = [interval_label(found, start, start + 30).iloc[0] for start in (0, 30, 60)]
    assert asked == pytest.approx(labels, nan_ok=True)


def test_without_any_outcome_everybody_stayed() -> None:
    found = labelled(outcomes(make_book({"accounts": [], "usage": [], "outcomes": []}), LAG), 0)
    assert window_label(found, 0, 90).tolist() == [0.0]


# Recorded outcomes ----------------------------------------------------------------------------------------------------


def test_recorded_outcomes_are_those_of_the_contracts_kinds() -> None:
    rows = [{"effective_at": T}, {"kind": "contraction", "effective_at": T + DAY}]
    assert recorded(*rows) == [(0, 0)]
    assert recorded(*rows, contract=OutcomeContract(kinds=("churn", "contraction"))) == [(0, 0), (1, 1)]


@pytest.mark.parametrize(("recorded_at", "known"), [(T + 9 * DAY, 9), (T - 9 * DAY, 0), (None, 0)])
def test_an_outcome_is_known_when_recorded_but_not_before_it_happened(recorded_at: datetime | None, known: int) -> None:
    assert recorded({"effective_at": T, "recorded_at": recorded_at}) == [(0, known)]


def test_the_decision_clock_reads_notice_then_the_notice_deadline() -> None:
    decision = OutcomeContract(clock="decision", recording_lag_days=30)
    term = {"account_id": "A", "subscription_id": "s", "started_at": T - 400 * DAY, "ends_at": T, "notice_days": 30.0}
    assert recorded({"effective_at": T, "noticed_at": T - 80 * DAY}, contract=decision)[0][0] == -80
    assert recorded({"effective_at": T}, contract=decision, subscriptions=[term])[0][0] == -30
    assert recorded({"effective_at": T}, contract=decision)[0][0] == 0


def test_the_longest_notice_of_contracts_that_end_together_counts_once() -> None:
    terms = [
        {"account_id": "A", "subscription_id": name, "started_at": T - 400 * DAY, "ends_at": T, "notice_days": days}
        for name, days in (("s", 30.0), ("t", 60.0), ("u", None))
    ]
    found = recorded(
        {"effective_at": T}, contract=OutcomeContract(clock="decision", recording_lag_days=60), subscriptions=terms
    )
    assert [at for at, _ in found] == [-60]


def test_a_lag_shorter_than_the_longest_notice_is_refused() -> None:
    term = {"account_id": "A", "subscription_id": "s", "started_at": T - 400 * DAY, "ends_at": T, "notice_days": 30.0}
    with pytest.raises(UsageError, match="recording_lag_days is 7, but a decision without notice shows only"):
        recorded({"effective_at": T}, contract=OutcomeContract(clock="decision"), subscriptions=[term])


# Derived outcomes -----------------------------------------------------------------------------------------------------


def test_the_end_of_the_last_contract_is_a_churn_known_after_the_gap() -> None:
    assert derived((-400, -100)) == [(-100, -70)]


@pytest.mark.parametrize(("back", "churned"), [(-70, False), (-70 + 1e-5, True)])
def test_a_renewal_within_the_gap_is_no_churn(back: float, churned: bool) -> None:
    found = derived((-400, -100), (back, None))
    assert ([at for at, _ in found] == [-100]) == churned


def test_each_longer_gap_is_a_churn_of_its_own() -> None:
    assert [at for at, _ in derived((-900, -800), (-700, -600), (-590, -300))] == [-800, -300]


def test_an_open_contract_never_ends() -> None:
    assert derived((-400, None)) == []
    assert derived((-400, None), (-300, -200)) == []


def test_an_overlapping_contract_carries_on() -> None:
    assert [at for at, _ in derived((-400, -100), (-300, -200))] == [-100]
    assert [at for at, _ in derived((-400, -100), (-300, -200), (-90, 50))] == [50]


def test_contracts_that_start_together_end_with_the_longer() -> None:
    assert [at for at, _ in derived((-400, -100), (-400, -300))] == [-100]
    assert [at for at, _ in derived((-400, -300), (-400, -100))] == [-100]


def test_a_planned_end_is_hidden_until_its_gap_has_passed() -> None:
    rows = [{"account_id": "A", "subscription_id": "s", "started_at": T - 400 * DAY, "ends_at": T + 10 * DAY}]
    found = outcomes(make_book({"accounts": [], "usage": [], "subscriptions": rows}), GAP)
    assert labelled(found, 0, known_by=40)["days"].isna().all()
    assert labelled(found, 0, known_by=41)["days"].tolist() == [10]


def test_a_lag_shorter_than_the_gap_is_refused() -> None:
    with pytest.raises(UsageError, match=r"recording_lag_days is 7.*renewal_gap_days \(30\)"):
        derived((-400, -100), contract=OutcomeContract(recording_lag_days=7, renewal_gap_days=30))


# Known to be wrong ----------------------------------------------------------------------------------------------------


def test_a_renewal_recorded_later_does_not_undo_what_was_known() -> None:
    term = {"account_id": "A", "subscription_id": "s", "started_at": T - 400 * DAY, "ends_at": T - 100 * DAY}
    late = {"account_id": "A", "subscription_id": "t", "started_at": T - 90 * DAY, "recorded_at": T + 50 * DAY}
    before, after = (
        labelled(outcomes(make_book({"accounts": [], "usage": [], "subscriptions": rows}), GAP), -120, known_by=0)[
            "days"
        ].to_numpy()
        for rows in ([term], [term, late])
    )
    assert np.array_equal(before, after, equal_nan=True)


def test_a_matured_decision_window_does_not_change_later() -> None:
    contract = OutcomeContract(clock="decision")
    rows = [{"account_id": "A", "kind": "churn", "effective_at": T + 100 * DAY, "noticed_at": T + 10 * DAY}]
    found = outcomes(make_book({"accounts": [], "usage": [], "outcomes": rows}), contract)
    early, late = (window_label(labelled(found, 0, known_by=day), 0, 30).iloc[0] for day in (37, 365))
    assert early == late


def test_a_corrected_end_changes_the_label_only_from_its_correction_on() -> None:
    term = {"account_id": "A", "subscription_id": "s", "started_at": T - 400 * DAY, "ends_at": T + 10 * DAY}
    longer = term | {"ends_at": T + 300 * DAY, "recorded_at": T + 60 * DAY}
    short, both = (
        outcomes(make_book({"accounts": [], "usage": [], "subscriptions": rows}), GAP)
        for rows in ([term], [term, longer])
    )
    for known_by in (0, 41, 60):
        assert labelled(both, 0, known_by=known_by).equals(labelled(short, 0, known_by=known_by))
    assert labelled(both, 0, known_by=60)["days"].iloc[0] == 10
    assert np.isnan(labelled(both, 0, known_by=61)["days"].iloc[0])
    assert labelled(both, 0, known_by=365)["days"].iloc[0] == 300


def test_a_corrected_outcome_counts_until_its_correction() -> None:
    told = {"kind": "churn", "effective_at": T + 5 * DAY, "recorded_at": T + 6 * DAY, "reason": "price"}
    assert recorded(told, told | {"reason": "merger", "recorded_at": T + 20 * DAY}) == [(5, 6), (5, 20)]
