"""Expected gross revenue retention of the next two quarters: how much of today's ARR will not have left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from serving.past_counts import HORIZON, Z, wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

LEVELS = 25
"""Equally likely values that an uncertain rate is taken to have."""
DRAWS = 80
"""Draws of who leaves, per level."""
LARGEST = 2_000
"""Accounts drawn one by one, those that move the sum most; the sum of all others is close to normal."""
ENOUGH = 20
"""Fewer renewals than this say too little about the next ones."""
SEED = 20_260_907


@dataclass(frozen=True)
class Contracts:
    """One list's accounts with a known ARR as arrays; the edges of a risk are NaN where they are not known."""

    arr: Numbers
    risk: Numbers
    low: Numbers
    high: Numbers
    renewal: Numbers
    """Days from the as-of date to the renewal; NaN where no date is known."""
    short: NDArray[np.bool_]
    """Whether the contract is known to end again within 100 days of each renewal."""


@dataclass(frozen=True)
class Seen:
    """How often past renewals of one sort ended in the account leaving; each renewal counts once."""

    renewals: int
    churned: int

    @property
    def enough(self) -> bool:
        """Whether these are enough renewals to carry their share forward."""
        return self.renewals >= ENOUGH

    @property
    def share(self) -> float | None:
        """Share that left."""
        return self.churned / self.renewals if self.renewals else None

    @property
    def interval(self) -> tuple[float | None, float | None]:
        """Edges of the share's 95 % interval."""
        return wilson(self.churned / self.renewals, self.renewals) if self.renewals else (None, None)


@dataclass(frozen=True)
class Estimate:
    """An expected share with the edges of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Retention:
    """Expected gross revenue retention; churn alone is counted, no contraction and no expansion."""

    arr: float
    """Today's ARR of the accounts that are scored, per year."""
    first: Estimate
    """Days 1 to 90, as a share of today's ARR."""
    second: Estimate | None
    """Days 91 to 180, as a share of what is left by then; None where past renewals do not say enough yet."""
    both: Estimate | None
    """Days 1 to 180, as a share of today's ARR."""
    due: float
    """ARR whose contract ends in days 91 to 180 once."""
    due_often: float
    """ARR of contracts that end again within 100 days of each renewal."""
    longer: Seen
    """Past renewals of the contracts that end once, 90 to 117 days ahead."""
    shorter: Seen
    """Past quarters of the contracts that end often."""


def retention(book: Contracts, longer: Seen, shorter: Seen, *, terms_known: bool = True) -> Retention | None:
    """Return what is expected of a book; None without any ARR.

    The first quarter is 1 − Σ ARR × risk_90 ÷ Σ ARR. Its interval is simulated with a fixed seed: who leaves is drawn
    independently, while the errors of the risks within their intervals are drawn for all accounts together, which is
    the cautious case. No risk reaches the second quarter: there the share of past renewals that ended in leaving is
    carried to the contracts that end in days 91 to 180, with the uncertainty of its few renewals.
    Without `terms_known`, where nobody can tell which contracts end often, the second quarter is not known.
    """
    total = float(book.arr.sum())
    if not total:
        return None
    random = np.random.default_rng(SEED)
    first_loss = _losses(book.arr, _uncertain(book), random)
    expected = float((book.arr * book.risk).sum())
    once = ~book.short & (book.renewal >= HORIZON) & (book.renewal < 2 * HORIZON)
    second, both = None, None
    if terms_known and (longer.enough or not once.any()) and (shorter.enough or not book.short.any()):
        rates = [np.where(once, a, 0.0) + np.where(book.short, b, 0.0) for a, b in _rates(longer, shorter, random)]
        second_loss = random.permutation(_losses(book.arr, [(1 - book.risk) * rate for rate in rates], random))
        later = float((book.arr * (1 - book.risk) * np.mean(rates, axis=0)).sum())
        both = _estimate(1 - (expected + later) / total, 1 - (first_loss + second_loss) / total)
        left = np.maximum(total - first_loss, total * 1e-9)
        second = _estimate(1 - later / (total - expected), 1 - second_loss / left)
    return Retention(
        arr=total,
        first=_estimate(1 - expected / total, 1 - first_loss / total),
        second=second,
        both=both,
        due=float(book.arr[once].sum()),
        due_often=float(book.arr[book.short].sum()),
        longer=longer,
        shorter=shorter,
    )


def first_quarter(book: Contracts) -> Estimate | None:
    """Return the expected retention of days 1 to 90 alone; None without any ARR."""
    found = retention(book, Seen(0, 0), Seen(0, 0))
    return None if found is None else found.first


def _estimate(value: float, draws: Numbers) -> Estimate:
    low, high = np.quantile(np.clip(draws, 0, 1), (0.025, 0.975))
    return Estimate(value, min(float(low), value), max(float(high), value))


def _uncertain(book: Contracts) -> list[Numbers]:
    """Return the risks at equally likely levels of a common error within their intervals, in log odds."""
    middle, low, high = (_log_odds(each) for each in (book.risk, book.low, book.high))
    levels = [NormalDist().inv_cdf((level + 0.5) / LEVELS) / Z for level in range(LEVELS)]
    steps = [np.nan_to_num(high - middle if level > 0 else middle - low) for level in levels]
    return [1 / (1 + np.exp(-(middle + level * step))) for level, step in zip(levels, steps, strict=True)]


def _log_odds(risk: Numbers) -> Numbers:
    inside = np.clip(risk, 1e-9, 1 - 1e-9)
    odds: Numbers = np.log(inside / (1 - inside))
    return odds


def _rates(longer: Seen, shorter: Seen, random: np.random.Generator) -> list[tuple[float, float]]:
    """Return equally likely pairs of the two shares, given what was seen (Jeffreys' posterior)."""
    middles = (np.arange(LEVELS) + 0.5) / LEVELS
    drawn = [
        np.quantile(random.beta(seen.churned + 0.5, seen.renewals - seen.churned + 0.5, 20_000), middles)
        for seen in (longer, shorter)
    ]
    return list(zip(drawn[0].tolist(), random.permutation(drawn[1]).tolist(), strict=True))


def _losses(arr: Numbers, risks: Sequence[Numbers], random: np.random.Generator) -> Numbers:
    """Return simulated sums of the ARR of those who leave, DRAWS per given vector of risks."""
    middle = risks[len(risks) // 2]
    order = np.argsort(-(arr**2) * middle * (1 - middle), kind="stable")
    large, others = order[:LARGEST], order[LARGEST:]
    sums = []
    for risk in risks:
        one_by_one = (random.random((DRAWS, len(large))) < risk[large]) @ arr[large]
        mean = float((arr[others] * risk[others]).sum())
        spread = float(np.sqrt((arr[others] ** 2 * risk[others] * (1 - risk[others])).sum()))
        sums.append(np.maximum(one_by_one + random.normal(mean, spread, DRAWS), 0))
    return np.concatenate(sums)
