"""The rows of the small tables, account by account, before they are put on the grid."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.book import Book
from features.calendar import WeekGrid
from features.contract import TABLES
from features.grid import NEVER, AsOfs, Floats, Ints, running_latest, spread, week_of
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
class Texts:
    """A text column: per row the number of its text among all of the table's; −1 where null."""

    code: NDArray[np.int32]
    names: NDArray[np.object_]

    def are(self, *texts: str) -> NDArray[np.bool_]:
        """Say of each row whether it holds one of these."""
        return self.hold(texts.__contains__)

    def hold(self, test: Callable[[str], bool]) -> NDArray[np.bool_]:
        """Say of each row whether its text passes a test; null does not."""
        return np.array([*map(test, self.names), False], dtype=bool)[self.code]

    def objects(self) -> NDArray[np.object_]:
        """Return the texts; None where null."""
        found: NDArray[np.object_] = np.append(self.names, np.array([None], dtype=object))[self.code]
        return found


@dataclass(frozen=True)
class Rows:
    """The rows of one small table, ordered by account."""

    found: Mapping[str, Ints | Floats | Texts]
    """Times in microseconds, NEVER where null; numbers, NaN where null; texts."""
    account: Ints
    start: int
    shape: tuple[int, int]
    """Accounts × weeks of the grid that flows are put on."""
    at: AsOfs
    """The weeks at whose ends states are read; states are arrays of accounts × these."""
    _weeks: dict[str, Ints] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.account)

    def _chosen(self, rows: slice | NDArray[np.bool_] | Ints) -> dict[str, Ints | Floats | Texts]:
        return {
            name: Texts(each.code[rows], each.names) if isinstance(each, Texts) else each[rows]
            for name, each in self.found.items()
        }

    def part(self, first: int, stop: int) -> "Rows":
        """Return the rows of the accounts `first` to `stop`, counted from zero again."""
        low, high = np.searchsorted(self.account, [first, stop])
        account, shape = self.account[low:high] - first, (stop - first, self.shape[1])
        return Rows(self._chosen(slice(low, high)), account, self.start, shape, self.at)

    def only(self, which: NDArray[np.bool_]) -> "Rows":
        """Return the marked rows."""
        return Rows(self._chosen(which), self.account[which], self.start, self.shape, self.at)

    def sorted(self) -> "Rows":
        """Return the rows in the order of their accounts."""
        account = self.account.astype(np.uint16) if self.shape[0] <= 1 << 16 else self.account
        order = np.argsort(account, kind="stable")
        return Rows(self._chosen(order), self.account[order], self.start, self.shape, self.at)

    def read_at(self, at: AsOfs) -> "Rows":
        """Return the rows, their states to be read at the ends of these weeks alone."""
        return replace(self, at=at)

    def numbers(self, name: str) -> Floats:
        """Return a numeric column; NaN where null."""
        return self._numeric(name).astype(np.float64, copy=False)

    def times(self, name: str) -> Ints:
        """Return a time column in microseconds; NEVER where null."""
        return self._numeric(name).astype(np.int64, copy=False)

    def _numeric(self, name: str) -> Ints | Floats:
        found = self.found[name]
        if isinstance(found, Texts):
            raise TypeError(f"{name} is a column of texts")
        return found

    def texts(self, name: str) -> Texts:
        """Return a text column."""
        found = self.found[name]
        if not isinstance(found, Texts):
            raise TypeError(f"{name} is no column of texts")
        return found

    def week(self, name: str) -> Ints:
        """Return the week that holds the time (before the grid: negative); the number of weeks where it is null."""
        if name not in self._weeks:
            times, weeks = self.times(name), self.shape[1]
            self._weeks[name] = np.where(times == NEVER, weeks, np.minimum(week_of(times, self.start), weeks))
        return self._weeks[name]

    @cached_property
    def until(self) -> Ints:
        """The week in which each row's correction became known; the number of weeks where none did."""
        return self.week("superseded_at")

    def members(self, name: str) -> tuple[Ints, Ints]:
        """Number what a text column names, in the order of the accounts: per row its member (−1 where null), and the
        account of each member.
        """
        texts = self.texts(name)
        named, names = np.flatnonzero(texts.code >= 0), max(len(texts.names), 1)
        found, which = np.unique(self.account[named] * names + texts.code[named], return_inverse=True)
        member = np.full(len(self), -1, dtype=np.int64)
        member[named] = which
        return member, found // names

    @property
    def states(self) -> tuple[int, int]:
        """Shape of a state: accounts × the weeks at whose ends states are read."""
        return self.shape[0], len(self.at)

    def weeks_of(self, first: Ints, stop: Ints) -> tuple[Ints, Ints]:
        """Return (row, cell of a state) for every week read in each row's half-open range `[first, stop)`."""
        row, place = spread(self.at, first, stop)
        return row, self.account[row] * len(self.at) + place

    def count(self, cell: Ints) -> Floats:
        """Return how often each cell occurs, as a state."""
        return np.bincount(cell, minlength=self.states[0] * self.states[1]).reshape(self.states).astype(np.float64)

    def latest(
        self, known: Ints, value: Ints, which: NDArray[np.bool_] | slice = slice(None), until: Ints | None = None
    ) -> Ints:
        """Return the greatest value among the chosen rows, as a state; NEVER before the first.

        A row counts from week `known` on and before week `until` (by default that of its correction).
        """
        until = self.until if until is None else until
        known, until = self.at.place(known[which]), self.at.place(until[which])
        return running_latest(self.states, self.account[which], known, value[which], until)


def read_rows(book: Book, grid: WeekGrid, accounts: int, table: str) -> Rows:
    """Read the rows of a table that were known before the grid's end, without those of unknown accounts."""
    # Only states can stand side by side, so only with them the order within an account matters.
    state = TABLES[table].state
    query = f"""
        SELECT a.account, t.known_at, t.superseded_at, {READS[table]}
        FROM {table} t JOIN account_codes a ON a.account_id = t.account_id
        WHERE t.known_at < TIMESTAMP '{grid.last}' {"ORDER BY ALL" if state else ""}"""
    read = book.con.sql(query).to_arrow_table()
    found = {name: _column(read[name]) for name in read.column_names[1:]}
    every = AsOfs(np.arange(grid.weeks), grid.weeks)
    rows = Rows(found, read["account"].to_numpy(), epoch_us(grid), (accounts, grid.weeks), every)
    return rows if state else rows.sorted()


def _column(values: pa.ChunkedArray) -> Ints | Floats | Texts:
    if pa.types.is_timestamp(values.type):
        times: Ints = values.cast(pa.timestamp("us")).cast(pa.int64()).fill_null(NEVER).to_numpy()
        return times
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        coded = values.dictionary_encode().combine_chunks()
        names = np.array(coded.dictionary.to_pylist(), dtype=object)
        return Texts(coded.indices.fill_null(-1).to_numpy(), names)
    numbers: Floats = values.cast(pa.float64()).fill_null(np.nan).to_numpy()
    return numbers
