"""Comparing runs: the better one is named, thin evidence is called so, and unlike runs are refused."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.errors import UsageError
from models.compare import compare, weeks_needed
from models.protocol import RISKS
from models.recorded import Recorded

SETTINGS = {"capacity": 20, "resamples": 100, "seed": 7}
CONTRACT = {"kinds": ["churn"], "lead_days": 60}


def run(name: str, noise: float, seed: int = 2, weeks: int = 45, accounts: int = 250) -> Recorded:
    """Return a run whose risks are the truth blurred by `noise`; the rows are the same whatever the noise."""
    rng = np.random.default_rng(1)
    days = pd.date_range("2025-01-06", periods=weeks, freq="7D")
    logit = rng.normal(-3, 1.6, accounts)
    left = np.where(rng.random(accounts) < 1 / (1 + np.exp(-logit)), rng.integers(150, 7 * weeks, accounts), 10_000)
    table = pd.DataFrame(
        {"account_id": np.repeat([f"A{i:03d}" for i in range(accounts)], weeks), "as_of": np.tile(days, accounts)}
    )
    ahead = np.repeat(left, weeks) - np.tile(np.arange(weeks) * 7, accounts)
    table["churns_in_days"] = np.where(ahead < 9_000, ahead, np.nan)
    for end, (low, high) in {"30": (0, 30), "60": (0, 60), "90": (0, 90), "60_90": (60, 90)}.items():
        table[f"churned_{end}"] = ((ahead >= low) & (ahead < high)).astype(float)
    blurred = np.repeat(logit, weeks) + noise * np.random.default_rng(seed).normal(size=len(table))
    for risk in RISKS:
        table[risk] = 1 / (1 + np.exp(-blurred)) / 4
    table["peer_risk_90"] = table["peer_risk_60_90"] = table["peer_risk_30"] = table["peer_risk_60"] = 0.1
    table = table.assign(arr=100.0, segment="a", days_to_renewal=40.0, term_days=365.0, tenure_days=500.0)
    table = table[(ahead >= 0)].reset_index(drop=True)
    evidence = {
        "model": "hazard",
        "baselines": {"peer": {}},
        "outcome": "o1",
        "outcome_contract": CONTRACT,
        "settings": SETTINGS,
        "costs": {"hazard": {"fit_cpu_seconds": 2.0, "predict_cpu_seconds_per_1000": 0.1}},
    }
    return Recorded.of(name, "r1", evidence, table)


def verdict(found: dict[str, Any]) -> dict[str, Any]:
    only: dict[str, Any] = found["verdicts"][0]
    return only


def test_the_better_run_is_named_and_the_worse_one_too() -> None:
    blurred, clear = run("blurred", 2.0), run("clear", 0.0)
    better, worse = verdict(compare([blurred, clear])), verdict(compare([clear, blurred]))
    assert better["outcome"] == "better"
    assert "clear is better than blurred: AUC for risk_90" in better["text"]
    assert worse["outcome"] == "worse"
    assert better["value"] == pytest.approx(-worse["value"])


def test_thin_evidence_says_how_many_weeks_it_would_take() -> None:
    found = verdict(compare([run("a", 0.8, seed=11), run("b", 0.8, seed=12)]))
    assert found["outcome"] == "not enough evidence"
    assert "more matured weeks" in found["text"] or "ten more years" in found["text"]


def test_the_weeks_needed_grow_with_the_square() -> None:
    assert weeks_needed(10, 0.01, 0.02) == pytest.approx(30)
    assert weeks_needed(10, 0.0, 0.02) == float("inf")


def test_many_variants_ask_for_more() -> None:
    runs = [run("blurred", 0.45, seed=5), run("clear", 0.3, seed=6)]
    alone, many = (verdict(compare(runs, variants=n)) for n in (1, 200))
    assert many["low"] < alone["low"]
    assert "corrected for 200 variants" in many["text"]
    assert "corrected" not in alone["text"]


def test_a_run_says_the_same_as_itself() -> None:
    found = compare([run("a", 0.5), run("a again", 0.5)])
    assert "say the same of every account" in verdict(found)["text"]
    assert found["lists"][0]["overlap"] == 1
    assert found["moved"] == []


def test_everything_that_is_compared_is_told() -> None:
    found = compare([run("a", 2.0), run("b", 0.0)])
    lines = {(line["risk"], line["stratum"], line["metric"]) for line in found["differences"]}
    assert {("risk_90", "all accounts", "auc"), ("risk_60_90", "all accounts", "lead_time_60")} <= lines
    assert ("risk_90", "contract ends inside the window", "log_loss") in lines
    assert 0 < found["lists"][0]["overlap"] < 1
    assert len(found["moved"]) == 10
    assert found["runs"][0]["cost"] == {"train_cpu_seconds": 2.0, "score_cpu_seconds_per_1000": 0.1}


def test_why_an_account_moved_is_the_difference_of_its_drivers() -> None:
    last = run("a", 0.0).predictions["as_of"].max()
    drivers = pd.DataFrame({"account_id": ["A001"], "as_of": [last], "Logins": [0.02], "Support": [0.01]})
    one, two = run("a", 0.0), run("b", 2.0)
    moved = compare([replace(one, drivers=drivers), replace(two, drivers=drivers.assign(Logins=0.10))])["moved"]
    why = {line["account_id"]: line["why"] for line in moved}
    assert why.get("A001", [{"driver": "Logins", "change": pytest.approx(0.08)}])[0]["driver"] == "Logins"
    assert all(reasons == [] for account, reasons in why.items() if account != "A001")


def test_a_peer_of_a_run_can_be_compared() -> None:
    whole = run("a", 0.0)
    peer = Recorded.of("a:peer", "r1", whole.backtest, whole.predictions, peer="peer")
    assert verdict(compare([peer, whole]))["outcome"] == "better"
    with pytest.raises(UsageError, match=r"run a has no model cox: it holds hazard, peer"):
        Recorded.of("a", "r1", whole.backtest, whole.predictions, peer="cox")


def test_runs_that_cannot_be_compared_are_refused_with_what_differs() -> None:
    whole = run("a", 0.0)
    fewer = whole.predictions
    contract = {**whole.backtest, "outcome": "o2", "outcome_contract": {**CONTRACT, "lead_days": 30}}
    refused = {
        r"contracts differ \(lead_days is 60 and 30\)": replace(whole, backtest=contract),
        r"1 tested as-of dates are in one only": replace(whole, predictions=fewer[fewer["as_of"] > "2025-01-06"]),
        r"cohorts differ in \d+ rows": replace(whole, predictions=fewer[fewer["account_id"] != "A007"]),
        r"\d+ rows have another outcome": replace(whole, predictions=fewer.assign(churned_90=0.0)),
    }
    for message, other in refused.items():
        with pytest.raises(UsageError, match=message):
            compare([whole, other])
    with pytest.raises(UsageError, match="needs two runs"):
        compare([whole])
