"""Calibration curves: monotone, exact to invert, and right about a distortion that they can describe."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from models.calibration import CURVES, FITS, Calibration, calibrate_risks, hazards_of, interval_churns
from models.protocol import RISKS, risks
from models.recalibration import logistic, logit
from tests.unit.models.past_scores import past_scores

LINE = np.linspace(-30, 30, 4001)


@pytest.fixture(scope="module")
def doubled() -> pd.DataFrame:
    return past_scores(1, accounts=900, stretch=2.0)


@pytest.mark.parametrize("kind", FITS)
@pytest.mark.parametrize("stretch", [0.5, 1.0, 2.0, -1.0])
def test_no_curve_falls(kind: str, stretch: float) -> None:
    past = past_scores(2, accounts=200, stretch=stretch)
    fitted = Calibration.fit(kind, hazards_of(past), interval_churns(past))
    for curve in fitted.margins(np.column_stack([LINE] * 3)).T:
        assert (np.diff(curve) >= -1e-12).all()
        assert np.isfinite(curve).all()


@pytest.mark.parametrize("kind", FITS)
def test_calibrated_risks_cannot_cross(kind: str, doubled: pd.DataFrame) -> None:
    fitted = Calibration.fit(kind, hazards_of(doubled), interval_churns(doubled))
    mended = calibrate_risks(fitted, doubled)
    assert all((mended[a] <= mended[b]).all() for a, b in pairwise(("risk_30", "risk_60", "risk_90")))
    np.testing.assert_allclose(mended["risk_60_90"], mended["risk_90"] - mended["risk_60"], atol=1e-12)


@pytest.mark.parametrize("kind", FITS)
def test_doubled_margins_are_brought_back(kind: str, doubled: pd.DataFrame) -> None:
    fitted = Calibration.fit(kind, hazards_of(doubled), interval_churns(doubled))
    gap = (calibrate_risks(fitted, doubled)["risk_90"] - doubled["true_90"]).abs().mean()
    assert gap < 0.35 * (doubled["risk_90"] - doubled["true_90"]).abs().mean()


def test_platt_finds_the_slope(doubled: pd.DataFrame) -> None:
    fitted = Calibration.fit("platt", hazards_of(doubled), interval_churns(doubled))
    assert [slope for _, slope in fitted.numbers] == pytest.approx([0.5] * 3, abs=0.1)


def test_risks_that_mislead_give_one_level() -> None:
    """Platt would turn them round: the accounts at risk would become the safe ones."""
    past = past_scores(2, accounts=200, stretch=-1.0)
    fitted = Calibration.fit("platt", hazards_of(past), interval_churns(past))
    assert all(slope == 0 for _, slope in fitted.numbers)
    expected = calibrate_risks(fitted, past)["risk_30"]
    assert expected.to_numpy() == pytest.approx(past["churned_30"].mean())


def test_isotonic_has_no_jumps_and_no_certainty() -> None:
    hazard = np.repeat([0.01, 0.02, 0.3, 0.4], 50)
    churned = np.zeros(200)
    churned[[100, 120, 150, 160, 170]] = 1.0
    numbers = FITS["isotonic"](logit(hazard), churned)
    curve = CURVES["isotonic"]
    slopes = np.diff(curve(LINE, numbers)) / np.diff(LINE)
    assert slopes.max() < 5
    assert 0 < logistic(curve(np.array([-30.0]), numbers))[0] < 0.001


def test_hazards_come_back_from_risks() -> None:
    hazards = np.random.default_rng(1).uniform(0, 0.9, (50, 3))
    np.testing.assert_allclose(hazards_of(risks(hazards, pd.RangeIndex(50))), hazards, atol=1e-12)


def test_intervals_count_only_rows_that_are_still_here() -> None:
    table = pd.DataFrame({"churned_30": [0.0, 1.0, 0.0], "churned_60": [0.0, 1.0, 1.0], "churned_90": [1.0, 1.0, 1.0]})
    np.testing.assert_array_equal(interval_churns(table), [[0, 0, 1], [1, np.nan, np.nan], [0, 1, np.nan]])


@pytest.mark.parametrize("kind", FITS)
def test_json_gives_the_same_calibration_back(kind: str, doubled: pd.DataFrame) -> None:
    fitted = Calibration.fit(kind, hazards_of(doubled), interval_churns(doubled))
    assert Calibration.from_json(fitted.to_json()) == fitted


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown calibration splines"):
        Calibration.from_json({"kind": "splines", "intervals": [[], [], []]})


def test_without_calibration_risks_stay_as_they_are(doubled: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(calibrate_risks(None, doubled)[list(RISKS)], doubled[list(RISKS)], check_exact=True)


def test_one_class_cannot_be_fitted(doubled: pd.DataFrame) -> None:
    spared = doubled.assign(churned_30=0.0)
    with pytest.raises(ValueError, match="one class only: 0 of"):
        Calibration.fit("platt", hazards_of(spared), interval_churns(spared))
