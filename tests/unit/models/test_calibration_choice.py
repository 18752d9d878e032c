"""Which calibrator is adopted: none without evidence, the right one with it, and never by looking ahead."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from models.calibration import calibrate_risks
from models.calibration_choice import Candidate, choose, roll, simplest
from models.metrics import Estimate
from models.recalibration import log_loss_sum, logit, recalibrate
from tests.unit.models.past_scores import past_scores


def test_overconfident_risks_are_mended() -> None:
    past = past_scores(1, stretch=2.0)
    choice = choose(past, lag_days=7, resamples=100)
    assert choice.adopted is not None
    assert "platt is adopted: it lowers the log loss of risk_90 by" in choice.says
    mended = calibrate_risks(choice.adopted, past)["risk_90"]
    assert (mended - past["true_90"]).abs().mean() < 0.5 * (past["risk_90"] - past["true_90"]).abs().mean()


def test_calibrated_risks_stay_as_they_are() -> None:
    choices = [choose(past_scores(seed, accounts=150), lag_days=7, resamples=100) for seed in range(20)]
    assert sum(choice.adopted is not None for choice in choices) <= 1
    assert all("platt by " in choice.says for choice in choices if choice.adopted is None)


def test_isotonic_is_not_adopted_on_few_churns() -> None:
    choices = [choose(past_scores(seed, accounts=100, level=-4.2), lag_days=7, resamples=100) for seed in range(8)]
    assert not any(choice.adopted for choice in choices)
    tried = [{each.kind: each.improvement["risk_90"].value for each in choice.candidates} for choice in choices]
    assert np.mean([values["isotonic"] for values in tried if values]) < 0


def test_a_fold_is_judged_without_what_was_not_known_yet() -> None:
    """Labels that matured after the last judged fold began change nothing that they were not judged on."""
    past = past_scores(3, stretch=2.0)
    last = past["as_of"][past["fold"] == 6].min()
    unknown = (past["as_of"] + timedelta(days=97) > last) & (past["fold"] < 6)
    told = past.assign(churned_90=past["churned_90"].where(~unknown, 1.0))
    judged = past["fold"] == 6
    for first, second in zip(_hazards(past, judged), _hazards(told, judged), strict=True):
        np.testing.assert_array_equal(first, second)
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(_hazards(past, judged, lag_days=-60)[0], _hazards(told, judged, lag_days=-60)[0])


def test_rolled_predictions_are_those_that_were_judged() -> None:
    past = past_scores(1, stretch=2.0).sample(frac=1.0, random_state=1)
    rolled = roll(past, "platt", lag_days=7)
    assert rolled.index.equals(past.index)
    first = past["fold"] <= 2
    pd.testing.assert_frame_equal(rolled[first], past[first], check_exact=True)
    choice = choose(past, lag_days=7, resamples=50)
    losses = [_log_loss(each[~first]) for each in (past, rolled)]
    assert losses[0] - losses[1] == pytest.approx(choice.candidates[0].improvement["risk_90"].value)
    slope = recalibrate(*(rolled[~first][name].to_numpy() for name in ("churned_90", "risk_90", "account_id"))).slope
    assert slope.low < 1 < slope.high


def test_the_first_folds_have_nothing_to_learn_from() -> None:
    choice = choose(past_scores(1), lag_days=7, resamples=50)
    assert (choice.folds, choice.rows) == (4, 4 * 4 * 300)


def test_too_few_churns_are_said() -> None:
    choice = choose(past_scores(1, accounts=8), lag_days=7)
    assert choice.says == "no calibrator: no fold has 10 churned accounts in earlier folds that had matured by then"
    assert choice.candidates == ()


def test_segments_are_reported_and_never_adopted() -> None:
    past = past_scores(1, accounts=600)
    off = past["segment"] == "smb"
    for risk in ("risk_30", "risk_60", "risk_90"):
        past[risk] = past[risk].where(~off, past[risk] / 4)
    past["risk_60_90"] = past["risk_90"] - past["risk_60"]
    choice = choose(past, lag_days=7, resamples=100)
    segments = choice.candidates[-1]
    assert (segments.kind, segments.better, segments.adoptable) == ("segments", True, False)
    assert choice.adopted is None or choice.adopted.kind != "segments"
    assert "segments" in choice.to_json()["candidates"]


def test_a_worse_window_forbids_what_the_horizon_allows() -> None:
    gain, loss = Estimate(0.1, 0.05, 0.2), Estimate(-0.1, -0.2, -0.05)
    assert Candidate("platt", {"risk_90": gain, "risk_60_90": gain}).better
    assert not Candidate("platt", {"risk_90": gain, "risk_60_90": loss}).better
    assert not Candidate("platt", {"risk_90": Estimate(0.1, -0.01, 0.2), "risk_60_90": gain}).better


def test_a_simpler_curve_that_gains_about_as_much_is_preferred() -> None:
    def candidate(kind: str, value: float) -> Candidate:
        return Candidate(kind, {"risk_90": Estimate(value, value - 0.02, value + 0.02), "risk_60_90": nothing})

    nothing = Estimate(0.0, -0.1, 0.1)
    near = simplest((candidate("platt", 0.05), candidate("beta", 0.06)))
    far = simplest((candidate("platt", 0.03), candidate("isotonic", 0.06)))
    assert (near and near.kind, far and far.kind) == ("platt", "isotonic")
    assert simplest((candidate("platt", 0.01),)) is None


def _log_loss(past: pd.DataFrame) -> float:
    return log_loss_sum(logit(past["risk_90"]), past["churned_90"].to_numpy()) / len(past)


def _hazards(past: pd.DataFrame, judged: pd.Series, lag_days: int = 7) -> list[np.ndarray]:
    from models.calibration_choice import _fit, _rolling

    earlier, fold = _rolling(past, lag_days)[-1]
    assert (fold.index == past.index[judged]).all()
    return [_fit(kind, earlier)(fold) for kind in ("platt", "isotonic", "segments")]
