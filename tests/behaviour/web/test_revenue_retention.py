"""Expected retention is ARR × risk with an honest interval, and says nothing where nothing is known."""

from collections.abc import Sequence

import numpy as np
import pytest

from serving.retention import Contracts, Retention, Seen, first_quarter, retention

NOTHING = Seen(0, 0)


def book(
    arr: Sequence[float],
    risk: Sequence[float],
    renewal: Sequence[float] | None = None,
    short: Sequence[bool] | None = None,
    spread: float = 0.0,
) -> Contracts:
    """Return contracts whose risks are known to within a factor; without dates they end in 30 days."""
    risks = np.array(risk)
    return Contracts(
        arr=np.array(arr, dtype=float),
        risk=risks,
        low=risks / (1 + spread),
        high=np.minimum(risks * (1 + spread), 0.99),
        renewal=np.array(renewal if renewal is not None else [30.0] * len(arr)),
        short=np.array(short if short is not None else [False] * len(arr)),
    )


def known(found: Retention | None) -> Retention:
    assert found is not None
    return found


def test_the_next_quarter_loses_arr_times_risk() -> None:
    found = known(retention(book([100, 300, 600], [0.5, 0.1, 0.05]), NOTHING, NOTHING))
    assert found.first.value == pytest.approx(1 - (50 + 30 + 30) / 1000)
    assert (round(found.first.low, 9), found.first.high) == (0.3, 1.0)
    assert found.arr == 1000


def test_a_book_without_arr_has_no_retention() -> None:
    assert retention(book([], []), NOTHING, NOTHING) is None
    assert first_quarter(book([], [])) is None


def test_the_second_quarter_is_not_known_before_past_renewals_say_enough() -> None:
    contracts = book([100] * 10, [0.1] * 10, renewal=[120] * 10)
    for few in (NOTHING, Seen(19, 2)):
        found = known(retention(contracts, few, NOTHING))
        assert (found.second, found.both) == (None, None)
    assert known(retention(contracts, Seen(20, 2), NOTHING)).second is not None
    assert known(retention(contracts, Seen(20, 2), NOTHING, terms_known=False)).second is None


def test_the_second_quarter_carries_past_renewals_to_the_contracts_that_end_in_it() -> None:
    ends = [120.0] * 30 + [400.0] * 70
    found = known(retention(book([10] * 100, [0.0] * 100, renewal=ends), Seen(199, 19), NOTHING))
    assert found.second is not None
    assert found.both is not None
    # 19.5 of 200 (Jeffreys' mean) of the thirty that end.
    assert found.second.value == pytest.approx(1 - 0.3 * 19.5 / 200, abs=2e-4)
    assert found.due == 300
    assert found.both.low < found.both.value < found.both.high


def test_contracts_that_end_often_may_leave_in_either_quarter() -> None:
    monthly = book([10] * 100, [0.05] * 100, short=[True] * 100)
    assert known(retention(monthly, Seen(100, 5), NOTHING)).second is None
    found = known(retention(monthly, NOTHING, Seen(399, 39)))
    assert found.second is not None
    assert found.second.value == pytest.approx(1 - 39.5 / 400, abs=2e-4)
    assert found.both is not None
    assert found.both.value == pytest.approx(0.95 * found.second.value, abs=2e-4)


def test_uncertain_risks_and_large_accounts_widen_the_interval() -> None:
    def width(contracts: Contracts) -> float:
        found = known(retention(contracts, NOTHING, NOTHING)).first
        return found.high - found.low

    even = book([10] * 3_000, [0.05] * 3_000)
    assert width(book([10] * 3_000, [0.05] * 3_000, spread=1.0)) > 3 * width(even)
    assert width(book([10] * 2_999 + [30_000], [0.05] * 3_000)) > 3 * width(even)


def test_the_interval_holds_what_it_promises() -> None:
    random = np.random.default_rng(5)
    arr, risk = np.exp(random.normal(10, 1, 300)), random.beta(0.5, 6, 300)
    expected = first_quarter(book(arr.tolist(), risk.tolist()))
    assert expected is not None
    came = 1 - (random.random((4_000, 300)) < risk) @ arr / arr.sum()
    inside = np.mean((came >= expected.low) & (came <= expected.high))
    assert 0.93 < inside < 0.97
    # As negative control, what came where every risk was in truth twice what was said.
    more = 1 - (random.random((4_000, 300)) < 2 * risk) @ arr / arr.sum()
    assert np.mean((more >= expected.low) & (more <= expected.high)) < 0.8
