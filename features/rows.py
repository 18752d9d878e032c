"""The rows of the small tables, account by account, before they are put on the grid."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.book import Book
from features.calendar import WeekGrid
from features.contract import TABLES
from features.grid import NEVER, AsOfs, Floats, Ints, spread, week_of
from features.rollup import epoch_us

SEVERE = ("high", "urgent", "critical", "blocker", "1", "p1", "sev1")
ATTRIBUTES = ("name", "owner", "segment", "region", "industry", "plan", "icp_fit", "acquired_via")
"""What an account is; read as it was known at the as-of date."""
READS: Mapping[str, str] = {
    "accounts": "t.created_at, " + ", ".join(f"t.{name}" for name in ATTRIBUTES),
    "subscriptions": """started_at, ends_at, mrr, CAST(seats AS DOUBLE) AS seats,
        CAST(auto_renew AS INTEGER) AS auto_renew, CAST(notice_days AS DOUBLE) AS notice_days, noticed_at,
        discount_ends_at""",
    "contacts": "contact_id, lower(role) AS role, started_at, ended_at",
    "tickets": f"""opened_at, closed_at, reopened_at, csat,
        CASE WHEN lower(CAST(severity AS VARCHAR)) IN {SEVERE} THEN 1 ELSE 0 END AS severe""",
    "surveys": "answered_at, lower(kind) AS kind, score, contact_id",
    "trainings": "completed_at, contact_id, lower(course) AS course",
    "touchpoints": """occurred_at, lower(kind) AS kind, lower(initiated_by) AS initiated_by,
        CAST(kept AS INTEGER) AS kept, contact_id""",
    "invoices": "due_at, amount, paid_at",
}
"""Per small table the columns that features read; its clocks come along."""


@dataclass(frozen=True)
class Rows:
    """The rows of one small table, ordered by account; times in microseconds, NEVER where null."""

    found: Mapping[str, NDArray[Any]]
    account: Ints
    start: int
    shape: tuple[int, int]
    """Accounts × weeks of the grid that the rows are put on."""

    def __len__(self) -> int:
        return len(self.account)

    def part(self, first: int, stop: int) -> "Rows":
        """Return the rows of the accounts `first` to `stop`, counted from zero again."""
        low, high = np.searchsorted(self.account, [first, stop])
        found = {name: values[low:high] for name, values in self.found.items()}
        return Rows(found, self.account[low:high] - first, self.start, (stop - first, self.shape[1]))

    def numbers(self, name: str) -> Floats:
        """Return a numeric column; NaN where null."""
        return np.ma.filled(np.ma.asarray(self.found[name]).astype(np.float64), np.nan)

    def times(self, name: str) -> Ints:
        """Return a time column in microseconds."""
        times = np.ma.filled(np.ma.asarray(self.found[name]).astype("datetime64[us]"), np.datetime64("NaT"))
        return times.astype(np.int64)

    def texts(self, name: str) -> NDArray[np.object_]:
        """Return a text column; None where null."""
        values: Any = np.ma.asarray(self.found[name], dtype=object)
        texts: NDArray[np.object_] = np.array(np.ma.getdata(values), dtype=object)
        texts[np.ma.getmaskarray(values)] = None
        return texts

    def week(self, name: str) -> Ints:
        """Return the week that holds the time (before the grid: negative); the number of weeks where it is null."""
        times, weeks = self.times(name), self.shape[1]
        return np.where(times == NEVER, weeks, np.minimum(week_of(times, self.start), weeks))

    @cached_property
    def until(self) -> Ints:
        """The week in which each row's correction became known; the number of weeks where none did."""
        return self.week("superseded_at")

    def only(self, which: NDArray[np.bool_]) -> "Rows":
        """Return the marked rows."""
        found = {name: values[which] for name, values in self.found.items()}
        return Rows(found, self.account[which], self.start, self.shape)

    def members(self, name: str) -> tuple[Ints, Ints]:
        """Number what a text column names, in the order of the accounts: per row its member (−1 where null), and the
        account of each member.
        """
        texts = self.texts(name)
        named = np.flatnonzero([text is not None for text in texts])
        names, code = np.unique(texts[named].astype(str), return_inverse=True)
        found, which = np.unique(self.account[named] * max(len(names), 1) + code, return_inverse=True)
        member = np.full(len(self), -1, dtype=np.int64)
        member[named] = which
        return member, found // max(len(names), 1)

    def weeks_of(self, first: Ints, stop: Ints) -> tuple[Ints, Ints]:
        """Return (row, cell of accounts × weeks) for every week in each row's half-open range `[first, stop)`."""
        row, week = spread(AsOfs(np.arange(self.shape[1]), self.shape[1]), first, stop)
        return row, self.account[row] * self.shape[1] + week

    def count(self, cell: Ints) -> Floats:
        """Return how often each cell occurs, as accounts × weeks."""
        return np.bincount(cell, minlength=self.shape[0] * self.shape[1]).reshape(self.shape).astype(np.float64)


def read_rows(book: Book, grid: WeekGrid, accounts: int, table: str) -> Rows:
    """Read the rows of a table that were known before the grid's end, without those of unknown accounts."""
    # Only states can stand side by side, so only with them the order within an account matters.
    order = "ALL" if TABLES[table].state else "1"
    query = f"""
        SELECT a.account, t.known_at, t.superseded_at, {READS[table]}
        FROM {table} t JOIN account_codes a ON a.account_id = t.account_id
        WHERE t.known_at < TIMESTAMP '{grid.last}' ORDER BY {order}"""
    found = book.con.execute(query).fetchnumpy()
    values = {name: np.ma.asarray(column) for name, column in found.items() if name != "account"}
    return Rows(values, np.asarray(found["account"], dtype=np.int64), epoch_us(grid), (accounts, grid.weeks))
