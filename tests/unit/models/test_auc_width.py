"""The expected width of an AUC's interval, against AUCs of simulated rows that are alike within accounts."""

import math

import numpy as np
import pytest
from scipy.stats import norm, rankdata

from models.auc_width import Sides, auc_width, growth_needed

CHURNED, OTHERS, ROWS = 40, 300, 6


def simulated_width(likeness: float, auc: float = 0.8, runs: int = 500) -> float:
    """Return 3.92 standard deviations of the AUC when scores within an account correlate by `likeness`."""
    rng = np.random.default_rng(11)
    churned = np.repeat(np.arange(CHURNED + OTHERS) < CHURNED, ROWS)
    lift = np.sqrt(2) * norm.ppf(auc)
    found = []
    for _ in range(runs):
        own = rng.normal(size=CHURNED + OTHERS).repeat(ROWS)
        score = np.sqrt(likeness) * own + np.sqrt(1 - likeness) * rng.normal(size=len(churned)) + lift * churned
        ones = churned.sum()
        wins = rankdata(score)[churned].sum() - ones * (ones + 1) / 2
        found.append(wins / (ones * (len(churned) - ones)))
    return float(2 * 1.96 * np.std(found))


def grown(scale: float) -> Sides:
    return Sides(scale * CHURNED * ROWS, scale * CHURNED, OTHERS * ROWS, OTHERS)


@pytest.mark.parametrize("likeness", [0.0, 0.5, 1.0])
def test_the_width_is_that_of_simulated_books(likeness: float) -> None:
    assert auc_width(grown(1.0), likeness=likeness) == pytest.approx(simulated_width(likeness), rel=0.12)


def test_rows_taken_for_independent_would_promise_too_much() -> None:
    assert auc_width(grown(1.0), likeness=0.0) < 0.6 * simulated_width(likeness=1.0)


def test_a_better_ranking_and_more_churns_narrow_it() -> None:
    assert auc_width(grown(1.0), auc=0.9) < auc_width(grown(1.0), auc=0.8)
    assert auc_width(grown(4.0)) < auc_width(grown(1.0))


def test_without_churns_there_is_no_width_and_no_growth_helps() -> None:
    nobody = Sides(0, 0, 100, 20)
    assert math.isnan(auc_width(nobody))
    assert math.isinf(growth_needed(nobody, 0.2))


def test_growth_reaches_the_width_and_no_more() -> None:
    few = Sides(20, 5, 1_000, 100)
    factor = growth_needed(few, 0.2)
    assert factor > 1
    assert auc_width(few.scaled(factor)) == pytest.approx(0.2, rel=0.01)
    assert growth_needed(grown(10.0), 0.2) == 1.0
