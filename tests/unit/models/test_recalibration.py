"""Recalibration: it finds a known distortion, and its intervals hold for rows that hang together."""

import numpy as np
import pytest

from models.recalibration import fit_logistic, logistic, logit, recalibrate, sandwich

ALONE = np.arange(40_000)


def _rows(slope: float, shift: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    z = rng.normal(-2.0, 1.0, len(ALONE))
    return (rng.random(len(z)) < logistic(shift + slope * z)).astype(float), logistic(z)


@pytest.mark.parametrize(("slope", "shift"), [(0.5, 0.0), (2.0, 1.0), (1.0, -0.5)])
def test_a_known_distortion_is_found(slope: float, shift: float) -> None:
    found = recalibrate(*_rows(slope, shift), ALONE)
    assert found.parameters == pytest.approx((shift, slope), abs=0.15)
    assert found.slope.low < slope < found.slope.high
    assert found.slope.high - found.slope.low < 0.25


def test_the_intercept_is_calibration_in_the_large() -> None:
    churned, risk = _rows(1.0, 0.4)
    found = recalibrate(churned, risk, ALONE)
    assert found.intercept.low < 0.4 < found.intercept.high
    assert logistic(logit(risk) + found.intercept.value).sum() == pytest.approx(churned.sum())


@pytest.mark.parametrize("churned", [np.zeros(9), np.ones(9)])
def test_one_class_only_has_no_slope(churned: np.ndarray) -> None:
    found = recalibrate(churned, np.linspace(0.1, 0.9, 9), np.arange(9))
    assert np.isnan([found.slope.value, found.intercept.low, *found.parameters, *found.interval(0.2)]).all()
    assert found.slope.note == f"only one class: {int(churned.sum())} of 9 rows churned"


def test_equal_risks_have_an_intercept_and_no_slope() -> None:
    found = recalibrate(np.array([0.0, 1.0, 0.0, 0.0]), np.full(4, 0.5), np.arange(4))
    assert found.intercept.value == pytest.approx(float(logit(0.25)))
    assert np.isnan(found.slope.value)
    assert "constant" in found.slope.note


def test_risks_that_separate_the_classes_have_no_slope() -> None:
    found = recalibrate(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.2, 0.7, 0.9]), np.arange(4))
    assert np.isnan(found.slope.value)


def test_the_interval_is_narrowest_where_the_rows_are() -> None:
    found = recalibrate(*_rows(1.0, 0.0), ALONE)
    low, high = (logit(edge) for edge in found.interval([0.001, 0.12, 0.9]))
    assert (high - low)[1] < min((high - low)[0], (high - low)[2])


def test_intervals_hold_for_the_rows_of_accounts_and_would_not_without() -> None:
    """Eight rows per account share what they do not know: the unclustered interval is too narrow."""
    clustered, naive, share = [], [], []
    for seed in range(150):
        churned, risk, account = _crowd(seed)
        found = recalibrate(churned, risk, account)
        clustered.append(found.slope.low <= 1.0 <= found.slope.high)
        low, high = found.interval(0.2)
        share.append(low <= 0.2 <= high)
        z = logit(risk)
        design = np.column_stack([np.ones_like(z), z])
        fitted = logistic(design @ np.array(found.parameters))
        half = 1.96 * np.sqrt(sandwich(design, churned, fitted, np.arange(len(z)))[1, 1])
        naive.append(abs(found.slope.value - 1.0) <= half)
    assert 0.90 <= np.mean(clustered) <= 0.99
    assert 0.90 <= np.mean(share) <= 0.99
    assert np.mean(naive) < 0.75


def test_newton_finds_what_no_neighbour_betters() -> None:
    rng = np.random.default_rng(3)
    design = np.column_stack([np.ones(500), rng.normal(size=(500, 2))])
    churned = (rng.random(500) < logistic(design @ [-1.0, 2.0, -0.5])).astype(float)
    share = logistic(design @ fit_logistic(design, churned))
    np.testing.assert_allclose(design.T @ (churned - share), 0, atol=1e-8)


def test_risks_far_too_low_are_found_as_such() -> None:
    churned, z = (np.arange(700) % 7 == 0).astype(float), np.random.default_rng(0).normal(-30.0, 0.01, 700)
    assert recalibrate(churned, logistic(z), np.arange(700)).intercept.value == pytest.approx(30 - np.log(6), abs=0.01)


def _crowd(seed: int, accounts: int = 300, each: int = 8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows whose accounts share their risk and their luck, calibrated row by row."""
    rng = np.random.default_rng(seed)
    account = np.repeat(np.arange(accounts), each)
    z = np.repeat(rng.normal(-1.2, 1.0, accounts), each) + rng.normal(0, 0.2, accounts * each)
    luck = np.where(rng.random(accounts * each) < 0.8, np.repeat(rng.random(accounts), each), rng.random(len(account)))
    return (luck < logistic(z)).astype(float), logistic(z), account
