"""Two models on the same rows: the difference of a metric, resampled on the same accounts for both."""

import math
from dataclasses import dataclass

import numpy as np

from features.errors import UsageError
from models.bootstrap import Accounts
from models.metrics import LOWER_IS_BETTER, Drawn, Estimate, RiskRows, draw, interval, missing


@dataclass(frozen=True)
class Difference:
    """How much `other` is better than `base` in one metric; positive is better whatever the metric."""

    metric: str
    base: float
    other: float
    estimate: Estimate
    """Of the improvement, with its 95 % interval."""
    error: float
    """Standard error of the improvement, from the resamples; NaN where there is none."""
    degrees: float = math.inf
    """One less than the churned accounts (or the others, if those are fewer): how well the error itself is known."""

    def bounds(self, comparisons: int = 1) -> tuple[float, float]:
        """Return the interval widened for the number of comparisons made (Bonferroni, Student's t)."""
        if comparisons <= 1:
            return self.estimate.low, self.estimate.high
        return _widened(self.estimate, self.error, self.degrees, 0.025 / comparisons)


def paired(
    base: RiskRows, other: RiskRows, *, capacity: int, resamples: int, seed: int = 7, metrics: tuple[str, ...] = ()
) -> dict[str, Difference]:
    """Return per metric how much better `other` is than `base` on the same rows.

    Accounts are drawn once and used for both. `metrics` names those wanted (all that are resampled when empty).
    Raises UsageError when the two do not hold the same rows in the same order.
    """
    require_same_rows(base, other)
    accounts = Accounts.draw(base.account_id, resamples, seed)
    mine, theirs = (draw(rows, accounts, capacity) for rows in (base, other))
    left = len(np.unique(base.account_id[base.churned == 1]))
    degrees = max(min(left, len(np.unique(base.account_id)) - left) - 1, 1)
    return {name: difference(name, mine[name], theirs[name], degrees) for name in metrics or tuple(mine)}


def difference(metric: str, base: Drawn, other: Drawn, degrees: float = math.inf) -> Difference:
    """Return the improvement from one drawn metric to another; the draws must come from the same resamples.

    The interval is the resamples' own, but at least Student's with `degrees`: with few churned accounts resampling
    alone makes it too narrow.
    """
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    if base.note or other.note:
        note = base.note or other.note
        return Difference(metric, base.value, other.value, missing(note), float("nan"))
    draws = sign * (other.draws - base.draws)
    known = draws[~np.isnan(draws)]
    error = float(known.std(ddof=1)) if len(known) > 1 else float("nan")
    found = interval(sign * (other.value - base.value), draws)
    low, high = _widened(found, error, degrees, 0.025)
    estimate = Estimate(found.value, low, high, found.note)
    return Difference(metric, float(base.value), float(other.value), estimate, error, degrees)


def _widened(found: Estimate, error: float, degrees: float, tail: float) -> tuple[float, float]:
    """Return the interval, at least as wide as Student's with this share in each tail."""
    from scipy.special import ndtri, stdtrit

    if math.isnan(error):
        return found.low, found.high
    quantile = float(ndtri(1 - tail) if math.isinf(degrees) else stdtrit(degrees, 1 - tail))
    return min(found.low, found.value - quantile * error), max(found.high, found.value + quantile * error)


def require_same_rows(base: RiskRows, other: RiskRows) -> None:
    """Raise UsageError unless both speak of the same accounts, as-of dates and outcomes."""
    for name in ("account_id", "as_of", "churned"):
        a, b = getattr(base, name), getattr(other, name)
        if len(a) != len(b) or not np.array_equal(a, b):
            raise UsageError(
                f"the models were not tested on the same rows ({name} differs): backtest both up to one week"
            )
