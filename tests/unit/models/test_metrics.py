"""Metrics: point values are scikit-learn's, intervals come from whole accounts."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from models.bootstrap import Accounts, Ranking
from models.metrics import RiskRows, evaluate, on_list


def rows(accounts: int, repeats: int, seed: int, effect: float = 1.0) -> RiskRows:
    """Return test rows in which an account's rows share their risk and their fate."""
    rng = np.random.default_rng(seed)
    ill = rng.normal(size=accounts)
    left = rng.random(accounts) < 1 / (1 + np.exp(2 - effect * ill))
    risk = 1 / (1 + np.exp(2 - ill))
    return RiskRows(
        churned=np.tile(left, repeats).astype(float),
        risk=np.tile(risk, repeats),
        account_id=np.tile(np.arange(accounts), repeats),
        as_of=np.repeat(np.arange(repeats), accounts),
        arr=np.tile(rng.lognormal(size=accounts), repeats),
    )


def test_drawing_every_account_once_gives_the_point_value() -> None:
    tested = rows(300, 2, seed=1)
    risk = np.round(tested.risk, 2)
    once = Accounts(tested.account_id, np.ones((1, 300)))
    draw = Ranking(once, tested.churned == 1, risk)
    assert draw.auc()[0] == pytest.approx(roc_auc_score(tested.churned, risk), abs=1e-12)
    assert draw.average_precision()[0] == pytest.approx(average_precision_score(tested.churned, risk), abs=1e-12)


def test_weighted_draws_equal_repeated_rows() -> None:
    tested = rows(60, 3, seed=2)
    risk = np.round(tested.risk, 1)
    accounts = Accounts.draw(tested.account_id, 5, seed=3)
    for weights, auc in zip(accounts.weights, Ranking(accounts, tested.churned == 1, risk).auc(), strict=True):
        drawn = np.repeat(np.arange(len(risk)), weights[accounts.codes].astype(int))
        assert auc == pytest.approx(roc_auc_score(tested.churned[drawn], risk[drawn]), abs=1e-12)


def test_repeating_rows_does_not_narrow_the_interval() -> None:
    once, often = (evaluate(rows(400, n, seed=4), capacity=40)["auc"] for n in (1, 8))
    assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.05)
    naive = rows(400, 8, seed=4)
    as_if = evaluate(RiskRows(naive.churned, naive.risk, np.arange(3200), naive.as_of, naive.arr), capacity=40)["auc"]
    assert as_if.high - as_if.low < 0.5 * (often.high - often.low)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    truth = evaluate(rows(200_000, 1, seed=5), capacity=40, resamples=50)["auc"].value
    drawn = [evaluate(rows(250, 4, seed=1000 + i), capacity=40, resamples=200)["auc"] for i in range(100)]
    assert 0.9 <= np.mean([each.low <= truth <= each.high for each in drawn]) <= 0.99


def test_one_class_has_no_auc_but_a_reason() -> None:
    tested = rows(50, 1, seed=6)
    metrics = evaluate(RiskRows(tested.churned * 0, *_rest(tested)), capacity=5)
    assert np.isnan(metrics["auc"].value)
    assert metrics["auc"].note == "only one class: 0 of 50 rows churned"
    assert metrics["auc"].to_json()["value"] is None
    assert metrics["brier"].value > 0


def test_capacity_is_counted_per_as_of_date() -> None:
    as_of = np.array([1, 1, 1, 2, 2])
    assert on_list(as_of, np.array([0.1, 0.9, 0.5, 0.2, 0.3]), 1).tolist() == [0, 1, 0, 0, 1]


def test_ties_at_the_end_of_the_list_share_the_place() -> None:
    listed = on_list(np.ones(4), np.array([0.9, 0.2, 0.2, 0.1]), 2)
    assert listed.tolist() == [1, 0.5, 0.5, 0]


def test_money_weighs_recall_by_arr() -> None:
    tested = RiskRows(
        churned=np.array([1.0, 1.0, 0.0]),
        risk=np.array([0.9, 0.1, 0.5]),
        account_id=np.arange(3),
        as_of=np.zeros(3),
        arr=np.array([900.0, 100.0, np.nan]),
    )
    metrics = evaluate(tested, capacity=1)
    assert metrics["recall_at_capacity"].value == 0.5
    assert metrics["arr_recall_at_capacity"].value == 0.9


def test_a_perfectly_calibrated_risk_has_little_error_and_a_shifted_one_its_shift() -> None:
    tested = rows(20_000, 1, seed=7)
    honest = evaluate(tested, capacity=40, resamples=50)["calibration_error"]
    shifted = RiskRows(tested.churned, tested.risk + 0.1, *_rest(tested)[1:])
    wrong = evaluate(shifted, capacity=40, resamples=50)["calibration_error"]
    assert honest.value < 0.015
    assert wrong.value == pytest.approx(0.1, abs=0.015)
    assert wrong.low <= wrong.value <= wrong.high


def _rest(tested: RiskRows) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return tested.risk, tested.account_id, tested.as_of, tested.arr
