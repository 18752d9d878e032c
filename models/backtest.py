"""Replay of past as-of dates, each block with its own training rows: what the model would have been worth."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.outcome import OutcomeContract
from models.bootstrap import Accounts
from models.calibration_choice import Choice, choose, roll
from models.curves import calibration_curve, gains_curve
from models.fold_cache import FoldCache
from models.folds import BacktestSettings, Fold, fold_dates
from models.hazard import HazardModel
from models.lead_time import lead_time
from models.metrics import Estimate, RiskRows, evaluate
from models.protocol import RISKS, Model, Rows
from models.replay import Replay, churned
from models.separate_backtest import judge_separate
from models.strata import strata

if TYPE_CHECKING:
    from features.snapshot import Snapshot

JUDGED = ("risk_90", "risk_60_90")
"""The risks that metrics are given for."""

HEADLINE = "risk_60_90"
"""The risk whose lists the headline curve is drawn for: those that CS can still act on."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Backtest:
    """What came out: one prediction row per tested (account, as_of), the folds, and what they are worth."""

    predictions: pd.DataFrame
    """account_id, as_of, fold, churned_30 … churned_60_90, RISKS, each other model's `NAME_RISK`, churns_in_days, arr,
    segment, days_to_renewal, term_days, tenure_days, ends_in_window (for risk_90), ends_in_60_90, and acted_on where
    interventions are recorded."""
    folds: list[dict[str, Any]]
    contract: OutcomeContract
    settings: BacktestSettings
    models: tuple[str, ...]
    """Names; the first is the model, the others are its baselines and peers."""
    pooled: dict[str, dict[str, dict[str, Estimate]]]
    """Per model, per risk, per metric."""
    strata: dict[str, dict[str, Any]]
    costs: dict[str, dict[str, float]] = field(default_factory=dict)
    """Per model: fit_cpu_seconds (all folds), predict_cpu_seconds_per_1000 rows, cached_folds."""
    drivers: pd.DataFrame | None = None
    """account_id, as_of and each driver's contribution to the model's risk_90 at the last tested as-of date."""
    calibration: Choice | None = None
    """What the folds say of calibrators; None for a model that takes none."""
    raw: pd.DataFrame | None = None
    """The predictions before an adopted calibrator; None where none was adopted."""
    separate: Mapping[str, Any] = field(default_factory=dict)
    """Per separate outcome what its risks were worth."""

    @property
    def base_rates(self) -> dict[str, float]:
        """Share of tested rows that churned, per judged risk."""
        return {risk: float(self.predictions[churned(risk)].mean()) for risk in JUDGED}

    @property
    def calibrated_folds(self) -> np.ndarray:
        """Numbers of the folds whose predictions went through a calibrator of earlier folds."""
        if self.raw is None:
            return np.empty(0, dtype=int)
        moved = self.predictions["risk_90"].to_numpy() != self.raw["risk_90"].to_numpy()
        return np.asarray(self.predictions.loc[moved, "fold"].unique())

    @cached_property
    def lead_times(self) -> dict[str, dict[str, Any] | None]:
        """The lead-time curves of lists ranked by each judged risk; None when no churn had all its weeks tested."""
        how = {"capacity": self.settings.capacity, "resamples": self.settings.resamples, "seed": self.settings.seed}
        columns = {risk: {name: column(name, risk, self.models[0]) for name in self.models} for risk in JUDGED}
        return {risk: lead_time(self.predictions, columns[risk], **how) for risk in JUDGED}

    def to_json(self) -> dict[str, Any]:
        """Return the stable shape that programs read, with the curves."""
        model, *baselines = self.models
        return {
            "outcome": self.contract.digest,
            "outcome_contract": self.contract.model_dump(mode="json"),
            "settings": self.settings.model_dump(mode="json"),
            "model": model,
            "rows": len(self.predictions),
            "accounts": int(self.predictions["account_id"].nunique()),
            "base_rates": self.base_rates,
            "folds": [_plain(fold) for fold in self.folds],
            "lead_time": self.lead_times[HEADLINE],
            "lead_times": self.lead_times,
            "pooled": _plain(self.pooled[model]),
            "baselines": {name: _plain(self.pooled[name]) for name in baselines},
            "strata": _plain(self.strata),
            "curves": {risk: self.curves(risk) for risk in JUDGED},
            "costs": self.costs,
            "calibration": None if self.calibration is None else self.calibration.to_json(),
            "separate": dict(self.separate),
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
    cache: FoldCache | None = None,
    acted_on: np.ndarray | None = None,
    separate: Mapping[str, pd.DataFrame] | None = None,
) -> Backtest:
    """Replay the folds with every model; the first is judged, the others are its baselines and peers.

    `last`: the date up to which outcomes count as known. `cache` keeps each fold by its content, so that a second run
    costs what has changed. `acted_on` says for each row of the snapshot whether CS acted on the account; `separate`
    holds the separate outcomes by name. A hazard model is judged as the calibrator that the folds support would have
    made it, each fold by a calibrator of earlier ones. Raises ContractError when history supports fewer than four folds
    or a fold's training rows lack a class.
    """
    rows = Rows(snapshot.frame, snapshot.standing)
    dates = [stamp.date() for stamp in rows.frame.index.get_level_values("as_of").unique()]
    replay = Replay(rows, outcomes, contract, last, cache, acted_on)
    folds = fold_dates(dates, last, contract, settings)
    parts = list(_replayed(replay, folds, models, progress))
    raw = pd.concat([part for part, _ in parts], ignore_index=True)
    choice = _calibration(models[0], raw, contract, settings)
    predictions = raw
    if choice is not None and choice.adopted is not None:
        predictions = roll(raw, choice.adopted.kind, lag_days=contract.recording_lag_days)
    names = tuple(model.name for model in models)
    of_fold, whole = dict(list(predictions.groupby("fold"))), _Judge(predictions, names[0], settings)
    return Backtest(
        predictions=predictions,
        folds=[
            facts | {"metrics": _Judge(of_fold[facts["fold"]], names[0], settings).of(names[0])} for _, facts in parts
        ],
        contract=contract,
        settings=settings,
        models=names,
        pooled={name: whole.of(name) for name in names},
        strata=_strata(predictions, names, settings),
        costs=replay.costs(names, len(predictions)),
        drivers=replay.drivers,
        calibration=choice,
        raw=None if predictions is raw else raw,
        separate=_separate(rows, outcomes, separate, contract, folds, models[0], settings, last),
    )


def _calibration(
    model: Model, raw: pd.DataFrame, contract: OutcomeContract, settings: BacktestSettings
) -> Choice | None:
    """Return what the folds say of calibrators; only a hazard model takes one."""
    if not isinstance(model, HazardModel):
        return None
    return choose(raw, lag_days=contract.recording_lag_days, resamples=settings.resamples, seed=settings.seed)


def _separate(
    rows: Rows,
    outcomes: pd.DataFrame,
    separate: Mapping[str, pd.DataFrame] | None,
    contract: OutcomeContract,
    folds: Sequence[Fold],
    model: Model,
    settings: BacktestSettings,
    last: date,
) -> dict[str, Any]:
    if not separate or not isinstance(model, HazardModel):
        return {}
    return judge_separate(rows, outcomes, separate, contract, folds, model.settings, settings, last=last)


def _replayed(
    replay: Replay, folds: Sequence[Fold], models: Sequence[Model], progress: Progress | None
) -> Iterator[tuple[pd.DataFrame, dict[str, Any]]]:
    """Yield each fold's predictions and facts."""
    for done, fold in enumerate(folds):
        if progress:
            progress(done, len(folds), f"fold {fold.number} of {len(folds)}: {fold.tested[0]} to {fold.tested[-1]}")
        truth, risks, facts = replay.fold(fold, models)
        for name, of_model in risks.items():
            for risk in RISKS:
                truth[column(name, risk, models[0].name)] = of_model[risk].to_numpy()
        yield truth, facts
    if progress:
        progress(len(folds), len(folds), "judging")


def column(model: str, risk: str, judged: str) -> str:
    """Return the predictions column of a model's risk: the judged model's is the risk's bare name."""
    return risk if model == judged else f"{model}_{risk}"


def rows_of(predictions: pd.DataFrame, model: str, risk: str, judged: str) -> RiskRows:
    """Return the test rows of one model's risk."""
    return RiskRows(
        churned=predictions[churned(risk)].to_numpy(dtype=float),
        risk=predictions[column(model, risk, judged)].to_numpy(dtype=float),
        account_id=predictions["account_id"].to_numpy(),
        as_of=predictions["as_of"].to_numpy(),
        arr=predictions["arr"].to_numpy(dtype=float),
    )


@dataclass(frozen=True)
class _Judge:
    """Judges models on the same rows, with accounts drawn once for all of them."""

    tested: pd.DataFrame
    judged: str
    """Name of the model whose columns are the bare risks."""
    settings: BacktestSettings

    def of(self, model: str, risks: Sequence[str] = JUDGED) -> dict[str, dict[str, Estimate]]:
        """Return every metric per risk."""
        how = {"capacity": self.settings.capacity}
        return {
            risk: evaluate(rows_of(self.tested, model, risk, self.judged), **how, accounts=self._accounts)
            for risk in risks
        }

    @cached_property
    def _accounts(self) -> Accounts | None:
        if self.tested.empty:
            return None
        return Accounts.draw(self.tested["account_id"].to_numpy(), self.settings.resamples, self.settings.seed)


def _strata(predictions: pd.DataFrame, names: tuple[str, ...], settings: BacktestSettings) -> dict[str, dict[str, Any]]:
    """Judge every model in every stratum."""
    return {
        title: {risk: _stratum(_Judge(predictions[rows(risk)], names[0], settings), names, risk) for risk in JUDGED}
        for title, rows in strata(predictions)
    }


def _stratum(inside: _Judge, names: tuple[str, ...], risk: str) -> dict[str, Any]:
    judged = {name: inside.of(name, [risk])[risk] for name in names}
    model, *baselines = names
    left = inside.tested[inside.tested[churned(risk)] == 1]
    base = {
        "rows": len(inside.tested),
        "positives": len(left),
        "churned_accounts": int(left["account_id"].nunique()),
    }
    return base | judged[model] | {"baselines": {name: judged[name] for name in baselines}}


def _plain(value: object) -> object:
    if isinstance(value, Estimate):
        return value.to_json()
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return value


__all__ = ["Backtest", "BacktestSettings", "Fold", "backtest", "churned", "fold_dates"]
