"""Kernels on accounts × weeks arrays: column `c` of every result reads only what was known when week `c` ended."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEVER = np.iinfo(np.int64).min
"""The time of an event that has not happened."""


@dataclass(frozen=True)
class AsOfs:
    """The weeks (columns of the grid) whose ends are the as-of dates asked for, in rising order."""

    weeks: Ints
    total: int
    _before: Ints = field(init=False, repr=False)

    def __post_init__(self) -> None:
        before = np.searchsorted(self.weeks, np.arange(self.total + 1))
        object.__setattr__(self, "_before", before)

    def __len__(self) -> int:
        return len(self.weeks)

    def place(self, week: Ints) -> Ints:
        """Return the position of the first as-of date at or after each week; their number where there is none."""
        return self._before.take(week, mode="clip")

    def edges(self, weeks: int, lag: int) -> tuple[Ints, Ints]:
        """Return the half-open week ranges `[low, high)` of a window of `weeks` that ended `lag` weeks ago."""
        high = np.clip(self.weeks + 1 - lag, 0, None)
        return np.clip(self.weeks + 1 - lag - weeks, 0, None), high


def evenly(columns: Ints) -> slice | Ints:
    """Return columns that are evenly apart as a slice: numpy looks through it without a copy."""
    if not len(columns) or columns[0] < 0:
        return columns
    step = int(columns[1] - columns[0]) if len(columns) > 1 else 1
    if step < 1 or (columns != columns[0] + step * np.arange(len(columns))).any():
        return columns
    return slice(int(columns[0]), int(columns[-1]) + 1, step)


def exact(amount: Floats) -> Floats:
    """Return amounts to the millionth (2⁻²⁰), so that sums are exact and the same in any order."""
    return np.rint(amount * 1_048_576) / 1_048_576


def week_of(times: Ints, start: int) -> Ints:
    """Return the week that holds each time; `times` and `start` in microseconds since the epoch.

    Dividing as doubles is exact this side of the year 2100 and costs half of dividing integers.
    """
    return np.floor((times - start) / 604_800_000_000).astype(np.int64)


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

    @cached_property
    def _sums(self) -> Floats:
        sums = np.zeros((self.amount.shape[0], self.amount.shape[1] + 1))
        np.cumsum(self.amount, axis=1, out=sums[:, 1:])
        return sums

    def part(self, first: int, stop: int) -> "Flow":
        """Return the accounts `first` to `stop`."""
        here = np.flatnonzero((self.late_account >= first) & (self.late_account < stop))
        return Flow(
            self.amount[first:stop],
            self.late_account[here] - first,
            self.late_week[here],
            self.late_known[here],
            self.late_amount[here],
        )

    @classmethod
    def of(
        cls, shape: tuple[int, int], account: Ints, week: Ints, known: Ints, amount: Floats, until: Ints | None = None
    ) -> "Flow":
        """Return the flow of single rows; rows known only after the last week are left out.

        A row counts from week `known` on and before week `until`, in which its correction became known.
        """
        amount = exact(amount)
        seen = (week >= 0) & (known < shape[1])
        if until is not None:
            seen &= known < until
            gone = seen & (until < shape[1])
            account, week = np.r_[account[seen], account[gone]], np.r_[week[seen], week[gone]]
            known, amount = np.r_[known[seen], until[gone]], np.r_[amount[seen], -amount[gone]]
        else:
            account, week, known, amount = account[seen], week[seen], known[seen], amount[seen]
        flat = account * shape[1] + week
        total = np.bincount(flat, weights=amount, minlength=shape[0] * shape[1]).astype(np.float64)
        late = known > week
        return cls(total.reshape(shape), account[late], week[late], known[late], amount[late])

    def sum(self, at: AsOfs, weeks: int, lag: int = 0) -> Floats:
        """Return the sum over the window of `weeks` that ended `lag` weeks before each as-of date."""
        low, high = at.edges(weeks, lag)
        if len(at) == 1:
            out = self.amount[:, low[0] : high[0]].sum(axis=1, keepdims=True)
        else:
            out = self._sums[:, evenly(high)] - self._sums[:, evenly(low)]
        return self._without_unknown(out, at, np.ones(weeks), lag)

    def weighted(self, at: AsOfs, weights: Sequence[float] | Floats) -> Floats:
        """Return Σ weights[k] × the amount k weeks before; weeks before the grid count as zero."""
        weights = np.asarray(weights, dtype=np.float64)
        out = np.zeros((self.amount.shape[0], len(at)))
        for back, weight in enumerate(weights):
            first = int(np.searchsorted(at.weeks, back))
            out[:, first:] += weight * self.amount[:, evenly(at.weeks[first:] - back)]
        return self._without_unknown(out, at, weights, 0)

    def _without_unknown(self, out: Floats, at: AsOfs, weights: Floats, lag: int) -> Floats:
        """Take back, from as-of dates at which a late row was not yet known, what it added."""
        until = np.minimum(self.late_known, self.late_week + lag + len(weights))
        rows, place = spread(at, self.late_week + lag, until)
        if len(rows):
            back = at.weeks[place] - self.late_week[rows] - lag
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


def running_latest(shape: tuple[int, int], account: Ints, known: Ints, value: Ints, until: Ints | None = None) -> Ints:
    """Return the greatest `value` known by the end of each week (accounts × weeks); NEVER before the first.

    A value counts from week `known` on and before week `until`, in which its correction became known.
    """
    out = np.full(shape, NEVER, dtype=np.int64)
    until = np.full(len(known), shape[1]) if until is None else until
    seen = (known < shape[1]) & (until >= shape[1])
    np.maximum.at(out, (account[seen], np.maximum(known[seen], 0)), value[seen])
    out = np.maximum.accumulate(out, axis=1)
    passing = np.flatnonzero(until < shape[1])
    rows, week = _ranges(np.maximum(known[passing], 0), until[passing])
    week += np.maximum(known[passing], 0)[rows]
    np.maximum.at(out, (account[passing][rows], week), value[passing][rows])
    return out


def spread(at: AsOfs, first: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """Return (row, as-of position) for every as-of week in each row's half-open week range `[first, stop)`."""
    low, high = at.place(first), at.place(stop)
    some = np.flatnonzero(high > low)
    rows, offset = _ranges(low[some], high[some])
    return some[rows], low[some][rows] + offset
