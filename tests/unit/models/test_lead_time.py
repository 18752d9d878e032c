"""The lead-time curve, by hand and with a model that sees everything."""

import numpy as np
import pandas as pd
import pytest

from models.lead_time import DAYS, REACH_DAYS, at_lead, lead_time

WEEKS = pd.date_range("2025-01-06", periods=40, freq="7D")


ACCOUNTS = 30


def before(churns: dict[str, str]) -> pd.DataFrame:
    """Return test rows of every account and week until its churn, all with the same risk."""
    ids = [f"A{i:02d}" for i in range(ACCOUNTS)]
    frame = pd.DataFrame([(a, w) for a in ids for w in WEEKS], columns=["account_id", "as_of"])
    at = pd.to_datetime(frame["account_id"].map(churns))
    frame["churns_in_days"] = (at - frame["as_of"]).dt.total_seconds() / 86_400
    frame = frame[frame["churns_in_days"].isna() | (frame["churns_in_days"] >= 0)].reset_index(drop=True)
    return frame.assign(arr=100.0, risk=0.1)


def curve(predictions: pd.DataFrame, **columns: str) -> dict[str, float]:
    found = lead_time(predictions, columns or {"model": "risk"}, capacity=2, resamples=50)
    assert found is not None
    line = found["models"][next(iter(found["models"]))]["accounts"]
    return {point["days"]: point["value"] for point in line}


def test_a_place_on_a_list_counts_up_to_its_lead_and_not_beyond() -> None:
    predictions = before({"A03": "2025-09-10"})
    # Listed once, on the list of 7 July, 65 days before the churn.
    here = (predictions["account_id"] == "A03") & (predictions["as_of"] == "2025-07-07")
    predictions.loc[here, "risk"] = 0.9
    predictions.loc[predictions["account_id"].isin(["A00", "A01"]) & ~here, "risk"] = 0.5
    found = curve(predictions)
    assert [days for days in DAYS if found[days] == 1.0] == [days for days in DAYS if days <= 65]
    assert found[70] == 0.0


def test_a_list_that_is_drawn_by_lot_finds_its_share() -> None:
    found = curve(before({"A03": "2025-09-10"}))
    assert found[0] == pytest.approx(2 / 30, rel=0.05)


def test_churns_whose_lists_were_not_all_made_are_left_out() -> None:
    early, late = WEEKS[0] + pd.Timedelta(days=REACH_DAYS - 1), WEEKS[-1] + pd.Timedelta(days=8)
    assert lead_time(before({"A03": str(early), "A04": str(late)}), {"m": "risk"}, capacity=2, resamples=50) is None


def test_money_weighs_the_churns() -> None:
    predictions = before({"A03": "2025-09-10", "A04": "2025-09-10"})
    predictions.loc[predictions["account_id"] == "A03", ["risk", "arr"]] = [0.9, 900.0]
    found = lead_time(predictions, {"model": "risk"}, capacity=1, resamples=50)
    assert found is not None
    assert found["models"]["model"]["arr"][0]["value"] == pytest.approx(0.9)
    assert found["models"]["model"]["accounts"][0]["value"] == pytest.approx(0.5)


def test_the_lead_over_a_baseline_is_paired() -> None:
    churns = {f"A{i:02d}": str(WEEKS[30 + i % 8] + pd.Timedelta(days=2)) for i in range(12)}
    predictions = before(churns)
    soon = predictions["churns_in_days"].between(60, 90)
    # The other one sees as much, too late.
    late = predictions["churns_in_days"] < 30
    predictions = predictions.assign(sees=np.where(soon, 0.9, 0.1), dozes=np.where(late, 0.9, 0.1))
    found = lead_time(predictions, {"model": "sees", "rule": "dozes"}, capacity=6, resamples=100)
    assert at_lead(found, 60, over="rule")["low"] > 0
    assert at_lead(found, 60)["value"] > at_lead(found, 60, model="rule")["value"]
    same = lead_time(predictions, {"a": "sees", "b": "sees"}, capacity=6, resamples=50)
    assert at_lead(same, 60, over="b")["low"] == at_lead(same, 60, over="b")["high"] == 0


def test_a_churn_at_an_odd_second_is_one_churn() -> None:
    churns = {f"A{i:02d}": f"2025-09-10 {i % 24:02d}:{(7 * i) % 60:02d}:{(13 * i + 1) % 60:02d}" for i in range(30)}
    found = lead_time(before(churns), {"model": "risk"}, capacity=2, resamples=50)
    assert found is not None
    assert (found["churns"], found["accounts"]) == (30, 30)
