"""How long before they left accounts had first been on the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serving.past_counts import FEW, HORIZON, wilson
from serving.past_reading import Entries, Header

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOOK_BACK = 180
"""Days before an account left in which its first time on the list is looked for."""
REACHES = (LOOK_BACK, HORIZON)
EARLY = (30, 60, 90)
SPANS = ((0, 30), (30, 60), (60, 90), (90, LOOK_BACK + 1))


@dataclass(frozen=True)
class FirstListed:
    """When accounts that left had first been above the lowest band, in days before they left."""

    reach: int | None
    """Lists go back so many days before each of these accounts left; None: only as far as there are lists."""
    churned: int
    listed: int
    """Of them, how many were on the list at all in the days looked at."""
    median: float | None
    """Of those that were."""
    early: Mapping[int, int]
    """How many were first listed at least so many days before; those never listed were not."""
    spans: Mapping[tuple[int, int], int]
    """How many were first listed a to b − 1 days before."""

    @property
    def few(self) -> bool:
        """Whether these are too few to say much."""
        return self.churned < FEW

    def share(self, days: int) -> float:
        """Share that was first listed at least so many days before."""
        return self.early[days] / self.churned

    def interval(self, days: int) -> tuple[float, float]:
        """Edges of that share's 95 % interval."""
        return wilson(self.share(days), self.churned)


def first_listed(found: Sequence[Header], rows: Mapping[int, Entries]) -> FirstListed | None:
    """Return when accounts that left within a mature list's horizon had first been on a list.

    Of the accounts whose lists go back 180 days before they left; where those are fewer than ten, of those whose lists
    go back 90 days; else of all, as far as there are lists. None when no account is known to have left.
    """
    oldest_first = sorted(found, key=lambda header: header.as_of)
    codes, left_on = _left([header for header in found if header.mark.matured_days >= HORIZON], rows)
    if not len(codes):
        return None
    first = np.zeros(len(codes), dtype=np.int64)
    for header in oldest_first:
        here = rows[header.list_id]
        on_list = np.zeros(max(codes.max(), here.accounts.max(initial=0)) + 1, dtype=bool)
        on_list[here.accounts[here.bands < len(header.bands) - 1]] = True
        week = header.as_of.toordinal()
        now = on_list[codes] & (week <= left_on) & (week >= left_on - LOOK_BACK) & (first == 0)
        first[now] = week
    before = np.where(first > 0, left_on - first, -1)
    history = left_on - oldest_first[0].as_of.toordinal()
    reach = next((days for days in REACHES if (history >= days).sum() >= FEW), None)
    return _counted(before[history >= (reach or 0)], reach)


def _left(mature: Sequence[Header], rows: Mapping[int, Entries]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return who left and on which day (ordinal), each once: an account stands on many lists before it leaves."""
    pairs = [np.empty((0, 2), dtype=np.int64)]
    for header in mature:
        here = rows[header.list_id]
        gone = here.churn_day > 0
        left_on = header.as_of.toordinal() + here.churn_day[gone].astype(np.int64) - 1
        pairs.append(np.column_stack([here.accounts[gone], left_on]))
    once = np.unique(np.concatenate(pairs), axis=0)
    return once[:, 0], once[:, 1]


def _counted(before: NDArray[np.int64], reach: int | None) -> FirstListed:
    listed = before[before >= 0]
    return FirstListed(
        reach=reach,
        churned=len(before),
        listed=len(listed),
        median=float(np.median(listed)) if len(listed) else None,
        early={days: int((before >= days).sum()) for days in EARLY},
        spans={(low, high): int(((before >= low) & (before < high)).sum()) for low, high in SPANS},
    )
