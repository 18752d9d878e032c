"""The numbers of events: what tells a repeat or a correction from an event that was never seen before."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from features.book import Book
from features.calendar import WeekGrid
from features.grid import Ints, week_of
from features.rollup import epoch_us
from features.store import RollupStore
from features.stream import BATCH

SIGNED = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})
BITS = 24
"""The stored numbers are first sifted by a table of 2²⁴ bits, which stays in the processor's cache."""


def number(kind: str) -> str:
    """Return SQL of an event's number: its id when that is a whole number, else a hash of it."""
    return "CAST(event_id AS BIGINT)" if kind in SIGNED else "CAST(hash(event_id) >> 1 AS BIGINT)"


def number_of(book: Book) -> str:
    """Return SQL of an event's number in this book."""
    kinds = {row[0]: row[1] for row in book.con.execute("DESCRIBE usage").fetchall()}
    return number(kinds["event_id"])


@dataclass(frozen=True)
class Numbers:
    """The numbers of the events of some weeks, by the as-of date at which each ends; rising within a week."""

    by_week: Mapping[date, Ints]

    def all(self) -> Ints:
        """Return all numbers, each as often as it occurs, in rising order."""
        found = np.concatenate([np.empty(0, dtype=np.int64), *self.by_week.values()])
        found.sort()
        return found

    def repeated(self) -> Ints:
        """Return the numbers that occur more than once."""
        found = self.all()
        return np.unique(found[1:][found[1:] == found[:-1]])


def event_numbers(book: Book, grid: WeekGrid, weeks: Sequence[date] | None) -> Numbers:
    """Return the numbers of the events that became known in these weeks (None: in all of the grid)."""
    if not book.has("usage", "event_id"):
        return Numbers({})
    parts: list[list[Ints]] = [[] for _ in range(grid.weeks)]
    for week, found in _batches(book, grid):
        order = np.argsort(week, kind="stable")
        bounds = np.searchsorted(week[order], np.arange(grid.weeks + 1))
        found = found[order]
        for place in np.unique(week):
            parts[place].append(found[bounds[place] : bounds[place + 1]])
    ends = [grid.as_of(place) for place in range(grid.weeks)]
    wanted = set(ends if weeks is None else weeks)
    none = np.empty(0, dtype=np.int64)
    return Numbers(
        {end: np.sort(np.concatenate([none, *part])) for end, part in zip(ends, parts, strict=True) if end in wanted}
    )


def _batches(book: Book, grid: WeekGrid) -> Iterator[tuple[NDArray[np.int16], Ints]]:
    query = f"""
        SELECT known_at, {number_of(book)} FROM usage
        WHERE event_id IS NOT NULL AND known_at >= TIMESTAMP '{grid.start}' AND known_at < TIMESTAMP '{grid.last}'"""
    for batch in book.con.sql(query).to_arrow_reader(BATCH):
        known, numbers = (column.to_numpy() for column in batch.columns)
        yield week_of(known.view(np.int64), epoch_us(grid)).astype(np.int16), numbers


def weeks_with(store: RollupStore, numbers: Numbers, rolled: Sequence[date]) -> set[date]:
    """Return the stored weeks, besides those rolled up, that hold one of the events for the first time again."""
    wanted = np.unique(numbers.all())
    if not len(wanted):
        return set()
    copies = store.manifest.copies
    told = np.unique(store.read(copies)["number"].to_numpy()) if copies else np.empty(0, dtype=np.int64)
    wanted = np.setdiff1d(wanted, told, assume_unique=True)
    bits = np.zeros(1 << BITS, dtype=np.bool_)
    bits[_slot(wanted)] = True
    found = set()
    for end, week in store.manifest.weeks.items():
        if week.numbers is not None and end not in rolled:
            stored = store.read(week.numbers)["number"].to_numpy()
            if not len(stored) or not len(wanted) or stored[-1] < wanted[0] or stored[0] > wanted[-1]:
                continue
            likely = stored[bits[_slot(stored)]]
            if (wanted[np.minimum(np.searchsorted(wanted, likely), len(wanted) - 1)] == likely).any():
                found.add(end)
    return found


def _slot(numbers: Ints) -> Ints:
    """Return the bit of each number: the highest ones of a product that mixes them."""
    mixed = numbers.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (mixed >> np.uint64(64 - BITS)).astype(np.int64)
