"""How many of a group left, against what was said, with the interval that the numbers allow."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from serving.formats import between, whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

Z = 1.959964
"""Of a 95 % interval."""
WINDOWS: dict[str, tuple[int, int]] = {
    "risk_30": (0, 30),
    "risk_60": (0, 60),
    "risk_90": (0, 90),
    "risk_60_90": (60, 90),
}
"""Per risk the days a+1 … b after the as-of date in which it says that an account leaves."""
WORDS = {
    "risk_30": "within 30 days",
    "risk_60": "within 60 days",
    "risk_90": "within 90 days",
    "risk_60_90": "in days 61 to 90",
}
HORIZON = 90
FEW = 10
"""Fewer accounts than this that left are a small number."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What came of a group of list entries in one window, against the list's risks of the same entries."""

    known: int
    """Entries of which it is known whether the account left."""
    churned: int
    expected: float
    """Sum of the known entries' risks."""
    accounts: int
    """Different accounts among the known entries; one account can stand on many lists."""
    accounts_churned: int
    size: float
    """Independent entries that tell as much as the known ones; as many as there are on one list."""

    @property
    def share(self) -> float | None:
        """Share of the known entries whose account left."""
        return self.churned / self.known if self.known else None

    @property
    def expected_share(self) -> float | None:
        """Share that the list's risks said."""
        return self.expected / self.known if self.known else None

    @property
    def interval(self) -> tuple[float | None, float | None]:
        """Edges of the share's 95 % interval."""
        return wilson(self.churned / self.known, self.size) if self.known else (None, None)

    @property
    def few(self) -> bool:
        """Whether too few accounts left to say much."""
        return self.accounts_churned < FEW

    @property
    def as_said(self) -> bool | None:
        """Whether what the list said lies within the interval; None when nothing is known."""
        low, high = self.interval
        said = self.expected_share
        return None if low is None or high is None or said is None else low <= said <= high


def wilson(share: float, size: float) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share seen in `size` independent trials."""
    middle = (share + Z**2 / (2 * size)) / (1 + Z**2 / size)
    half = Z / (1 + Z**2 / size) * sqrt(share * (1 - share) / size + Z**2 / (4 * size**2))
    # Exact at the ends, where rounding would leave a trace.
    return (0.0 if share == 0 else max(0.0, middle - half), 1.0 if share == 1 else min(1.0, middle + half))


def effective_size(entries: NDArray[np.float64], churned: NDArray[np.float64]) -> float:
    """Return how many independent entries tell as much about the share as these do.

    Both are per account: its entries, and how many of them were followed by its leaving. The share's variance is that
    of a ratio of sums over accounts (linearised, with G/(G − 1)); Wilson's interval with this size follows Dean and
    Pagano (2015). Where none or all left, the variance is not known and every account counts once.
    """
    total, accounts = entries.sum(), len(entries)
    share = churned.sum() / total if total else 0.0
    if accounts < 2 or share in (0.0, 1.0):
        return float(max(accounts, 1))
    variance = accounts / (accounts - 1) * ((churned - share * entries) ** 2).sum() / total**2
    return float(min(total, share * (1 - share) / variance)) if variance else float(accounts)


def said(group: str, counted: Counted, window: str) -> str:
    """Return what came of a group in one sentence: of 100 High, 31 left within 90 days …; the list said 34."""
    if not counted.known:
        return f"No {group}."
    found = f"Of {whole(counted.known)} {group}, {whole(counted.churned)} left {WORDS[window]}"
    return f"{found} (95% interval {between(*counted.interval)}); the list said {whole(counted.expected)}."
