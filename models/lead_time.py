"""The lead-time curve: of the accounts that churned, the share that was on a list at least so many days before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from models.bootstrap import Accounts
from models.metrics import Drawn, on_list, share
from models.paired import difference

DAYS = tuple(range(0, 181, 5))
"""Leads that the curve is given for."""
REACH_DAYS = 196
"""A place on a list longer ago than this warned of nothing: 28 weeks, so that a lead of 180 days still sees a list."""


@dataclass(frozen=True)
class Warned:
    """The churns whose last 28 weeks were all tested, one position per churn."""

    rows: pd.DataFrame
    """The tested rows before them, with `churn` (the position) and `churns_in_days`."""
    account: np.ndarray
    arr: np.ndarray
    """As last known before the churn; NaN where it never was."""

    @classmethod
    def of(cls, predictions: pd.DataFrame) -> "Warned":
        """Find them: a churn too early or too late for its lists to have been made is left out."""
        day = predictions["as_of"].to_numpy(dtype="datetime64[s]")
        days = predictions["churns_in_days"].to_numpy(dtype=float)
        # Rounded: cut off, rows of one churn would differ by a second and count as two.
        at = day + np.rint(np.nan_to_num(days, nan=-1.0) * 86_400).astype("timedelta64[s]")
        dates = np.unique(day)
        spacing = np.median(np.diff(dates)) if len(dates) > 1 else np.timedelta64(7, "D")
        covered = (days >= 0) & (at >= dates[0] + np.timedelta64(REACH_DAYS, "D")) & (at < dates[-1] + spacing)
        rows = predictions[covered & (days < REACH_DAYS)].assign(at=at[covered & (days < REACH_DAYS)])
        rows = rows.sort_values(["account_id", "at", "churns_in_days"], kind="stable")
        rows["churn"] = rows.groupby(["account_id", "at"], sort=True).ngroup()
        # The row nearest to the churn stands first.
        latest = rows.groupby("churn", sort=True)
        return cls(rows, latest["account_id"].first().to_numpy(), latest["arr"].first().to_numpy(dtype=float))

    def listed(self, listed: pd.Series) -> np.ndarray:
        """Return churns × DAYS: the chance of a place on a list at least so many days before the churn."""
        churn, lead = self.rows["churn"].to_numpy(), self.rows["churns_in_days"].to_numpy()
        chance = listed.loc[self.rows.index].to_numpy()
        out = np.zeros((len(self.account), len(DAYS)))
        for place, days in enumerate(DAYS):
            early = lead >= days
            np.maximum.at(out[:, place], churn[early], chance[early])
        return out


def lead_time(
    predictions: pd.DataFrame, risks: Mapping[str, str], *, capacity: int, resamples: int, seed: int = 7
) -> dict[str, Any] | None:
    """Return the curves of every model, by accounts and by ARR, and how far the first model is above each other.

    `risks` names each model's column of `predictions`, the judged model first. JSON values; None when no churn had
    all of its 28 weeks tested.
    """
    warned = Warned.of(predictions)
    if not len(warned.account):
        return None
    accounts = Accounts.draw(warned.account, resamples, seed)
    as_of = predictions["as_of"].to_numpy()
    chances = {
        name: warned.listed(pd.Series(on_list(as_of, predictions[column].to_numpy(float), capacity), predictions.index))
        for name, column in risks.items()
    }
    weights = {"accounts": np.ones(len(warned.account)), "arr": np.nan_to_num(warned.arr, nan=0.0)}
    drawn = {
        name: {by: [share(accounts, chance[:, i] * w, w) for i in range(len(DAYS))] for by, w in weights.items()}
        for name, chance in chances.items()
    }
    judged = next(iter(drawn))
    churned_at = warned.rows["at"]
    return {
        "capacity": capacity,
        "reach_days": REACH_DAYS,
        "churns": len(warned.account),
        "accounts": len(np.unique(warned.account)),
        "from": str(churned_at.min())[:10],
        "to": str(churned_at.max())[:10],
        "models": {name: {by: _points(line) for by, line in lines.items()} for name, lines in drawn.items()},
        "differences": {
            name: {by: _above(drawn[judged][by], line) for by, line in lines.items()}
            for name, lines in drawn.items()
            if name != judged
        },
    }


def at_lead(curves: Mapping[str, Any] | None, days: int, *, model: str | None = None, over: str | None = None) -> Any:  # noqa: ANN401
    """Return the point of a model's curve (the judged one's), or of its lead over another; None when there is none."""
    if curves is None:
        return None
    line = curves["differences"][over] if over else curves["models"][model or next(iter(curves["models"]))]
    return next(point for point in line["accounts"] if point["days"] == days)


def _points(line: Sequence[Drawn]) -> list[dict[str, Any]]:
    return [{"days": days} | drawn.estimate.to_json() for days, drawn in zip(DAYS, line, strict=True)]


def _above(judged: Sequence[Drawn], other: Sequence[Drawn]) -> list[dict[str, Any]]:
    pairs = zip(DAYS, judged, other, strict=True)
    return [{"days": days} | difference("lead_time", b, a).estimate.to_json() for days, a, b in pairs]
