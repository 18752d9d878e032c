"""How good risks are: point values from scikit-learn, 95 % intervals by resampling accounts."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from models.bootstrap import Accounts, Ranking, ratio
from models.recalibration import recalibrate

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


@dataclass(frozen=True)
class Drawn:
    """A metric and its value in each resample of accounts; the same resamples make metrics comparable."""

    value: float
    draws: np.ndarray
    absolute: bool = False
    """Whether it is a mean of absolute gaps, to which resampling adds noise."""
    note: str = ""

    @property
    def estimate(self) -> Estimate:
        """The value with its 95 % interval."""
        if self.note:
            return missing(self.note)
        return reflected(self.value, self.draws) if self.absolute else interval(self.value, self.draws)


def evaluate(
    rows: RiskRows, *, capacity: int, resamples: int = 300, seed: int = 7, accounts: Accounts | None = None
) -> dict[str, Estimate]:
    """Return every metric of these rows: `capacity` is the number of accounts listed per as-of date.

    `accounts`: resamples already drawn from these rows' accounts, where several models are judged on the same rows.
    """
    if len(rows.churned) == 0:
        return {name: missing("no rows") for name in METRICS}
    accounts = accounts or Accounts.draw(rows.account_id, resamples, seed)
    found = {name: drawn.estimate for name, drawn in draw(rows, accounts, capacity).items()} | calibration(rows)
    return {name: found[name] for name in METRICS}


def draw(rows: RiskRows, accounts: Accounts, capacity: int) -> dict[str, Drawn]:
    """Return every metric that is resampled, with its draws."""
    listed = on_list(rows.as_of, rows.risk, capacity)
    return ranking(rows, accounts) | probability(rows, accounts) | at_capacity(rows, accounts, listed)


def ranking(rows: RiskRows, accounts: Accounts) -> dict[str, Drawn]:
    """Return AUC and average precision."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    if note := one_class(rows):
        return {"auc": undefined(note), "average_precision": undefined(note)}
    draws = Ranking(accounts, rows.churned == 1, rows.risk)
    return {
        "auc": Drawn(roc_auc_score(rows.churned, rows.risk), draws.auc()),
        "average_precision": Drawn(average_precision_score(rows.churned, rows.risk), draws.average_precision()),
    }


def probability(rows: RiskRows, accounts: Accounts) -> dict[str, Drawn]:
    """Return Brier score and log loss, their skill, and the calibration error.

    Skill is 1 − loss / loss of saying the base rate of these rows for everybody. The calibration error is the mean
    |observed − predicted| over equal-mass bins.
    """
    y, p = rows.churned, np.clip(rows.risk, TINY, 1 - TINY)
    ones = np.ones(len(y))
    sizes = accounts.sums(ones)
    rate, rates = y.mean(), accounts.sums(y) / sizes
    cell = equal_mass(p)
    gaps = np.abs(accounts.cell_sums(cell, BINS, y - p)).sum(axis=1) / sizes
    error = np.abs(np.bincount(cell, y - p, minlength=BINS)).sum() / len(y)
    losses = {"brier": (p - y) ** 2, "log_loss": -(y * np.log(p) + (1 - y) * np.log1p(-p))}
    found = {name: Drawn(loss.mean(), ratio(accounts, loss, ones)) for name, loss in losses.items()}
    plain = {"brier": lambda r: r * (1 - r), "log_loss": _entropy}
    return {
        **found,
        **{f"{name}_skill": _skill(found[name], of_rate(rate), of_rate(rates)) for name, of_rate in plain.items()},
        "calibration_error": Drawn(error, gaps, absolute=True),
    }


def _skill(loss: Drawn, plain: float, plains: np.ndarray) -> Drawn:
    if plain <= 0:
        return undefined("only one class: the base rate says everything")
    with np.errstate(divide="ignore", invalid="ignore"):
        draws = np.where(plains > 0, 1 - loss.draws / plains, np.nan)
    return Drawn(1 - loss.value / plain, draws)


def _entropy(rate: Any) -> Any:  # noqa: ANN401  a number or an array
    inside = np.clip(rate, TINY, 1 - TINY)
    return np.where((rate > 0) & (rate < 1), -(inside * np.log(inside) + (1 - inside) * np.log1p(-inside)), 0.0)


def calibration(rows: RiskRows) -> dict[str, Estimate]:
    """Return slope and intercept of the logistic recalibration: 1 and 0 for risks that mean what they say."""
    if note := one_class(rows):
        return {"calibration_slope": missing(note), "calibration_intercept": missing(note)}
    found = recalibrate(rows.churned, rows.risk, rows.account_id)
    return {"calibration_slope": found.slope, "calibration_intercept": found.intercept}


def at_capacity(rows: RiskRows, accounts: Accounts, listed: np.ndarray) -> dict[str, Drawn]:
    """Return recall, precision, lift and ARR-weighted recall of the lists; `listed` is the chance of being listed."""
    money = np.nan_to_num(rows.arr, nan=0.0)
    hits = listed * rows.churned
    precision = share(accounts, hits, listed)
    base = share(accounts, rows.churned, np.ones(len(listed)))
    return {
        "recall_at_capacity": share(accounts, hits, rows.churned),
        "precision_at_capacity": precision,
        "lift_at_capacity": _lift(precision, base),
        "arr_recall_at_capacity": share(accounts, hits * money, rows.churned * money),
    }


def _lift(precision: Drawn, base: Drawn) -> Drawn:
    if precision.note or base.value <= 0:
        return undefined("no churn to find")
    draws = np.divide(precision.draws, base.draws, out=np.full_like(base.draws, np.nan), where=base.draws > 0)
    return Drawn(precision.value / base.value, draws)


def share(accounts: Accounts, top: np.ndarray, bottom: np.ndarray) -> Drawn:
    """Return Σ top / Σ bottom."""
    if bottom.sum() <= 0:
        return undefined("no churn to find, or no ARR known")
    return Drawn(top.sum() / bottom.sum(), ratio(accounts, top, bottom))


def one_class(rows: RiskRows) -> str:
    """Return a note when the rows hold one class only, else nothing."""
    churns = int(rows.churned.sum())
    return f"only one class: {churns} of {len(rows.churned)} rows churned" if churns in (0, len(rows.churned)) else ""


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


def undefined(note: str) -> Drawn:
    """Return a metric that does not exist, and why."""
    return Drawn(float("nan"), np.empty(0), note=note)


METRICS = (
    "auc",
    "average_precision",
    "brier",
    "brier_skill",
    "log_loss",
    "log_loss_skill",
    "calibration_error",
    "calibration_slope",
    "calibration_intercept",
    "recall_at_capacity",
    "precision_at_capacity",
    "lift_at_capacity",
    "arr_recall_at_capacity",
)
"""Names of all metrics, in the order of reports."""
LOWER_IS_BETTER = frozenset({"brier", "log_loss", "calibration_error"})
