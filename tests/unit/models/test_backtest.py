"""Folds, purge, and what a backtest says."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.errors import ContractError
from features.outcome import OutcomeContract
from models.backtest import Backtest, BacktestSettings, backtest, fold_dates
from models.hazard import HazardModel
from models.kinds import make
from models.protocol import RISKS, Rows
from models.settings import HazardSettings, TrainSettings

WEEKLY = [date(2024, 1, 1) + timedelta(weeks=i) for i in range(104)]
CONTRACT = OutcomeContract()
QUICK = BacktestSettings(capacity=10, resamples=100)


def test_folds_are_blocks_that_end_at_the_last_matured_date() -> None:
    folds = fold_dates(WEEKLY, WEEKLY[-1], CONTRACT, BacktestSettings(folds=5, fold_weeks=8))
    assert folds[-1].tested[-1] + timedelta(days=97) <= WEEKLY[-1]
    assert [len(fold.tested) for fold in folds] == [4] * 5
    starts = [fold.known_by for fold in folds]
    assert {b - a for a, b in pairwise(starts)} == {timedelta(weeks=8)}


def test_short_history_is_refused_with_the_weeks_that_are_missing() -> None:
    needed = 13 + 14 + 4 * 8 + 14 + 1
    with pytest.raises(ContractError, match=r"history is 10 weeks too short for 4 folds"):
        fold_dates(WEEKLY[: needed - 10], WEEKLY[needed - 11], CONTRACT, BacktestSettings())
    assert len(fold_dates(WEEKLY[:needed], WEEKLY[needed - 1], CONTRACT, BacktestSettings())) == 4


class Spy:
    """Records what it is trained on; its risk is 1 for accounts whose churn it was told of."""

    name = "spy"

    def __init__(self) -> None:
        self.told: list[pd.DataFrame] = []

    def fit(self, rows: Rows, labels: pd.DataFrame) -> "Spy":
        self.told.append(labels)
        return self

    def predict(self, rows: Rows) -> pd.DataFrame:
        told = self.told[-1]
        churned = told.index[told["days"].notna()].get_level_values("account_id")
        account = rows.index.get_level_values("account_id")
        return pd.DataFrame({risk: account.isin(churned).astype(float) for risk in RISKS}, rows.index)


def test_training_knows_nothing_that_was_not_known_at_the_first_tested_date(book: Any) -> None:
    spy = Spy()
    replay = backtest(book, book.outcomes, book.contract, [spy], QUICK, last=book.last)
    for fold, labels in zip(replay.folds, spy.told, strict=True):
        as_of = labels.index.get_level_values("as_of")
        happened = as_of + pd.to_timedelta(labels["days"].to_numpy(), unit="D")
        assert as_of.max() < pd.Timestamp(fold["as_of"])
        assert happened.max() < pd.Timestamp(fold["as_of"])
        assert (labels["followed"] <= (pd.Timestamp(fold["as_of"]) - as_of).days).all()


def test_a_planted_leak_shows(book: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = backtest(book, book.outcomes, book.contract, [Spy()], QUICK, last=book.last)
    # Told as if all outcomes had always been known: churns inside the test windows reach training.
    early = book.outcomes.assign(known_at=pd.Timestamp("2023-01-01"))
    leaky = backtest(book, early, book.contract, [Spy()], QUICK, last=book.last)
    assert leaky.pooled["spy"]["risk_90"]["auc"].value > honest.pooled["spy"]["risk_90"]["auc"].value + 0.1


@pytest.fixture(scope="module")
def replayed(book: Any) -> Backtest:
    models = [
        HazardModel(HazardSettings(trees=40, leaves=7, min_data_in_leaf=20)),
        make("renewal_calendar", TrainSettings()),
        make("last_login", TrainSettings()),
    ]
    return backtest(book, book.outcomes, book.contract, models, QUICK, last=book.last)


def test_the_model_beats_what_fits_on_a_sheet_of_paper(replayed: Backtest) -> None:
    auc = {name: of_model["risk_90"]["auc"] for name, of_model in replayed.pooled.items()}
    assert auc["hazard"].low > max(auc["renewal_calendar"].value, auc["last_login"].value)


def test_the_calendar_is_blind_among_contracts_that_end_in_the_window(replayed: Backtest) -> None:
    stratum = replayed.strata["contract ends inside the window"]["risk_90"]
    assert stratum["auc"].value > stratum["baselines"]["renewal_calendar"]["auc"].value + 0.1
    assert stratum["rows"] == int(replayed.predictions["ends_in_window"].sum())


def test_every_tested_row_is_labelled_once_with_every_risk(replayed: Backtest) -> None:
    predictions = replayed.predictions
    assert not predictions.duplicated(["account_id", "as_of"]).any()
    wanted = [f"{model}{risk}" for model in ("", "renewal_calendar_", "last_login_") for risk in RISKS]
    assert predictions[[*wanted, "churned_30", "churned_60", "churned_90", "churned_60_90"]].notna().all(axis=None)


def test_the_json_has_the_stable_shape(replayed: Backtest) -> None:
    import json

    out = json.loads(json.dumps(replayed.to_json(), allow_nan=False))
    assert set(out["pooled"]) == {"risk_90", "risk_60_90"}
    assert set(out["pooled"]["risk_90"]["auc"]) >= {"value", "low", "high"}
    assert set(out["baselines"]) == {"renewal_calendar", "last_login"}
    assert {"as_of", "train_rows", "test_rows", "positives", "accounts"} <= set(out["folds"][0])
    assert out["curves"]["risk_90"]["gains"]["hazard"][-1] == {"listed": 1.0, "found": 1.0}


def test_shuffled_outcomes_are_not_predicted(book: Any) -> None:
    rng = np.random.default_rng(3)
    accounts = book.standing.index.get_level_values("account_id").unique().to_numpy()
    shuffled = book.outcomes.assign(account_id=rng.permutation(accounts)[: len(book.outcomes)])
    model = HazardModel(HazardSettings(trees=20, leaves=7, min_data_in_leaf=20))
    auc = backtest(book, shuffled, book.contract, [model], QUICK, last=book.last).pooled["hazard"]["risk_90"]["auc"]
    assert auc.low < 0.5 < auc.high
