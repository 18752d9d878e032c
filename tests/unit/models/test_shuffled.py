"""Shuffled outcomes over twenty books: nothing is found, on average, where nothing is."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.backtest import BacktestSettings, backtest
from models.hazard import HazardModel
from models.settings import HazardSettings

from .conftest import Pretend, pretend

pytestmark = pytest.mark.slow

QUICK = BacktestSettings(folds=4, capacity=10, resamples=50)
SMALL = HazardSettings(trees=15, leaves=4, learning_rate=0.1, min_data_in_leaf=20, threads=1)


def auc(book: Pretend) -> float:
    snapshot: Any = book
    found = backtest(snapshot, book.outcomes, book.contract, [HazardModel(SMALL)], QUICK, last=book.last)
    return found.pooled["hazard"]["risk_90"]["auc"].value


def shuffled(book: Pretend, seed: int) -> Pretend:
    """Return the book with every churn given to an account drawn at random, on its own day."""
    accounts = book.standing.index.get_level_values("account_id").unique().to_numpy()
    drawn = np.random.default_rng(seed).permutation(accounts)[: len(book.outcomes)]
    return replace(book, outcomes=book.outcomes.assign(account_id=drawn))


def test_nothing_is_found_in_shuffled_outcomes() -> None:
    found = np.array([auc(shuffled(pretend(seed=s, accounts=200, every=4), s)) for s in range(20)])
    error = found.std(ddof=1) / np.sqrt(len(found))
    assert abs(found.mean() - 0.5) < 3 * error, (found.mean(), error)
    # The same measure on true outcomes lies far beyond three errors.
    assert auc(pretend(seed=0, accounts=200, every=4)) > 0.5 + 10 * error
