"""Two models on the same rows: the difference of a metric, resampled on the same accounts for both."""

from dataclasses import dataclass

import numpy as np

from features.errors import UsageError
from models.bootstrap import Accounts
from models.metrics import LOWER_IS_BETTER, Drawn, Estimate, RiskRows, draw, interval, missing

NORMAL_95 = 1.959964


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

    def bounds(self, comparisons: int = 1) -> tuple[float, float]:
        """Return the interval widened for the number of comparisons made (Bonferroni, normal)."""
        from scipy.special import ndtri

        if comparisons <= 1:
            return self.estimate.low, self.estimate.high
        # At least as wide as the resamples' own interval, whose tails 300 draws do not reach.
        half = float(ndtri(1 - 0.025 / comparisons)) * self.error
        value = self.estimate.value
        return min(self.estimate.low, value - half), max(self.estimate.high, value + half)


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
    return {name: difference(name, mine[name], theirs[name]) for name in metrics or tuple(mine)}


def difference(metric: str, base: Drawn, other: Drawn) -> Difference:
    """Return the improvement from one drawn metric to another; the draws must come from the same resamples."""
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    if base.note or other.note:
        note = base.note or other.note
        return Difference(metric, base.value, other.value, missing(note), float("nan"))
    draws = sign * (other.draws - base.draws)
    known = draws[~np.isnan(draws)]
    error = float(known.std(ddof=1)) if len(known) > 1 else float("nan")
    estimate = interval(sign * (other.value - base.value), draws)
    return Difference(metric, float(base.value), float(other.value), estimate, error)


def require_same_rows(base: RiskRows, other: RiskRows) -> None:
    """Raise UsageError unless both speak of the same accounts, as-of dates and outcomes."""
    for name in ("account_id", "as_of", "churned"):
        a, b = getattr(base, name), getattr(other, name)
        if len(a) != len(b) or not np.array_equal(a, b):
            raise UsageError(
                f"the models were not tested on the same rows ({name} differs): backtest both up to one week"
            )
