"""Shares of those who left carry the interval that their number allows, also where one account counts many times."""

import numpy as np
import pytest

from serving.past_counts import Counted, effective_size, said, wilson


def test_an_interval_is_wilsons() -> None:
    assert wilson(0.31, 100) == pytest.approx((0.2279, 0.4065), abs=2e-3)
    assert wilson(0.0, 20) == pytest.approx((0.0, 0.1611), abs=1e-3)
    assert wilson(1.0, 20)[1] == 1.0


def test_what_came_of_a_band_is_one_sentence() -> None:
    counted = Counted(known=100, churned=31, expected=33.8, accounts=100, accounts_churned=31, size=100)
    assert said("High", counted, "risk_90") == (
        "Of 100 High, 31 left within 90 days (95% interval 23–41%); the list said 34."
    )
    assert said("High", Counted(0, 0, 0.0, 0, 0, 0), "risk_90") == "No High."


def test_an_account_that_stands_on_every_list_counts_once() -> None:
    left = np.array([1.0] * 6 + [0.0] * 14)
    assert effective_size(np.ones(20), left) == pytest.approx(19)
    assert effective_size(np.full(20, 10.0), 10 * left) == pytest.approx(19)
    assert effective_size(np.full(20, 10.0), np.zeros(20)) == 20


def test_intervals_over_many_lists_hold_what_they_promise() -> None:
    random = np.random.default_rng(3)
    inside = {"by account": 0, "as if independent": 0}
    for _ in range(400):
        entries = random.integers(1, 14, 150).astype(float)
        churned = entries * (random.random(150) < 0.3)
        share = churned.sum() / entries.sum()
        for name, size in (("by account", effective_size(entries, churned)), ("as if independent", entries.sum())):
            low, high = wilson(share, size)
            inside[name] += low <= 0.3 <= high
    assert inside["by account"] / 400 > 0.92
    assert inside["as if independent"] / 400 < 0.7
