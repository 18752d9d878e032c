"""Contributions: they add up, and they are TreeSHAP."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.labels import label
from models.calibration import Calibration
from models.explain import Margins, all_contributions, calibrated, contributions, mean_slopes, slope, tree_shap
from models.figures import load_shap
from models.hazard import FittedHazards, HazardModel
from models.protocol import WINDOWS, window_risk
from models.settings import HazardSettings


@pytest.fixture(scope="module")
def fitted(book: Any, small: HazardSettings) -> FittedHazards:
    return HazardModel(small).fit(book.rows, label(book.outcomes, book.rows.index, book.contract, book.last))


@pytest.mark.parametrize("risk", WINDOWS)
def test_contributions_add_up_to_the_risk(book: Any, fitted: FittedHazards, risk: str) -> None:
    shares = contributions(fitted, book.frame, WINDOWS[risk])
    total = shares.base + shares.values.sum(axis=1)
    np.testing.assert_allclose(total, fitted.predict(book.rows)[risk], rtol=0, atol=1e-9)


@pytest.mark.filterwarnings("ignore:LightGBM binary classifier with TreeExplainer:UserWarning")
def test_each_hazard_is_explained_as_shap_does_it(book: Any, fitted: FittedHazards) -> None:
    shap = load_shap()
    frame = book.frame.iloc[:200]
    ours = tree_shap(fitted, frame)
    for booster, base, values in zip(fitted.boosters, ours.base, ours.values, strict=True):
        theirs = shap.TreeExplainer(booster)
        # Left to itself shap asks LightGBM again, and the comparison would be of one thing with itself.
        theirs.model.model_type = "internal"
        np.testing.assert_allclose(values, theirs.shap_values(frame, check_additivity=False), atol=1e-9)
        assert base == pytest.approx(theirs.expected_value, abs=1e-9)


@pytest.mark.parametrize("length", [0.0, 1.0, 12.0, 60.0])
@pytest.mark.parametrize("window", [(0, 90), (60, 90), (30, 60)])
def test_the_path_integral_is_exact_however_long_the_path(length: float, window: tuple[int, int]) -> None:
    base, direction = np.array([-4.0, -3.5, -5.0]), np.array([[1.0, -0.4, 0.7], [-0.2, 1.0, 0.1]])
    delta = length * direction
    gained = window_risk(_hazard(base + delta), window) - window_risk(_hazard(base[None, :]), window)
    np.testing.assert_allclose((mean_slopes(base, delta, window) * delta).sum(axis=1), gained, rtol=0, atol=1e-9)


def test_slopes_are_derivatives() -> None:
    margin, step = np.array([[-2.0, -1.0, -3.0]]), 1e-6
    for window in WINDOWS.values():
        for j in range(3):
            moved = margin + step * np.eye(3)[j]
            numeric = (window_risk(_hazard(moved), window) - window_risk(_hazard(margin), window)) / step
            assert slope(margin, window)[0, j] == pytest.approx(numeric[0], abs=1e-6)


def test_several_windows_come_from_one_pass(book: Any, fitted: FittedHazards) -> None:
    both = all_contributions(fitted, book.frame, [(0, 90), (60, 90)])
    pd.testing.assert_frame_equal(both[1].values, contributions(fitted, book.frame, (60, 90)).values)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", ["platt", "beta", "isotonic"])
def test_calibrated_contributions_add_up_to_the_calibrated_risk(
    book: Any, fitted: FittedHazards, kind: str, seed: int
) -> None:
    model = replace(fitted, calibration=_some_calibration(kind, seed))
    rows = book.rows.take(np.arange(len(book.frame)) % 7 == seed)
    said = model.predict(rows)
    assert not np.allclose(said, fitted.predict(rows), atol=1e-3)
    for window, shares in zip(WINDOWS, all_contributions(model, rows.frame, list(WINDOWS.values())), strict=True):
        total = shares.base + shares.values.sum(axis=1)
        np.testing.assert_allclose(total, said[window], rtol=0, atol=1e-9)


def test_uncalibrated_margins_would_not_add_up(book: Any, fitted: FittedHazards) -> None:
    said = replace(fitted, calibration=_some_calibration("platt", 1)).predict(book.rows)["risk_90"]
    shares = contributions(fitted, book.frame, WINDOWS["risk_90"])
    assert (shares.base + shares.values.sum(axis=1) - said).abs().max() > 0.01


def test_a_row_at_the_base_keeps_its_values_in_proportion() -> None:
    """Shares that cancel out have no secant; they are stretched by the slope there."""
    values = np.array([[[0.5, -0.5]], [[0.2, -0.2 + 1e-13]], [[0.1, 0.2]]])
    halved = calibrated(Margins(np.array([-3.0, -2.0, -1.0]), values), Calibration("platt", ((1.0, 0.5),) * 3))
    np.testing.assert_allclose(halved.values, values / 2, rtol=1e-6)
    np.testing.assert_allclose(halved.base, [-0.5, 0.0, 0.5])


def test_no_rows_still_have_a_base(book: Any, fitted: FittedHazards) -> None:
    empty = contributions(fitted, book.frame.iloc[:0], (0, 90))
    assert empty.values.empty
    assert empty.base == pytest.approx(contributions(fitted, book.frame, (0, 90)).base)


def _hazard(margin: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-margin))


def _some_calibration(kind: str, seed: int) -> Calibration:
    """Return curves that rise, drawn at random: gentle and steep, with kinks and flat ends."""
    rng = np.random.default_rng(seed)
    size = {"platt": 1, "beta": 2, "isotonic": 9}[kind]
    numbers = []
    for _ in range(3):
        if kind == "isotonic":
            numbers.append(tuple(np.concatenate([np.sort(rng.normal(-4, 2, size)), np.sort(rng.normal(-3, 2, size))])))
        else:
            numbers.append((rng.normal(0.5, 1), *rng.uniform(0, 3, size)))
    return Calibration(kind, tuple(numbers))
