"""Replay of past as-of dates, each block with its own training rows: what the model would have been worth."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.labels import label, window_label
from features.outcome import OutcomeContract
from models.curves import calibration_curve, gains_curve
from models.folds import BacktestSettings, Fold, fold_dates
from models.metrics import Estimate, RiskRows, evaluate
from models.protocol import RISKS, WINDOWS, Model, Rows
from models.train import matured_churns

if TYPE_CHECKING:
    from features.snapshot import Snapshot

JUDGED = ("risk_90", "risk_60_90")
"""The risks that metrics are given for."""
MAX_SEGMENTS = 8

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Backtest:
    """What came out: one prediction row per tested (account, as_of), the folds, and what they are worth."""

    predictions: pd.DataFrame
    """account_id, as_of, fold, churned_30 … churned_60_90, RISKS, each baseline's `NAME_RISK`, arr, segment,
    days_to_renewal, ends_in_window (for risk_90), ends_in_60_90."""
    folds: list[dict[str, Any]]
    contract: OutcomeContract
    settings: BacktestSettings
    models: tuple[str, ...]
    """Names; the first is the model, the others are its baselines."""
    pooled: dict[str, dict[str, dict[str, Estimate]]]
    """Per model, per risk, per metric."""
    strata: dict[str, dict[str, Any]]

    @property
    def base_rates(self) -> dict[str, float]:
        """Share of tested rows that churned, per judged risk."""
        return {risk: float(self.predictions[churned(risk)].mean()) for risk in JUDGED}

    def to_json(self) -> dict[str, Any]:
        """Return the stable shape that programs read, with the curves."""
        model, *baselines = self.models
        return {
            "outcome": self.contract.digest,
            "outcome_contract": self.contract.model_dump(mode="json"),
            "settings": self.settings.model_dump(mode="json"),
            "rows": len(self.predictions),
            "accounts": int(self.predictions["account_id"].nunique()),
            "base_rates": self.base_rates,
            "folds": [_plain(fold) for fold in self.folds],
            "pooled": _plain(self.pooled[model]),
            "baselines": {name: _plain(self.pooled[name]) for name in baselines},
            "strata": _plain(self.strata),
            "curves": {risk: self.curves(risk) for risk in JUDGED},
        }

    def curves(self, risk: str) -> dict[str, Any]:
        """Return the calibration curve of the model and the gains curves of all models for one risk."""
        rows = {name: rows_of(self.predictions, name, risk, self.models[0]) for name in self.models}
        return {
            "calibration": calibration_curve(rows[self.models[0]]),
            "gains": {name: gains_curve(of_model) for name, of_model in rows.items()},
        }


def backtest(
    snapshot: "Snapshot",
    outcomes: pd.DataFrame,
    contract: OutcomeContract,
    models: Sequence[Model],
    settings: BacktestSettings,
    *,
    last: date,
    progress: Progress | None = None,
) -> Backtest:
    """Replay the folds with every model; the first is judged, the others are its baselines.

    `last`: the date up to which outcomes count as known. Raises ContractError when history supports fewer than four
    folds or a fold's training rows lack a class.
    """
    rows = Rows(snapshot.frame, snapshot.standing)
    dates = [stamp.date() for stamp in rows.frame.index.get_level_values("as_of").unique()]
    folds = fold_dates(dates, last, contract, settings)
    parts, table = [], []
    for done, fold in enumerate(folds):
        if progress:
            progress(done, len(folds), f"fold {fold.number} of {len(folds)}: {fold.tested[0]} to {fold.tested[-1]}")
        part, facts = replay(rows, outcomes, contract, models, fold, last)
        parts.append(part)
        table.append(facts | _fold_metrics(part, models[0].name, settings))
    predictions = pd.concat(parts, ignore_index=True)
    names = tuple(model.name for model in models)
    pooled = {name: _judge(predictions, name, names[0], settings) for name in names}
    strata = _strata(predictions, names, settings)
    return Backtest(predictions, table, contract, settings, names, pooled, strata)


def replay(
    rows: Rows, outcomes: pd.DataFrame, contract: OutcomeContract, models: Sequence[Model], fold: Fold, last: date
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return one fold's predictions and its facts; training labels are those known by its first tested date."""
    began = time.perf_counter()
    as_of = rows.frame.index.get_level_values("as_of")
    training = rows.take(np.asarray(as_of < pd.Timestamp(fold.known_by)))
    testing = rows.take(np.asarray(as_of.isin(pd.to_datetime(list(fold.tested)))))
    labels = label(outcomes, training.index, contract, fold.known_by)
    part = _truth(testing, label(outcomes, testing.index, contract, last), fold)
    for model in models:
        predicted = model.fit(training, labels).predict(testing)
        for risk in RISKS:
            part[column(model.name, risk, models[0].name)] = predicted[risk].to_numpy()
    facts = {
        "fold": fold.number,
        "as_of": fold.tested[0].isoformat(),
        "last_as_of": fold.tested[-1].isoformat(),
        "train_rows": int(window_label(labels, *WINDOWS["risk_90"]).notna().sum()),
        "train_churns": matured_churns(labels),
        "test_rows": len(part),
        "accounts": int(part["account_id"].nunique()),
        "positives": int(part[churned("risk_90")].sum()),
        "positives_60_90": int(part[churned("risk_60_90")].sum()),
        "seconds": round(time.perf_counter() - began, 3),
    }
    return part, facts


def column(model: str, risk: str, judged: str) -> str:
    """Return the predictions column of a model's risk: the judged model's is the risk's bare name."""
    return risk if model == judged else f"{model}_{risk}"


def churned(risk: str) -> str:
    """Return the predictions column that says whether the risk's window came true."""
    return risk.replace("risk", "churned")


def rows_of(predictions: pd.DataFrame, model: str, risk: str, judged: str) -> RiskRows:
    """Return the test rows of one model's risk."""
    return RiskRows(
        churned=predictions[churned(risk)].to_numpy(dtype=float),
        risk=predictions[column(model, risk, judged)].to_numpy(dtype=float),
        account_id=predictions["account_id"].to_numpy(),
        as_of=predictions["as_of"].to_numpy(),
        arr=predictions["arr"].to_numpy(dtype=float),
    )


def _truth(testing: Rows, labels: pd.DataFrame, fold: Fold) -> pd.DataFrame:
    standing = testing.standing
    out = standing.index.to_frame(index=False)
    out["fold"] = fold.number
    for risk, window in WINDOWS.items():
        out[churned(risk)] = window_label(labels, *window).to_numpy()
    out["arr"] = standing["arr"].to_numpy(dtype=float)
    out["segment"] = standing["segment"].to_numpy()
    days = standing["days_to_renewal"].to_numpy(dtype=float)
    out["days_to_renewal"] = days
    out["ends_in_window"] = (days >= 0) & (days < WINDOWS["risk_90"][1])
    out["ends_in_60_90"] = (days >= WINDOWS["risk_60_90"][0]) & (days < WINDOWS["risk_60_90"][1])
    return out


def _judge(
    predictions: pd.DataFrame, model: str, judged: str, settings: BacktestSettings, risks: Sequence[str] = JUDGED
) -> dict[str, dict[str, Estimate]]:
    how = {"capacity": settings.capacity, "resamples": settings.resamples, "seed": settings.seed}
    return {risk: evaluate(rows_of(predictions, model, risk, judged), **how) for risk in risks}


def _fold_metrics(part: pd.DataFrame, model: str, settings: BacktestSettings) -> dict[str, Any]:
    return {"metrics": _judge(part, model, model, settings)}


def _strata(predictions: pd.DataFrame, names: tuple[str, ...], settings: BacktestSettings) -> dict[str, dict[str, Any]]:
    """Judge where the contract ends inside the risk's own window and where not (all models), and by segment."""
    ends = {"risk_90": predictions["ends_in_window"], "risk_60_90": predictions["ends_in_60_90"]}
    out: dict[str, dict[str, Any]] = {}
    for title, wanted in (("contract ends inside the window", True), ("contract does not end inside it", False)):
        out[title] = {risk: _stratum(predictions[ends[risk] == wanted], names, risk, settings) for risk in JUDGED}
    segments = predictions["segment"].dropna().value_counts()
    for segment in sorted(segments.index[:MAX_SEGMENTS]):
        inside = predictions[predictions["segment"] == segment]
        out[f"segment {segment}"] = {risk: _stratum(inside, names[:1], risk, settings) for risk in JUDGED}
    return out


def _stratum(inside: pd.DataFrame, names: tuple[str, ...], risk: str, settings: BacktestSettings) -> dict[str, Any]:
    judged = {name: _judge(inside, name, names[0], settings, [risk])[risk] for name in names}
    model, *baselines = names
    base = {"rows": len(inside), "positives": int(inside[churned(risk)].sum())}
    return base | judged[model] | {"baselines": {name: judged[name] for name in baselines}}


def _plain(value: object) -> object:
    if isinstance(value, Estimate):
        return value.to_json()
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return value


__all__ = ["Backtest", "BacktestSettings", "Fold", "backtest", "fold_dates"]
