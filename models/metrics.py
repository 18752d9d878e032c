"""How good risks are: point values from scikit-learn, 95 % intervals by resampling accounts."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from models.bootstrap import Accounts, Ranking, ratio

BINS = 10
TINY = 1e-15


@dataclass(frozen=True)
class Estimate:
    """A metric with its 95 % interval; NaN and a note where it is not defined."""

    value: float
    low: float
    high: float
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return value, low, high (null for NaN) and the note if there is one."""
        numbers = {key: None if np.isnan(v) else float(v) for key, v in asdict(self).items() if key != "note"}
        return numbers | ({"note": self.note} if self.note else {})


@dataclass(frozen=True)
class RiskRows:
    """Test rows of one risk: what happened (0/1), the risk, and what lists and money need."""

    churned: np.ndarray
    risk: np.ndarray
    account_id: np.ndarray
    as_of: np.ndarray
    arr: np.ndarray


def evaluate(rows: RiskRows, *, capacity: int, resamples: int = 300, seed: int = 7) -> dict[str, Estimate]:
    """Return every metric of these rows: `capacity` is the number of accounts listed per as-of date."""
    if len(rows.churned) == 0:
        return {name: missing("no rows") for name in METRICS}
    accounts = Accounts.draw(rows.account_id, resamples, seed)
    listed = on_list(rows.as_of, rows.risk, capacity)
    return ranking(rows, accounts) | probability(rows, accounts) | at_capacity(rows, accounts, listed)


def ranking(rows: RiskRows, accounts: Accounts) -> dict[str, Estimate]:
    """Return AUC and average precision."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    churns = int(rows.churned.sum())
    if churns in (0, len(rows.churned)):
        note = f"only one class: {churns} of {len(rows.churned)} rows churned"
        return {"auc": missing(note), "average_precision": missing(note)}
    draws = Ranking(accounts, rows.churned == 1, rows.risk)
    return {
        "auc": interval(roc_auc_score(rows.churned, rows.risk), draws.auc()),
        "average_precision": interval(average_precision_score(rows.churned, rows.risk), draws.average_precision()),
    }


def probability(rows: RiskRows, accounts: Accounts) -> dict[str, Estimate]:
    """Return Brier score, log loss and calibration error (mean |observed − predicted| over equal-mass bins)."""
    from sklearn.metrics import brier_score_loss, log_loss

    y, p = rows.churned, np.clip(rows.risk, TINY, 1 - TINY)
    ones = np.ones(len(y))
    square = (p - y) ** 2
    loss = -(y * np.log(p) + (1 - y) * np.log1p(-p))
    cell = equal_mass(p)
    gaps = accounts.cell_sums(cell, BINS, y - p)
    error = np.abs(np.bincount(cell, y - p, minlength=BINS)).sum() / len(y)
    draws = np.abs(gaps).sum(axis=1) / accounts.sums(ones)
    return {
        "brier": interval(brier_score_loss(y, p), ratio(accounts, square, ones)),
        "log_loss": interval(log_loss(y, p, labels=[0, 1]), ratio(accounts, loss, ones)),
        "calibration_error": reflected(error, draws),
    }


def at_capacity(rows: RiskRows, accounts: Accounts, listed: np.ndarray) -> dict[str, Estimate]:
    """Return recall, precision and ARR-weighted recall of the lists; `listed` is the chance of being listed."""
    money = np.nan_to_num(rows.arr, nan=0.0)
    pairs = {
        "recall_at_capacity": (listed * rows.churned, rows.churned),
        "precision_at_capacity": (listed * rows.churned, listed),
        "arr_recall_at_capacity": (listed * rows.churned * money, rows.churned * money),
    }
    return {name: share(accounts, top, bottom) for name, (top, bottom) in pairs.items()}


def share(accounts: Accounts, top: np.ndarray, bottom: np.ndarray) -> Estimate:
    """Return Σ top / Σ bottom with its interval."""
    if bottom.sum() <= 0:
        return missing("no churn to find, or no ARR known")
    return interval(top.sum() / bottom.sum(), ratio(accounts, top, bottom))


def on_list(as_of: np.ndarray, risk: np.ndarray, capacity: int) -> np.ndarray:
    """Return each row's chance of being among the `capacity` highest risks of its as-of date, ties drawn by lot."""
    frame = pd.DataFrame({"as_of": as_of, "risk": risk})
    above = frame.groupby("as_of")["risk"].rank(method="min", ascending=False) - 1
    tied = frame.groupby(["as_of", "risk"])["risk"].transform("size")
    return np.asarray(np.clip((capacity - above) / tied, 0.0, 1.0))


def equal_mass(risk: np.ndarray, count: int = BINS) -> np.ndarray:
    """Return a bin number per row, by rank, so that bins hold about as many rows each; equal risks share a bin."""
    ranks = pd.Series(risk).rank(method="average").to_numpy() - 0.5
    return np.asarray((ranks * count / len(risk)).astype(int))


def interval(value: float, draws: np.ndarray) -> Estimate:
    """Return the percentile interval of the resamples in which the metric exists."""
    known = draws[~np.isnan(draws)]
    if len(known) == 0:
        return Estimate(float(value), float("nan"), float("nan"), "no resample in which this exists")
    low, high = np.quantile(known, [0.025, 0.975])
    return Estimate(float(value), float(low), float(high))


def reflected(value: float, draws: np.ndarray) -> Estimate:
    """Return the basic bootstrap interval: resampling adds noise to an absolute error, reflection takes it off."""
    low, high = np.quantile(draws, [0.025, 0.975])
    return Estimate(float(value), float(max(0.0, 2 * value - high)), float(max(value, 2 * value - low)))


def missing(note: str) -> Estimate:
    """Return an estimate that does not exist, and why."""
    return Estimate(float("nan"), float("nan"), float("nan"), note)


METRICS = (
    "auc",
    "average_precision",
    "brier",
    "log_loss",
    "calibration_error",
    "recall_at_capacity",
    "precision_at_capacity",
    "arr_recall_at_capacity",
)
"""Names of all metrics, in the order of reports."""
