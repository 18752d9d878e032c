"""Since when the whole book records what: nothing can be said of a time before anything was recorded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.grid import AsOfs, Ints, spread
from features.history import History
from features.presence import ON_TIME
from features.rows import Rows

STRETCH = 1_000
"""Accounts looked at together: few enough for the processor's cache."""


@dataclass(frozen=True)
class Beginnings:
    """What the book had begun to record by the end of each week, about any account on record by then.

    The weeks are those of the grid; its length stands for never.
    """

    tables: Mapping[str, Rows]
    on_record: Mapping[str, Ints]
    """Per table and row the week of the table's grid in which the row was known and its account on record."""
    use: Ints
    """Per week (weeks) the earliest week with any recorded use, as known when the week ended."""
    features: Ints
    """The same for each product feature, whoever used it (weeks × features)."""

    _found: dict[tuple[str, ...], NDArray[np.bool_]] = field(default_factory=dict)
    """What has been asked of the whole book already: every stretch of accounts asks the same."""

    def begun(self, table: str, **where: str) -> NDArray[np.bool_]:
        """Say for each week whether any row of the table, with the texts of `where`, was known when it ended."""
        key = (table, *where, *where.values())
        if key not in self._found:
            rows, known = self.tables[table], self.on_record[table]
            here = known < rows.until
            for column, text in where.items():
                here &= rows.texts(column).are(text)
            begun = _any_open(known[here], rows.until[here], rows.shape[1])
            self._found[key] = np.r_[np.zeros(len(self.use) - len(begun), dtype=bool), begun]
        return self._found[key]


def _any_open(first: Ints, stop: Ints, weeks: int) -> NDArray[np.bool_]:
    """Say for each week whether it lies in any of the half-open ranges `[first, stop)`."""
    starts, stops = (np.bincount(np.clip(week, 0, weeks), minlength=weeks + 1) for week in (first, stop))
    return np.cumsum(starts - stops)[:-1] > 0


def beginnings(history: History) -> Beginnings:
    """Look the whole book over, before it is cut into stretches of accounts."""
    return _Look(history).found()


@dataclass(frozen=True)
class _Look:
    history: History

    @property
    def weeks(self) -> int:
        return self.history.grid.weeks

    def found(self) -> Beginnings:
        tables = self.history.tables
        on_record = {
            name: np.minimum(np.maximum(rows.week("known_at"), self.since[rows.account]), rows.shape[1])
            for name, rows in tables.items()
        }
        return Beginnings(tables, on_record, self.use(), self.features())

    @property
    def _skipped(self) -> int:
        """Weeks of the grid before those of the tables."""
        return self.weeks - self.history.near.weeks

    @cached_property
    def since(self) -> Ints:
        """Per account the week of the tables' grid in which it came on record."""
        rows = self.history.tables["accounts"]
        out = np.full(len(self.history.accounts), rows.shape[1], dtype=np.int64)
        np.minimum.at(out, rows.account, rows.week("known_at"))
        return out

    def use(self) -> Ints:
        """Return per week the earliest week with recorded use of any account."""
        out = np.full(self.weeks, self.weeks, dtype=np.int64)
        for here in self._stretches():
            known = self.since[here, None] + self._skipped <= np.arange(self.weeks)
            first = np.where(known, self.history.activity.first_week[here], self.weeks)
            np.minimum(out, first.min(axis=0, initial=self.weeks), out=out)
        return out

    def features(self) -> Ints:
        """Return per week and product feature the earliest week with recorded use by any account."""
        used = self.history.activity.features
        names = len(self.history.activity.feature_names)
        prompt = used.prompt.reshape(self.weeks, len(self.since), names)
        known = np.full((self.weeks, names), self.weeks, dtype=np.int64)
        for here in self._stretches():
            np.minimum(known, self._known(prompt[:, here], here), out=known)
        first = np.full((self.weeks + 1, names), self.weeks, dtype=np.int64)
        # From the last week to the first: of those that became known together the earliest stays.
        for week in range(self.weeks - 1, -1, -1):
            first[known[week], np.arange(names)] = week
        first = np.minimum.accumulate(first[: self.weeks], axis=0)
        spells, account = used.spells, used.account[used.spells.member]
        row, at = spread(self._all, np.maximum(spells.first, self.since[account] + self._skipped), spells.stop)
        np.minimum.at(first, (at, spells.member[row] % max(names, 1)), spells.week[row])
        return first

    def _known(self, prompt: NDArray[np.uint16], here: slice) -> Ints:
        """Return per week and feature when its use was first known of an account on record (weeks × features)."""
        since, week = self.since[here] + self._skipped, np.arange(self.weeks)[:, None]
        before = since <= self.history.activity.first_week[here].min(axis=1, initial=self.weeks)
        soonest = prompt[:, before].max(axis=1, initial=0)
        known = np.where(soonest > 0, week + (ON_TIME - soonest), self.weeks)
        for account in np.flatnonzero(~before):
            told = np.maximum(week + (ON_TIME - prompt[:, account]), since[account])
            known = np.minimum(known, np.where(prompt[:, account] > 0, told, self.weeks))
        return np.minimum(known, self.weeks)

    @property
    def _all(self) -> AsOfs:
        return AsOfs(np.arange(self.weeks), self.weeks)

    def _stretches(self) -> Iterator[slice]:
        for first in range(0, len(self.history.accounts), STRETCH):
            yield slice(first, first + STRETCH)
