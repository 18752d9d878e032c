"""The whole book on the grid, and any stretch of its accounts: every kernel works within one account."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features import states
from features.book import Book
from features.calendar import WeekGrid
from features.rollup import Activity, roll_up
from features.states import Rows, read_rows


@dataclass(frozen=True)
class History:
    """What all sources say about a stretch of accounts, in the order of their ids."""

    grid: WeekGrid
    accounts: NDArray[np.object_]
    activity: Activity
    subscriptions: Rows
    sponsors: Rows
    tickets: Rows
    attributes: Rows
    entitlements: Mapping[str, frozenset[str]]
    """Product features that each plan includes."""

    def part(self, first: int, stop: int) -> "History":
        """Return the accounts `first` to `stop`; results for them are those of the whole."""
        rows = {
            name: getattr(self, name).part(first, stop)
            for name in ("subscriptions", "sponsors", "tickets", "attributes")
        }
        return History(
            self.grid,
            self.accounts[first:stop],
            self.activity.part(first, stop),
            entitlements=self.entitlements,
            **rows,
        )

    def shards(self, size: int) -> Iterator["History"]:
        """Yield stretches of at most `size` accounts; small ones stay in the processor's cache."""
        for first in range(0, max(len(self.accounts), 1), size):
            yield self.part(first, min(first + size, len(self.accounts)))


def read_history(book: Book, grid: WeekGrid) -> History:
    """Read everything that was known before the grid's end."""
    query = f"SELECT DISTINCT account_id FROM accounts WHERE known_at < TIMESTAMP '{grid.last}' ORDER BY 1"
    accounts = np.array([row[0] for row in book.con.execute(query).fetchall()], dtype=object)
    activity = roll_up(book, grid, accounts)
    count = len(accounts)
    return History(
        grid,
        accounts,
        activity,
        subscriptions=read_rows(book, grid, count, "subscriptions", states.SUBSCRIPTIONS),
        sponsors=read_rows(book, grid, count, "contacts", states.CONTACTS, states.IS_SPONSOR),
        tickets=read_rows(book, grid, count, "tickets", states.TICKETS),
        attributes=read_rows(book, grid, count, "accounts", states.ACCOUNTS),
        entitlements=_entitlements(book),
    )


def _entitlements(book: Book) -> dict[str, frozenset[str]]:
    included: dict[str, set[str]] = {}
    for plan, feature in book.con.execute("SELECT plan, feature FROM entitlements").fetchall():
        included.setdefault(plan, set()).add(feature)
    return {plan: frozenset(features - {"login"}) for plan, features in included.items()}
