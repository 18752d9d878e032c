"""How wide an AUC's interval will be, before there is a model: from the numbers of rows and accounts alone."""

import math
from dataclasses import dataclass

Z = 1.959964
ASSUMED_AUC = 0.8
"""The ranking that is assumed; a better one has a narrower interval."""
LIKENESS = 0.5
"""How alike an account's rows are taken to be: 0, each row is news; 1, the account counts once."""


@dataclass(frozen=True)
class Sides:
    """Rows and accounts on either side: `churned` rows belong to `churned_accounts` accounts, and so on."""

    churned: float
    churned_accounts: float
    other: float
    other_accounts: float

    def scaled(self, factor: float) -> "Sides":
        """Return `factor` times as many weeks of the same accounts: churns grow with time, other accounts do not."""
        churned, accounts = factor * self.churned, factor * self.churned_accounts
        return Sides(churned, accounts, factor * self.other, self.other_accounts)


def auc_width(tested: Sides, auc: float = ASSUMED_AUC, likeness: float = LIKENESS) -> float:
    """Return the width of the 95 % interval; NaN without rows of both kinds.

    Hanley & McNeil (1982), The meaning and use of the area under a ROC curve, for normal scores (their exponential ones
    give intervals a fifth too wide), with each side's rows divided by its design effect 1 + (rows per account −
    1)·likeness.
    """
    from scipy.special import ndtri, owens_t

    if min(tested.churned, tested.other, tested.churned_accounts, tested.other_accounts) <= 0:
        return math.nan
    ones = _effective(tested.churned, tested.churned_accounts, likeness)
    others = _effective(tested.other, tested.other_accounts, likeness)
    # The chance that two rows of one side both rank on the right side of one of the other.
    both = auc - 2 * float(owens_t(ndtri(auc), 1 / math.sqrt(3)))
    parts = auc * (1 - auc) + (max(ones - 1, 0) + max(others - 1, 0)) * (both - auc**2)
    return min(2 * Z * math.sqrt(parts / (ones * others)), 1.0)


def growth_needed(tested: Sides, width: float) -> float:
    """Return how many times as many weeks bring the interval to `width`; infinity when no number does."""
    if not auc_width(tested) > width:
        return 1.0 if tested.churned > 0 and tested.other > 0 else math.inf
    low, high = 1.0, 2.0
    while auc_width(tested.scaled(high)) > width:
        low, high = high, 2 * high
        if high > 1e4:
            return math.inf
    while high / low > 1.001:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if auc_width(tested.scaled(middle)) > width else (low, middle)
    return high


def _effective(rows: float, accounts: float, likeness: float) -> float:
    return rows / (1 + max(rows / accounts - 1, 0) * likeness)
