"""In which weeks each member of an account was there, and how many were within a window."""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.grid import AsOfs, Floats, Ints, evenly, spread

ON_TIME = np.uint16(65535)
"""Promptness of a member-week that was known by its end; each week of delay takes one off, and 0 says that nothing
happened, so that untouched memory means just that."""


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
        late = np.flatnonzero(self.prompt - np.uint16(1) < ON_TIME - np.uint16(1))
        week, member = np.divmod(late, max(self.prompt.shape[1], 1))
        return member, week, week + (ON_TIME - self.prompt[week, member]).astype(np.int64)

    @cached_property
    def first_known(self) -> Ints:
        """By the end of which week each member had been there for the first time; the number of weeks where never.

        Spells do not count.
        """
        weeks = len(self.prompt)
        found: Ints = np.count_nonzero(self._sums[1:] == 0, axis=0)
        member, week, known = self._late
        # Where the first of them was late, a later one may have been known sooner.
        behind = np.unique(member[week == found[member]])
        prompt = self.prompt[:, behind] == ON_TIME
        found[behind] = np.where(prompt.any(axis=0), prompt.argmax(axis=0), weeks)
        np.minimum.at(found, member, known)
        return found

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
        """Return the chosen members in the order in which they are named."""
        place = np.full(self.prompt.shape[1], -1, dtype=np.int64)
        place[members] = np.arange(len(members))
        moved = place[self.spells.member]
        spells = self.spells.chosen(moved >= 0, moved)
        return Presence(self.prompt[:, members], self.account[members], self.accounts, spells)

    def active_weeks(self, at: AsOfs, weeks: int, lag: int = 0) -> NDArray[np.int16]:
        """Return the number of weeks of the window with the member in them; as-of dates × members."""
        low, high = at.edges(weeks, lag)
        out = self._sums[evenly(high)] - self._sums[evenly(low)] if low[-1] else self._sums[high]
        member, week, known = self._late
        _add_over(out, at, member, week + lag, np.minimum(known, week + lag + weeks), np.int16(-1))
        spells = self.spells
        first, stop = np.maximum(spells.first, spells.week + lag), np.minimum(spells.stop, spells.week + lag + weeks)
        _add_over(out, at, spells.member, first, stop, np.int16(1))
        return out

    def count(self, which: NDArray[np.bool_]) -> Floats:
        """Return per account how many of its members are marked (`which`: as-of dates × members)."""
        if len(which) < FEW:
            counts = [np.bincount(self.account[np.flatnonzero(row)], minlength=self.accounts) for row in which]
            return np.array(counts, dtype=np.float64).reshape(len(which), self.accounts).T
        return self.joined(np.add, which.view(np.uint8), np.min_scalar_type(len(self._turns)))

    def joined(self, join: np.ufunc, numbers: NDArray[np.integer], within: np.dtype[Any]) -> Floats:
        """Join the numbers (as-of dates × members) of each account's members; 0 without members.

        Every result must fit the type `within`, in which it is worked out.
        """
        out = np.zeros((len(numbers), self.accounts), dtype=within)
        if len(numbers) < FEW:
            for row, each in zip(out, numbers, strict=True):
                join.at(row, self.account, each)
            return out.T.astype(np.float64)
        for start, stop, places in self._turns:
            here = out[:, places]
            join(here, numbers[:, start:stop], out=here)
            if not isinstance(places, slice):
                out[:, places] = here
        return out[:, self._rank].T.astype(np.float64, order="C")

    @cached_property
    def _rank(self) -> Ints:
        return _rank(self.account, self.accounts)

    @cached_property
    def _turns(self) -> list[tuple[int, int, slice | Ints]]:
        """Stretches of members of different accounts, with the ranks of these: each is joined in one go."""
        rank = self._rank[self.account]
        edges = np.flatnonzero(np.r_[True, rank[1:] <= rank[:-1], True]) if len(rank) else rank
        turns = []
        for start, stop in pairwise(edges.tolist()):
            first, last = int(rank[start]), int(rank[stop - 1])
            together = last - first == stop - start - 1
            turns.append((start, stop, slice(first, last + 1) if together else rank[start:stop]))
        return turns

    def ordered(self) -> "Presence":
        """Return the same members in the order in which they are joined fastest."""
        order = in_turns(self.account, self.accounts)
        return self if (order[1:] > order[:-1]).all() else self.only(order)


def _rank(account: Ints, accounts: int) -> Ints:
    """Return the place of each account among all, those with most members first."""
    rank = np.empty(accounts, dtype=np.int64)
    rank[np.argsort(-np.bincount(account, minlength=accounts), kind="stable")] = np.arange(accounts)
    return rank


def in_turns(account: Ints, accounts: int) -> Ints:
    """Return the order of members in which they are joined fastest: the first of every account, the second, …

    `account` is that of each member; in every turn the accounts with most members come first.
    """
    order = np.argsort(account, kind="stable")
    account = account[order]
    turn = np.arange(len(account)) - np.searchsorted(account, account)
    return order[np.lexsort((_rank(account, accounts)[account], turn))]


FEW = 8
"""As-of dates for which members are rather counted one date at a time."""


def _add_over(out: NDArray[np.int16], at: AsOfs, member: Ints, first: Ints, stop: Ints, one: np.int16) -> None:
    """Add `one` to each member at every as-of week in its half-open range `[first, stop)`."""
    rows, place = spread(at, first, stop)
    if len(rows):
        np.add.at(out, (place, member[rows]), one)
