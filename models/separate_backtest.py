"""What the risks of separate outcomes would have been worth: the same folds, with hazards of their own."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from features.errors import ContractError
from features.labels import competing_label, label
from features.outcome import OutcomeContract
from models.competing import fit_separate, separate_risk, separate_risks
from models.folds import BacktestSettings, Fold
from models.hazard import HazardModel
from models.metrics import RiskRows, evaluate
from models.protocol import WINDOWS, Rows
from models.settings import HazardSettings

JUDGED = ("risk_90", "risk_60_90")


def judge_separate(
    rows: Rows,
    outcomes: pd.DataFrame,
    separate: Mapping[str, pd.DataFrame],
    contract: OutcomeContract,
    folds: Sequence[Fold],
    settings: HazardSettings,
    backtest: BacktestSettings,
    *,
    last: date,
) -> dict[str, dict[str, Any]]:
    """Return per separate outcome and risk (`contraction_90`, …) every metric with its interval, as JSON.

    An outcome whose training rows lack a class in some fold has a `note` instead. Labels are known up to `last`.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, happened in separate.items():
        try:
            parts = [_fold(rows, outcomes, name, happened, contract, fold, settings, last) for fold in folds]
        except ContractError as error:
            found[name] = {"note": str(error)}
            continue
        tested = pd.concat(parts, ignore_index=True)
        found[name] = {separate_risk(name, risk): _judge(tested, name, risk, backtest) for risk in JUDGED}
    return found


def _fold(
    rows: Rows,
    outcomes: pd.DataFrame,
    name: str,
    happened: pd.DataFrame,
    contract: OutcomeContract,
    fold: Fold,
    settings: HazardSettings,
    last: date,
) -> pd.DataFrame:
    as_of = rows.index.get_level_values("as_of")
    training = rows.take(np.asarray(as_of < pd.Timestamp(fold.known_by)))
    testing = rows.take(np.asarray(as_of.isin(pd.to_datetime(list(fold.tested)))))
    main, kind = (label(each, training.index, contract, fold.known_by) for each in (outcomes, happened))
    hazards = HazardModel(settings).fit(training, main).hazards(testing.frame)
    of_kind = fit_separate(training, kind, main, settings).hazards(testing.frame)
    out = separate_risks(name, hazards, of_kind, testing.index).reset_index()
    came_main, came = (label(each, testing.index, contract, last) for each in (outcomes, happened))
    for risk in JUDGED:
        start, end = WINDOWS[risk]
        # Of all accounts, not of those still without outcome at the window's start.
        came_in = competing_label(came, came_main, 0, end) - (
            competing_label(came, came_main, 0, start) if start else 0
        )
        out[f"came_{separate_risk(name, risk)}"] = came_in.to_numpy()
    return out.assign(arr=testing.standing["arr"].to_numpy(dtype=float))


def _judge(tested: pd.DataFrame, name: str, risk: str, how: BacktestSettings) -> dict[str, Any]:
    column = separate_risk(name, risk)
    known = tested[tested[f"came_{column}"].notna()]
    judged = RiskRows(
        churned=known[f"came_{column}"].to_numpy(dtype=float),
        risk=known[column].to_numpy(dtype=float),
        account_id=known["account_id"].to_numpy(),
        as_of=known["as_of"].to_numpy(),
        arr=known["arr"].to_numpy(dtype=float),
    )
    metrics = evaluate(judged, capacity=how.capacity, resamples=how.resamples, seed=how.seed)
    counts = {"rows": len(known), "positives": int(judged.churned.sum())}
    return counts | {metric: estimate.to_json() for metric, estimate in metrics.items()}
