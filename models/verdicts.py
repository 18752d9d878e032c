"""What to do with a signal, and why, in words: use, watch or drop."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from models.metrics import Estimate

if TYPE_CHECKING:
    from models.signals import Judged

Verdict = Literal["use", "watch", "drop"]

CHANCE = 0.05
"""Chance that even one of signals that are all noise is called "use" (Holm)."""
USEFUL = 1.2
"""Lift below which a signal is not worth its place."""
FEW_CHURNS = 20
"""Churned accounts in the tail below which a sentence says that the numbers are small."""
LEAST_CHURNS = 10
"""Churned accounts with a value without which nothing can be said."""
LEAST_TAIL = 5
"""Churned accounts in the tail without which no signal is used."""
LEAST_PERIODS = 3
STEADY = 2 / 3
"""Share of the judged periods in which the tail must have churned more than the base rate."""
SAME = 0.98
"""Rank correlation from which two signals are one."""
TOO_GOOD = 0.97
"""Share of pairs ranked right by one signal alone from which it is suspected to know the outcome."""


@dataclass(frozen=True)
class Evidence:
    """All that a verdict is made of."""

    judged: "Judged"
    p: float
    """Holm's adjusted one-sided chance of such a lift without any signal."""
    tested: int
    auc: float
    same_as: str
    """Title of the signal that says the same and stands before it; empty when there is none."""
    same_by: float

    @property
    def lift(self) -> Estimate:
        """The tail's lift."""
        return self.judged.lift.estimate

    @property
    def pairs_right(self) -> float:
        """Share of the pairs that the signal alone ranks right, in whichever direction."""
        return 0.5 if math.isnan(self.auc) else max(self.auc, 1 - self.auc)

    @property
    def periods(self) -> list[float]:
        """The lifts of the periods that could be judged."""
        return [lift for lift in self.judged.lift.periods if lift is not None]


def holm(p: np.ndarray) -> np.ndarray:
    """Return Holm's adjusted p-values: those ≤ α hold no false one with probability 1 − α, however they depend.

    Holm (1979), A simple sequentially rejective multiple test procedure. NaN (not tested) stays NaN.
    """
    out = np.full(len(p), np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    steps = p[order] * (len(order) - np.arange(len(order)))
    out[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if len(order) else steps
    return out


def chance_of(z: float, clusters: int) -> float:
    """Return the one-sided chance of a score this high; few churned accounts widen it (Student's t)."""
    from scipy.stats import t

    return float(t.sf(z, max(clusters - 1, 1)))


def verdict(found: Evidence) -> tuple[Verdict, str]:
    """Return the verdict and its reason."""
    hopeless = _hopeless(found)
    if hopeless:
        return "drop", hopeless
    base = found.judged.lift.base_accounts
    if base < LEAST_CHURNS:
        return "watch", f"Too few churns to tell: {_churned(base)} had a value, {LEAST_CHURNS} are needed."
    if found.pairs_right >= TOO_GOOD:
        return "watch", (
            f"Too good: alone it ranks {found.pairs_right:.1%} of the pairs right. Look whether it is filled in when "
            "an account leaves, before anything learns from it."
        )
    if found.lift.high < USEFUL:
        claim = "The claimed direction is contradicted" if found.lift.high < 1 else "No sign of use"
        return "drop", f"{claim}: {_said(found)}.{_small(found)}"
    doubt = _doubt(found)
    if doubt:
        return "watch", doubt + _small(found)
    said = _said(found)
    return "use", f"{said[0].upper()}{said[1:]}{_steady(found)}.{_small(found)}"


def _hopeless(found: Evidence) -> str:
    if found.judged.coverage == 0:
        return "It had no value in any row."
    if found.same_as:
        return f"It says the same as “{found.same_as}” (rank correlation {found.same_by:.3f})."
    if found.judged.tail is None:
        return "As a warning it cannot tell accounts apart: more than half of the rows share its riskiest value."
    return ""


def _doubt(found: Evidence) -> str:
    """Return why a signal that may be useful is not used yet; nothing when there is no doubt."""
    said, tail = _said(found), found.judged.lift.churned_accounts
    if tail < LEAST_TAIL:
        return f"Too few churns in its tail to tell: {said}."
    if found.lift.low <= 1:
        return f"Not clear yet: {said}, which may be chance."
    if not found.p <= CHANCE:
        return (
            f"Not clear yet: {said}, but {found.tested} signals were tested, and by chance alone one of them looks so "
            f"good with a probability of up to {found.p:.0%}."
        )
    if found.lift.value < USEFUL:
        return f"Real but weak: {said}."
    if len(found.periods) < LEAST_PERIODS:
        return f"Too short a history to tell whether it lasts: {said}{_steady(found)}."
    if sum(lift > 1 for lift in found.periods) < STEADY * len(found.periods):
        return f"Not steady: {said}{_steady(found)}."
    return ""


def _said(found: Evidence) -> str:
    lift, low, high = found.lift.value, found.lift.low, found.lift.high
    if math.isnan(lift):
        return "no churn was due among the accounts in its tail"
    return f"accounts in its tail churned {lift:.1f} times as often as the base rate ({low:.1f} to {high:.1f})"


def _steady(found: Evidence) -> str:
    periods = found.periods
    if not periods:
        return "; no period holds enough churns to be compared"
    return f", more often in {sum(lift > 1 for lift in periods)} of {len(periods)} periods"


def _small(found: Evidence) -> str:
    tail = found.judged.lift.churned_accounts
    return "" if tail >= FEW_CHURNS else f" Small numbers: {_churned(tail)} stood in its tail."


def _churned(count: int) -> str:
    return "1 account that churned" if count == 1 else f"{count} accounts that churned"
