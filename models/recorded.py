"""One model of one recorded run, with the rows that it was tested on: what a comparison takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.errors import UsageError
from models.backtest import JUDGED, churned, rows_of
from models.metrics import RiskRows
from models.protocol import RISKS

PEER = ":"
"""Stands between a run and the name of a peer in it, as in `champion:logistic`."""


@dataclass(frozen=True)
class Recorded:
    """A model with its test rows, in the order of account and as-of date."""

    name: str
    """As it was asked for."""
    run_id: str | None
    kind: str
    backtest: Mapping[str, Any]
    """What `Backtest.to_json` recorded."""
    predictions: pd.DataFrame
    """As `Backtest.predictions`, with this model's RISKS under their bare names."""
    drivers: pd.DataFrame | None = None
    """account_id, as_of and the contribution of each driver to risk_90, for the last tested as-of date."""

    @classmethod
    def of(
        cls,
        name: str,
        run_id: str | None,
        backtest: Mapping[str, Any],
        predictions: pd.DataFrame,
        drivers: pd.DataFrame | None = None,
        *,
        peer: str | None = None,
    ) -> "Recorded":
        """Return the run's model, or a peer that was replayed beside it; raises UsageError for an unknown peer."""
        kind = peer or str(backtest["model"])
        known = (str(backtest["model"]), *backtest["baselines"])
        if kind not in known:
            raise UsageError(f"run {name} has no model {kind}: it holds {', '.join(known)}")
        if peer and peer != backtest["model"]:
            renamed = {f"{peer}_{risk}": risk for risk in RISKS}
            predictions = predictions.drop(columns=list(RISKS)).rename(columns=renamed)
            drivers = None
        ordered = predictions.sort_values(["account_id", "as_of"], kind="stable", ignore_index=True)
        return cls(name, run_id, kind, backtest, ordered, drivers)

    @property
    def cost(self) -> dict[str, float | None]:
        """CPU seconds for training all folds, and for scoring 1,000 rows."""
        known = self.backtest.get("costs", {}).get(self.kind, {})
        return {
            "train_cpu_seconds": known.get("fit_cpu_seconds"),
            "score_cpu_seconds_per_1000": known.get("predict_cpu_seconds_per_1000"),
        }

    @property
    def weeks(self) -> int:
        """Weeks from the first to the last tested as-of date, both counted."""
        days = self.predictions["as_of"]
        return int((days.max() - days.min()).days // 7 + 1)

    def rows(self, risk: str, where: np.ndarray | None = None) -> RiskRows:
        """Return the test rows of one risk, all or those of a mask."""
        chosen = self.predictions if where is None else self.predictions[where]
        return rows_of(chosen, self.kind, risk, self.kind)


def require_comparable(base: Recorded, other: Recorded) -> None:
    """Raise UsageError that names what differs: the outcome contract, the as-of dates, the cohort or the outcomes."""
    refused = f"{base.name} and {other.name} cannot be compared"
    one, two = (run.backtest["outcome_contract"] for run in (base, other))
    if base.backtest["outcome"] != other.backtest["outcome"]:
        named = [
            f"{key} is {one.get(key)} and {two.get(key)}" for key in {**one, **two} if one.get(key) != two.get(key)
        ]
        raise UsageError(f"{refused}: their outcome contracts differ ({'; '.join(named) or 'in version'})")
    days = [set(run.predictions["as_of"]) for run in (base, other)]
    if days[0] != days[1]:
        odd = sorted(days[0] ^ days[1])
        raise UsageError(
            f"{refused}: {len(odd)} tested as-of dates are in one only (for example {odd[0].date()}): "
            "backtest both with the same [calendar] and [backtest], up to the same week (--as-of)"
        )
    keys = [run.predictions.set_index(["account_id", "as_of"]).index for run in (base, other)]
    if not keys[0].equals(keys[1]):
        odd_rows = keys[0].symmetric_difference(keys[1])
        account, day = odd_rows[0]
        raise UsageError(
            f"{refused}: their cohorts differ in {len(odd_rows):,} rows (for example {account} on {day.date()}): "
            "backtest both on the same tables"
        )
    for risk in JUDGED:
        unlike = base.predictions[churned(risk)].to_numpy() != other.predictions[churned(risk)].to_numpy()
        if unlike.any():
            account, day = keys[0][int(np.flatnonzero(unlike)[0])]
            raise UsageError(
                f"{refused}: {int(unlike.sum()):,} rows have another outcome (for example {account} on {day.date()}): "
                "outcomes were recorded in between, so backtest both on the same tables"
            )
