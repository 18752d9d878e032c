"""The whole book on the grid, and any stretch of its accounts: every kernel works within one account."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from features.book import Book
from features.calendar import REACH, WEEK, WeekGrid
from features.rollup import LOGIN, Activity, roll_up
from features.rows import READS, Rows, read_rows
from features.stream import code_accounts


@dataclass(frozen=True)
class History:
    """What all sources say about a stretch of accounts, in the order of their ids."""

    grid: WeekGrid
    near: WeekGrid
    """Its weeks that windows of the small tables reach."""
    accounts: NDArray[np.object_]
    activity: Activity
    tables: Mapping[str, Rows]
    """The rows of every small table; none of those that no source gives."""
    entitlements: Mapping[str, Mapping[str, int]]
    """Product features that each plan includes, with the week from whose end on it does."""

    def part(self, first: int, stop: int) -> "History":
        """Return the accounts `first` to `stop`; results for them are those of the whole."""
        return History(
            self.grid,
            self.near,
            self.accounts[first:stop],
            self.activity.part(first, stop),
            {name: rows.part(first, stop) for name, rows in self.tables.items()},
            self.entitlements,
        )

    def shards(self, size: int) -> Iterator["History"]:
        """Yield stretches of at most `size` accounts; small ones stay in the processor's cache."""
        for first in range(0, max(len(self.accounts), 1), size):
            yield self.part(first, min(first + size, len(self.accounts)))


def read_history(book: Book, grid: WeekGrid, first_as_of: date | None = None) -> History:
    """Read everything that was known before the grid's end, for as-of dates not before the first."""
    near = grid if first_as_of is None else _since(grid, first_as_of - REACH * WEEK)
    query = f"SELECT DISTINCT account_id FROM accounts WHERE known_at < TIMESTAMP '{grid.last}' ORDER BY 1"
    accounts = np.array([row[0] for row in book.con.execute(query).fetchall()], dtype=object)
    if book.stored is None:
        activity = roll_up(book, grid, accounts)
    else:
        code_accounts(book, accounts)
        activity = book.stored(book, grid, accounts)
    tables = {table: read_rows(book, near, len(accounts), table) for table in READS}
    return History(grid, near, accounts, activity, tables, _entitlements(book, grid))


def _since(grid: WeekGrid, first: date) -> WeekGrid:
    """Return the weeks of a grid that begin at a date, which begins one of them, or later."""
    skipped = max((first - grid.start).days // 7, 0)
    return replace(grid, start=grid.start + skipped * WEEK, weeks=grid.weeks - skipped)


def _entitlements(book: Book, grid: WeekGrid) -> dict[str, dict[str, int]]:
    rows = book.con.execute("SELECT plan, feature, min(known_at) FROM entitlements GROUP BY ALL").fetchall()
    included: dict[str, dict[str, int]] = {}
    for plan, feature, known_at in rows:
        if feature != LOGIN:
            included.setdefault(plan, {})[feature] = (known_at.date() - grid.start).days // 7
    return included
