"""The line beside the trees: only where a contract ends, exact in its shares, and worth it where signals are weak."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from models.explain import margins_of
from models.hazard import FittedHazards, HazardModel
from models.renewal_line import RENEWAL, RenewalLine, ends_inside
from models.settings import HazardSettings

SMALL = HazardSettings(trees=30, leaves=4, min_data_in_leaf=20, threads=1)


def weak(rows: int, seed: int, signals: int = 40) -> tuple[pd.DataFrame, list[pd.Series]]:
    """Return rows of which a third end inside an interval each, and churn there by many weak signals."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(rows, signals)), columns=[f"signal_{i}" for i in range(signals)])
    frame[RENEWAL] = rng.uniform(0, 120, rows).round()
    odds = -2.5 + 0.25 * frame.iloc[:, :signals].sum(axis=1).to_numpy()
    left = rng.random(rows) < 1 / (1 + np.exp(-odds))
    frame = frame.mask(rng.random(frame.shape) < 0.05).assign(**{RENEWAL: frame[RENEWAL]})
    return frame, [pd.Series(left * inside).astype(float) for inside in ends_inside(frame).T]


@pytest.fixture(scope="module")
def fits() -> tuple[FittedHazards, FittedHazards, pd.DataFrame, np.ndarray]:
    """Return trees alone and with a line, with rows that they have not seen."""
    from dataclasses import replace

    from models.protocol import Rows

    frame, targets = weak(2_500, seed=1)
    trees = HazardModel(SMALL).fit_targets(Rows(frame, frame), targets)
    line = RenewalLine.fit(frame, targets, 0.5)
    assert line is not None
    later, came = weak(6_000, seed=2)
    return trees, replace(trees, line=line), later, np.column_stack(came)


def test_where_signals_are_weak_and_churns_few_it_ranks_better_than_trees_alone(fits: Any) -> None:
    trees, both, later, came = fits
    inside = ends_inside(later).any(axis=1)
    happened = came.any(axis=1)[inside]
    alone, together = (roc_auc_score(happened, model.hazards(later).max(axis=1)[inside]) for model in (trees, both))
    assert together > alone + 0.02


def test_elsewhere_the_trees_are_left_alone(fits: Any) -> None:
    trees, both, later, _ = fits
    away = ~ends_inside(later)
    np.testing.assert_array_equal(both.hazards(later)[away], trees.hazards(later)[away])
    assert (both.hazards(later)[~away] != trees.hazards(later)[~away]).mean() > 0.99


def test_shares_add_up_to_the_mixed_log_odds(fits: Any) -> None:
    _, both, later, _ = fits
    margins = margins_of(both, later)
    hazards = both.hazards(later)
    added = margins.base + margins.values.sum(axis=2).T
    np.testing.assert_allclose(1 / (1 + np.exp(-added)), hazards, rtol=0, atol=1e-9)


def test_a_usual_account_gets_no_share_but_the_renewals(fits: Any) -> None:
    line = fits[1].line
    usual = pd.DataFrame([line.centre], columns=line.columns)
    shares = line.shares(usual)[0]
    # Its values are all known, which few rows can say of themselves.
    assert np.abs(shares).max() < 0.05


def test_a_line_of_few_churns_is_stretched_and_one_of_many_hardly() -> None:
    from models.renewal_line import MOST_STRETCH, _slope

    slopes = []
    for rows in (4_000, 120_000):
        frame, targets = weak(rows, seed=5, signals=5)
        inside = ends_inside(frame).any(axis=1)
        happened = np.column_stack(targets).max(axis=1)[inside]
        slopes.append(_slope(frame[inside], happened, 0.5))
    assert slopes[0] == MOST_STRETCH
    assert 1.0 <= slopes[1] < 1.4


def test_the_lines_mean_is_what_happened() -> None:
    frame, targets = weak(3_000, seed=6)
    line = RenewalLine.fit(frame, targets, 0.5)
    assert line is not None
    inside = ends_inside(frame).any(axis=1)
    said = 1 / (1 + np.exp(-line.odds(frame[inside])))
    assert said.mean() == pytest.approx(np.column_stack(targets).max(axis=1)[inside].mean(), abs=1e-9)


def test_the_same_rows_give_the_same_line_and_it_comes_back_from_json() -> None:
    frame, targets = weak(1_500, seed=3)
    one, two = (RenewalLine.fit(frame, targets, 0.5) for _ in range(2))
    assert one is not None
    assert two is not None
    assert one.to_json() == two.to_json()
    back = RenewalLine.from_json(json.loads(json.dumps(one.to_json())))
    np.testing.assert_array_equal(back.shares(frame), one.shares(frame))
    assert back.base == one.base


@pytest.mark.parametrize("part", ["weight", "columns"])
def test_a_line_whose_parts_do_not_fit_is_refused(part: str) -> None:
    frame, targets = weak(1_500, seed=3)
    line = RenewalLine.fit(frame, targets, 0.5)
    assert line is not None
    stored = line.to_json()
    stored[part] = stored[part][:-1]
    with pytest.raises(ValueError, match="one per column"):
        RenewalLine.from_json(stored)


def test_without_a_renewal_date_a_share_or_churns_there_is_none() -> None:
    frame, targets = weak(1_500, seed=3)
    assert RenewalLine.fit(frame.drop(columns=RENEWAL), targets, 0.5) is None
    assert RenewalLine.fit(frame, targets, 0.0) is None
    assert RenewalLine.fit(frame, [target * 0 for target in targets], 0.5) is None


def test_a_feature_that_is_never_known_has_no_say() -> None:
    frame, targets = weak(1_500, seed=3)
    line = RenewalLine.fit(frame.assign(never=np.nan), targets, 0.5)
    assert line is not None
    some = frame.assign(never=5.0)
    assert np.isfinite(line.shares(some)).all()


def test_rows_that_have_not_matured_are_not_learnt_from() -> None:
    frame, targets = weak(2_000, seed=3)
    unknown = np.arange(len(frame)) >= 1_500
    waiting = [target.where(~unknown) for target in targets]
    other = frame.copy()
    other.iloc[1_500:, :5] = 9.0
    one, two = (RenewalLine.fit(each, waiting, 0.5) for each in (frame, other))
    assert one is not None
    assert two is not None
    assert one.to_json() == two.to_json()
    told = RenewalLine.fit(other, targets, 0.5)
    assert told is not None
    assert told.to_json() != one.to_json()
