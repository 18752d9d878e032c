"""Paired differences: the same accounts are drawn for both, and the sign says what is better."""

import numpy as np
import pytest

from features.errors import UsageError
from models.metrics import RiskRows
from models.paired import paired

HOW = {"capacity": 20, "resamples": 200}


def rows(noise: float = 0.0, seed: int = 1, accounts: int = 400, weeks: int = 4) -> RiskRows:
    """Return weeks of accounts whose risk is the truth blurred by `noise`."""
    rng = np.random.default_rng(1)
    logit = np.repeat(rng.normal(-2.5, 1.5, accounts), weeks)
    churned = (np.repeat(rng.random(accounts), weeks) < 1 / (1 + np.exp(-logit))).astype(float)
    blurred = logit + noise * np.random.default_rng(seed).normal(size=len(logit))
    account, as_of = np.repeat(np.arange(accounts), weeks), np.tile(np.arange(weeks), accounts)
    return RiskRows(churned, 1 / (1 + np.exp(-blurred)), account, as_of, np.ones(len(logit)))


def test_a_model_is_not_better_than_itself() -> None:
    for found in paired(rows(), rows(), **HOW).values():
        assert found.estimate.low == found.estimate.value == found.estimate.high == 0


def test_positive_is_better_whatever_the_metric() -> None:
    found = paired(rows(noise=1.5), rows(), **HOW)
    for metric in ("auc", "log_loss", "brier", "average_precision"):
        assert found[metric].estimate.low > 0, metric
    back = paired(rows(), rows(noise=1.5), **HOW)
    assert back["log_loss"].estimate.high < 0
    assert back["auc"].estimate.value == pytest.approx(-found["auc"].estimate.value)


def test_pairing_narrows_the_interval_of_models_that_are_alike() -> None:
    from models.bootstrap import Accounts
    from models.metrics import draw

    a, b = rows(), rows(noise=0.1)
    together = paired(a, b, **HOW)["auc"].error
    alone = [draw(x, Accounts.draw(x.account_id, 200, seed), 20)["auc"].draws.std() for x, seed in ((a, 1), (b, 2))]
    assert together < 0.4 * np.hypot(*alone)


def test_more_comparisons_widen_the_bounds() -> None:
    found = paired(rows(noise=0.5), rows(), **HOW)["auc"]
    one, many = found.bounds(), found.bounds(20)
    assert many[0] < one[0] < one[1] < many[1]
    assert found.bounds(200)[0] < many[0]


def test_other_rows_are_refused() -> None:
    with pytest.raises(UsageError, match=r"not tested on the same rows \(account_id differs\)"):
        paired(rows(), rows(accounts=399), **HOW)


def test_no_difference_false_alarms_are_rare() -> None:
    alarms = 0
    for seed in range(60):
        found = paired(rows(noise=0.6, seed=10 + seed), rows(noise=0.6, seed=500 + seed), capacity=20, resamples=100)
        alarms += not found["auc"].estimate.low <= 0 <= found["auc"].estimate.high
    assert alarms <= 8
