"""What the risks of separate outcomes would have been worth: the same folds, with hazards of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in separate}
    notes: dict[str, str] = {}
    for fold in folds:
        replayed = _Fold.of(rows, outcomes, contract, fold, settings, last)
        for name in [each for each in separate if each not in notes]:
            try:
                parts[name].append(replayed.tested(name, separate[name]))
            except ContractError as error:
                notes[name] = str(error)
    return {
        name: {"note": notes[name]}
        if name in notes
        else {separate_risk(name, risk): _judge(pd.concat(tested), name, risk, backtest) for risk in JUDGED}
        for name, tested in parts.items()
    }


@dataclass(frozen=True)
class _Fold:
    """One fold's rows, with the main outcome's labels and hazards, which all separate outcomes share."""

    training: Rows
    testing: Rows
    main: pd.DataFrame
    came_main: pd.DataFrame
    hazards: np.ndarray
    contract: OutcomeContract
    known_by: date
    last: date
    settings: HazardSettings

    @classmethod
    def of(
        cls,
        rows: Rows,
        outcomes: pd.DataFrame,
        contract: OutcomeContract,
        fold: Fold,
        settings: HazardSettings,
        last: date,
    ) -> "_Fold":
        """Fit the main hazards on what had matured by the fold's first tested date."""
        as_of = rows.index.get_level_values("as_of")
        training = rows.take(np.asarray(as_of < pd.Timestamp(fold.known_by)))
        testing = rows.take(np.asarray(as_of.isin(pd.to_datetime(list(fold.tested)))))
        main = label(outcomes, training.index, contract, fold.known_by)
        came_main = label(outcomes, testing.index, contract, last)
        hazards = HazardModel(settings).fit(training, main).hazards(testing.frame)
        return cls(training, testing, main, came_main, hazards, contract, fold.known_by, last, settings)

    def tested(self, name: str, happened: pd.DataFrame) -> pd.DataFrame:
        """Return the test rows with a separate outcome's risks and what came of them."""
        kind = label(happened, self.training.index, self.contract, self.known_by)
        of_kind = fit_separate(self.training, kind, self.main, self.settings).hazards(self.testing.frame)
        out = separate_risks(name, self.hazards, of_kind, self.testing.index).reset_index()
        came = label(happened, self.testing.index, self.contract, self.last)
        for risk in JUDGED:
            start, end = WINDOWS[risk]
            # Of all accounts, not of those still without outcome at the window's start.
            came_in = competing_label(came, self.came_main, 0, end)
            if start:
                came_in = came_in - competing_label(came, self.came_main, 0, start)
            out[f"came_{separate_risk(name, risk)}"] = came_in.to_numpy()
        return out.assign(arr=self.testing.standing["arr"].to_numpy(dtype=float))


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
