"""Kernels on accounts × weeks arrays: column `c` of every result reads only what was known when week `c` ended."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ABSENT = np.uint16(65535)
"""Lateness of a member-week in which nothing happened."""

NEVER = np.iinfo(np.int64).min
"""The time of an event that has not happened."""


@dataclass(frozen=True)
class AsOfs:
    """The weeks (columns of the grid) whose ends are the as-of dates asked for, in rising order."""

    weeks: Ints
    total: int
    _place: Ints = field(init=False, repr=False)

    def __post_init__(self) -> None:
        place = np.full(self.total, -1, dtype=np.int64)
        place[self.weeks] = np.arange(len(self.weeks))
        object.__setattr__(self, "_place", place)

    def __len__(self) -> int:
        return len(self.weeks)

    def place(self, week: Ints) -> Ints:
        """Return the position of each week among the as-of dates; −1 where it was not asked for."""
        inside = (week >= 0) & (week < self.total)
        return np.where(inside, self._place[np.clip(week, 0, self.total - 1)], -1)

    def edges(self, weeks: int, lag: int) -> tuple[Ints, Ints]:
        """Return the half-open week ranges `[low, high)` of a window of `weeks` that ended `lag` weeks ago."""
        high = np.clip(self.weeks + 1 - lag, 0, None)
        return np.clip(self.weeks + 1 - lag - weeks, 0, None), high


def week_of(times: Ints, start: int) -> Ints:
    """Return the week that holds each time; `times` and `start` in microseconds since the epoch."""
    return (times - start) // 604_800_000_000


@dataclass(frozen=True)
class Flow:
    """Amounts per account and week, with the rows that became known in a later week than they happened.

    `amount` (accounts × weeks) holds every row at its event week; `late_*` hold again those not known by then.
    """

    amount: Floats
    late_account: Ints
    late_week: Ints
    late_known: Ints
    late_amount: Floats
    _sums: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        sums = np.zeros((self.amount.shape[0], self.amount.shape[1] + 1))
        np.cumsum(self.amount, axis=1, out=sums[:, 1:])
        object.__setattr__(self, "_sums", sums)

    @classmethod
    def of(cls, shape: tuple[int, int], account: Ints, week: Ints, known: Ints, amount: Floats) -> "Flow":
        """Return the flow of single rows; rows known only after the last week are left out."""
        seen = (week >= 0) & (known < shape[1])
        account, week, known, amount = account[seen], week[seen], known[seen], amount[seen]
        flat = account * shape[1] + week
        total = np.bincount(flat, weights=amount, minlength=shape[0] * shape[1]).astype(np.float64)
        late = known > week
        return cls(total.reshape(shape), account[late], week[late], known[late], amount[late])

    def sum(self, at: AsOfs, weeks: int, lag: int = 0) -> Floats:
        """Return the sum over the window of `weeks` that ended `lag` weeks before each as-of date."""
        low, high = at.edges(weeks, lag)
        out = self._sums[:, high] - self._sums[:, low]
        return self._without_unknown(out, at, np.ones(weeks), lag)

    def weighted(self, at: AsOfs, weights: Sequence[float] | Floats) -> Floats:
        """Return Σ weights[k] × the amount k weeks before; weeks before the grid count as zero."""
        weights = np.asarray(weights, dtype=np.float64)
        out = np.zeros((self.amount.shape[0], len(at)))
        for back, weight in enumerate(weights):
            inside = at.weeks >= back
            out[:, inside] += weight * self.amount[:, at.weeks[inside] - back]
        return self._without_unknown(out, at, weights, 0)

    def _without_unknown(self, out: Floats, at: AsOfs, weights: Floats, lag: int) -> Floats:
        """Take back, from as-of dates at which a late row was not yet known, what it added."""
        until = np.minimum(self.late_known, self.late_week + lag + len(weights))
        rows, back = _ranges(self.late_week + lag, until)
        place = at.place(self.late_week[rows] + lag + back)
        hit = place >= 0
        if hit.any():
            rows, back, place = rows[hit], back[hit], place[hit]
            flat = self.late_account[rows] * out.shape[1] + place
            taken = np.bincount(flat, weights=weights[back] * self.late_amount[rows], minlength=out.size)
            out -= taken.reshape(out.shape)
        return out


def _ranges(start: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """Return (row, offset) for every integer of each half-open range; empty where stop <= start."""
    length = np.maximum(stop - start, 0)
    rows = np.repeat(np.arange(len(start)), length)
    offset = np.arange(len(rows)) - np.repeat(np.cumsum(length) - length, length)
    return rows, offset


@dataclass(frozen=True)
class Presence:
    """In which weeks each member (user or product feature) of an account was there.

    Members lie along the last axis, so that every kernel runs through memory in order; `account` is the account of
    each member, in rising order. `late_*` hold the member-weeks whose first row became known in a later week.
    """

    sums: NDArray[np.int16]
    """Weeks with the member in them before each week: (weeks + 1) × members."""
    late_member: Ints
    late_week: Ints
    late_known: Ints
    account: Ints
    accounts: int

    @classmethod
    def of(cls, lateness: NDArray[np.uint16], account: Ints, accounts: int) -> "Presence":
        """Return the presence of members whose first row became known `lateness` weeks late (weeks × members)."""
        weeks, members = lateness.shape
        sums = np.zeros((weeks + 1, members), dtype=np.int16)
        for week in range(weeks):
            np.add(sums[week], lateness[week] != ABSENT, out=sums[week + 1])
        late_week, member = np.nonzero(lateness - np.uint16(1) < ABSENT - np.uint16(1))
        known = late_week + lateness[late_week, member].astype(np.int64)
        return cls(sums, member, late_week, known, account, accounts)

    def active_weeks(self, at: AsOfs, weeks: int, lag: int = 0) -> NDArray[np.int16]:
        """Return the number of weeks of the window with the member in them; as-of dates × members."""
        low, high = at.edges(weeks, lag)
        out: NDArray[np.int16] = self.sums[high]
        out -= self.sums[low]
        rows, back = _ranges(self.late_week + lag, np.minimum(self.late_known, self.late_week + lag + weeks))
        place = at.place(self.late_week[rows] + lag + back)
        hit = place >= 0
        np.subtract.at(out, (place[hit], self.late_member[rows[hit]]), np.int16(1))
        return out

    def count(self, which: NDArray[np.bool_]) -> Floats:
        """Return per account how many of its members are marked (`which`: as-of dates × members)."""
        out = np.zeros((which.shape[0], self.accounts))
        if len(self.account):
            first = np.flatnonzero(np.r_[True, self.account[1:] != self.account[:-1]])
            here = self.account[first]
            for row, marked in zip(out, which, strict=True):
                # Single precision counts exactly to 16 million and halves the time of integers.
                row[here] = np.add.reduceat(marked.astype(np.float32), first)
        return out.T


def running_latest(shape: tuple[int, int], account: Ints, known: Ints, value: Ints) -> Ints:
    """Return the greatest `value` known by the end of each week (accounts × weeks); NEVER before the first."""
    out = np.full(shape, NEVER, dtype=np.int64)
    seen = known < shape[1]
    np.maximum.at(out, (account[seen], np.maximum(known[seen], 0)), value[seen])
    return np.maximum.accumulate(out, axis=1)


def spread(at: AsOfs, first: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """Return (row, as-of position) for every as-of week in each row's half-open week range `[first, stop)`."""
    low = np.searchsorted(at.weeks, first)
    high = np.searchsorted(at.weeks, stop)
    rows, offset = _ranges(low, high)
    return rows, low[rows] + offset
