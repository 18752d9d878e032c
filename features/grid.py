"""Kernels on accounts × weeks arrays: column `c` of every result reads only what was known when week `c` ended."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ON_TIME = np.uint16(65535)
"""Promptness of a member-week that was known by its end; each week of delay takes one off, and 0 says that nothing
happened, so that untouched memory means just that."""

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
class Spells:
    """Member-weeks that were seen for a while only: from the end of week `first` until that of week `stop`."""

    member: Ints
    week: Ints
    first: Ints
    stop: Ints

    def __len__(self) -> int:
        return len(self.member)

    @classmethod
    def none(cls) -> "Spells":
        """Return no spells."""
        return cls(*[np.empty(0, dtype=np.int64)] * 4)

    @classmethod
    def apart(cls, member: Ints, week: Ints, first: Ints, stop: Ints) -> "Spells":
        """Return the spells in which any of the given ones runs, without overlaps of one member-week."""
        order = np.lexsort((stop, first, week, member))
        member, week, first, stop = member[order], week[order], first[order], stop[order]
        new = np.r_[True, (member[1:] != member[:-1]) | (week[1:] != week[:-1])][: len(member)]
        base = np.cumsum(new) * (np.int64(1) << 32)
        reached = np.maximum.accumulate(base + stop) - base
        first[1:] = np.where(new[1:], first[1:], np.maximum(first[1:], reached[:-1]))
        real = first < stop
        return cls(member[real], week[real], first[real], stop[real])

    def chosen(self, rows: NDArray[np.bool_], member: Ints) -> "Spells":
        """Return the marked spells under other member numbers."""
        return Spells(member[rows], self.week[rows], self.first[rows], self.stop[rows])


@dataclass(frozen=True)
class Presence:
    """In which weeks each member (user or product feature) of an account was there.

    `prompt` (weeks × members) says how promptly the first row of a member-week became known: ON_TIME less the weeks
    of delay, 0 for no row. Members lie along the last axis, so that every kernel runs through memory in order;
    `account` is the account of each member, in rising order. `spells` holds what corrections have taken back since.
    """

    prompt: NDArray[np.uint16]
    account: Ints
    accounts: int
    spells: Spells = field(default_factory=Spells.none)

    @classmethod
    def of(
        cls,
        shape: tuple[int, int],
        account: Ints,
        member: Ints,
        week: Ints,
        known: Ints,
        until: Ints | None = None,
    ) -> "Presence":
        """Return the presence of single rows; `account` is that of each member, `member` −1 for none.

        A row counts from week `known` on and before week `until`, in which its correction became known.
        """
        until = np.full(len(week), shape[1]) if until is None else np.minimum(until, shape[1])
        seen = (member >= 0) & (week >= 0) & (known < until)
        prompt = np.zeros((shape[1], len(account)), dtype=np.uint16)
        last = seen & (until == shape[1])
        np.maximum.at(prompt, (week[last], member[last]), ON_TIME - (known - week)[last].astype(np.uint16))
        passing = seen & (until < shape[1])
        made = cls(prompt, account, shape[0])
        return made.with_spells(member[passing], week[passing], known[passing], until[passing])

    def with_spells(self, member: Ints, week: Ints, known: Ints, until: Ints) -> "Presence":
        """Return the presence with rows that count only from week `known` on and before week `until`."""
        if not len(member):
            return self
        prompt = self.prompt[week, member]
        lasting = np.where(prompt > 0, week + (ON_TIME - prompt).astype(np.int64), np.iinfo(np.int32).max)
        spells = Spells.apart(member, week, known, np.minimum(until, lasting))
        return Presence(self.prompt, self.account, self.accounts, spells)

    @cached_property
    def _sums(self) -> NDArray[np.int16]:
        weeks, members = self.prompt.shape
        sums = np.zeros((weeks + 1, members), dtype=np.int16)
        for week in range(weeks):
            np.add(sums[week], self.prompt[week] > 0, out=sums[week + 1])
        return sums

    @cached_property
    def _late(self) -> tuple[Ints, Ints, Ints]:
        """Member, week and the later week in which it became known."""
        week, member = np.nonzero(self.prompt - np.uint16(1) < ON_TIME - np.uint16(1))
        return member, week, week + (ON_TIME - self.prompt[week, member]).astype(np.int64)

    @cached_property
    def ever(self) -> NDArray[np.bool_]:
        """Say of each member whether it was ever there, by any as-of date."""
        found = np.asarray(self.prompt.any(axis=0), dtype=np.bool_)
        found[self.spells.member] = True
        return found

    def part(self, first: int, stop: int) -> "Presence":
        """Return the accounts `first` to `stop`."""
        low, high = np.searchsorted(self.account, [first, stop])
        here = (self.spells.member >= low) & (self.spells.member < high)
        spells = self.spells.chosen(here, self.spells.member - low)
        return Presence(self.prompt[:, low:high], self.account[low:high] - first, stop - first, spells)

    def only(self, members: Ints) -> "Presence":
        """Return the chosen members, named in rising order."""
        place = np.full(self.prompt.shape[1], -1, dtype=np.int64)
        place[members] = np.arange(len(members))
        moved = place[self.spells.member]
        spells = self.spells.chosen(moved >= 0, moved)
        return Presence(self.prompt[:, members], self.account[members], self.accounts, spells)

    def active_weeks(self, at: AsOfs, weeks: int, lag: int = 0) -> NDArray[np.int16]:
        """Return the number of weeks of the window with the member in them; as-of dates × members."""
        low, high = at.edges(weeks, lag)
        out: NDArray[np.int16] = self._sums[high]
        out -= self._sums[low]
        member, week, known = self._late
        _add_over(out, at, member, week + lag, np.minimum(known, week + lag + weeks), np.int16(-1))
        spells = self.spells
        first, stop = np.maximum(spells.first, spells.week + lag), np.minimum(spells.stop, spells.week + lag + weeks)
        _add_over(out, at, spells.member, first, stop, np.int16(1))
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


def _add_over(out: NDArray[np.int16], at: AsOfs, member: Ints, first: Ints, stop: Ints, one: np.int16) -> None:
    """Add `one` to each member at every as-of week in its half-open range `[first, stop)`."""
    rows, place = spread(at, first, stop)
    if len(rows):
        np.add.at(out, (place, member[rows]), one)


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
    low = np.searchsorted(at.weeks, first)
    high = np.searchsorted(at.weeks, stop)
    rows, offset = _ranges(low, high)
    return rows, low[rows] + offset
