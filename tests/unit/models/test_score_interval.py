"""Score intervals: they hold the true share, for risks that are right and for risks that are not."""

import numpy as np
import pandas as pd
import pytest

from models.protocol import RISKS
from models.score_interval import ScoreIntervals
from tests.unit.models.past_scores import past_scores


@pytest.fixture(scope="module")
def past() -> pd.DataFrame:
    return past_scores(1, stretch=2.0)


@pytest.mark.parametrize("stretch", [1.0, 2.0])
def test_the_mean_true_risk_of_rows_scored_alike_lies_inside(stretch: float) -> None:
    inside = [_inside(past_scores(seed, stretch=stretch)) for seed in range(12)]
    assert np.mean(inside) >= 0.9


def test_a_band_of_a_tenth_of_the_width_would_not_hold_it() -> None:
    inside = [_inside(past_scores(seed, stretch=2.0), shrink=0.1) for seed in range(12)]
    assert np.mean(inside) < 0.6


def test_the_band_holds_the_score_itself(past: pd.DataFrame) -> None:
    table = past[list(RISKS)]
    edges = ScoreIntervals.fit(past).apply(table)
    assert list(edges.columns[:2]) == ["risk_30_low", "risk_30_high"]
    for risk in RISKS:
        assert (edges[f"{risk}_low"] <= table[risk]).all()
        assert (table[risk] <= edges[f"{risk}_high"]).all()


def test_more_accounts_give_narrower_bands() -> None:
    some, many = (ScoreIntervals.fit(past_scores(1, accounts=n)) for n in (150, 1200))
    at = pd.DataFrame({risk: [0.05, 0.1, 0.3] for risk in RISKS})
    width = [each.apply(at)["risk_90_high"] - each.apply(at)["risk_90_low"] for each in (some, many)]
    assert (width[1] < 0.6 * width[0]).all()


def test_a_risk_that_never_came_true_has_no_interval(past: pd.DataFrame) -> None:
    intervals = ScoreIntervals.fit(past.assign(churned_60_90=0.0))
    edges = intervals.apply(past[list(RISKS)])
    assert edges[["risk_60_90_low", "risk_60_90_high"]].isna().all(axis=None)
    assert edges["risk_90_low"].notna().all()
    assert ScoreIntervals.from_json(intervals.to_json()) == intervals


def test_bands_at_other_knots_are_refused(past: pd.DataFrame) -> None:
    stored = ScoreIntervals.fit(past).to_json() | {"knots": [-1.0, 1.0]}
    with pytest.raises(ValueError, match="other knots"):
        ScoreIntervals.from_json(stored)


def _inside(past: pd.DataFrame, shrink: float = 1.0) -> float:
    """Return the share of twenty bins of equal mass whose mean true risk lies in their mean band."""
    edges = ScoreIntervals.fit(past).apply(past[list(RISKS)])
    low, high = (past["risk_90"] + shrink * (edges[f"risk_90_{end}"] - past["risk_90"]) for end in ("low", "high"))
    bins = pd.qcut(past["risk_90"], 20, labels=False)
    mean = pd.DataFrame({"true": past["true_90"], "low": low, "high": high}).groupby(bins).mean()
    return float(mean["true"].between(mean["low"], mean["high"]).mean())
