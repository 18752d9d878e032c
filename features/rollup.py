"""Usage rolled up: one pass over the events leaves account-weeks, user-weeks and feature-weeks.

DuckDB reads, cleans and codes the events; what streams out is small integers, which NumPy scatters onto the grid.
Grouping by hash in SQL instead costs three times as much (see docs/decisions/0004-rollup.md).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.book import Book
from features.calendar import WeekGrid
from features.grid import ABSENT, NEVER, Floats, Flow, Ints, Presence, running_latest

BATCH = 500_000
LOGIN = "login"


@dataclass(frozen=True)
class Activity:
    """What the usage table says, on the grid."""

    events: Flow
    logins: Flow
    last_event: Ints
    """Time of the latest event known by the end of each week, in microseconds; NEVER before the first."""
    last_login: Ints
    first_week: Ints
    """Per account and week the earliest week with an event known by then; the grid's length before the first."""
    users: Presence | None
    features: Presence
    feature_names: tuple[str, ...]
    feature_codes: Ints
    """The product feature of each member of `features`: its place in `feature_names`."""


def epoch_us(grid: WeekGrid) -> int:
    """Return the grid's first instant in microseconds since the epoch."""
    return int(np.datetime64(grid.start, "us").astype(np.int64))


def code_accounts(book: Book, accounts: NDArray[np.object_]) -> None:
    """Register `account_codes` (account_id, account) in the book's connection; rows of other accounts drop out."""
    table = pa.table({"account_id": pa.array(accounts, pa.string()), "account": np.arange(len(accounts))})
    book.con.register("account_codes", table)


def roll_up(book: Book, grid: WeekGrid, accounts: NDArray[np.object_]) -> Activity:
    """Read all usage that was known before `grid.last` in one pass; events of unknown accounts are left out."""
    code_accounts(book, accounts)
    names = _code_members(book)
    scatter = _Scatter(book, grid, len(accounts))
    for sign, table in ((1, "usage"), (-1, "usage_repeats")):
        for batch in _stream(book, grid, table):
            scatter.add(batch, sign)
    return scatter.result(book, names)


def _code_members(book: Book) -> tuple[str, ...]:
    """Make tables that code the product features and the (account, user) pairs; return the feature names."""
    con = book.con
    con.execute("""
        CREATE OR REPLACE TEMP TABLE feature_codes AS
        SELECT feature, row_number() OVER (ORDER BY feature) - 1 AS code
        FROM (SELECT DISTINCT feature FROM usage WHERE feature IS NOT NULL)""")
    if book.has("usage", "user_id"):
        con.execute("""
            CREATE OR REPLACE TEMP TABLE user_codes AS
            SELECT account, user_id, row_number() OVER (ORDER BY account, user_id) - 1 AS member
            FROM (SELECT DISTINCT account_id, user_id FROM usage WHERE user_id IS NOT NULL)
            JOIN account_codes USING (account_id)""")
    return tuple(name for (name,) in con.execute("SELECT feature FROM feature_codes ORDER BY code").fetchall())


def _stream(book: Book, grid: WeekGrid, table: str) -> Iterator[pa.RecordBatch]:
    """Yield batches of (account, feature, user, time, week, known, amount); −1 where there is no feature or user.

    A week is found by dividing as doubles, which is exact for any week this side of the year 2100 and costs half.
    """
    start, week = epoch_us(grid), 604_800_000_000
    user, join = "CAST(-1 AS BIGINT)", ""
    if book.has("usage", "user_id"):
        # An id that stands for one person only needs no second look at the account.
        shared = _one(book, "SELECT count(*) - count(DISTINCT user_id) FROM user_codes")
        user = "coalesce(m.member, -1)"
        join = f"LEFT JOIN user_codes m ON m.user_id = u.user_id {'AND m.account = a.account' if shared else ''}"
    amount = "coalesce(u.quantity, 1)" if book.has("usage", "quantity") else "CAST(1 AS DOUBLE)"
    query = f"""
        SELECT a.account, coalesce(f.code, -1) AS feature, {user} AS user, epoch_us(u.occurred_at) AS time,
               CAST(floor((epoch_us(u.occurred_at) - {start}) / {week}) AS BIGINT) AS week,
               CAST(floor((epoch_us(u.known_at) - {start}) / {week}) AS BIGINT) AS known,
               {amount} AS amount
        FROM {table} u
        JOIN account_codes a ON a.account_id = u.account_id
        LEFT JOIN feature_codes f ON f.feature = u.feature
        {join}
        WHERE u.occurred_at >= TIMESTAMP '{grid.start}' AND u.known_at < TIMESTAMP '{grid.last}'
          AND u.occurred_at < TIMESTAMP '{grid.last}'"""
    yield from book.con.sql(query).to_arrow_reader(BATCH)


class _Scatter:
    """Collects batches of coded events into dense accounts × weeks and weeks × members arrays."""

    def __init__(self, book: Book, grid: WeekGrid, accounts: int) -> None:
        self.shape = (accounts, grid.weeks)
        self.kinds = _one(book, "SELECT count(*) FROM feature_codes")
        self.login = _one(book, "SELECT coalesce(max(code), -2) FROM feature_codes WHERE feature = ?", LOGIN)
        self.user_account = _user_accounts(book)
        cells = accounts * grid.weeks
        self.events, self.logins = np.zeros(cells), np.zeros(cells)
        self.last_event, self.last_login = np.full(cells, NEVER), np.full(cells, NEVER)
        self.features = np.full(cells * self.kinds, ABSENT)
        self.users = np.full(len(self.user_account) * grid.weeks, ABSENT)
        self.late: list[tuple[Ints, Ints, Ints, Floats, NDArray[np.bool_]]] = []

    def add(self, batch: pa.RecordBatch, sign: int) -> None:
        """Add a batch of events, or with sign −1 take back the amounts of repeated ones."""
        account, feature, user, time, week, known, amount = (column.to_numpy() for column in batch.columns)
        weeks = self.shape[1]
        amount = sign * amount
        cell, login = account * weeks + week, np.flatnonzero(feature == self.login)
        _add_at(self.events, cell, amount)
        _add_at(self.logins, cell[login], amount[login])
        lateness = known - week
        late = np.flatnonzero(lateness)
        if len(late):
            self.late.append((account[late], week[late], known[late], amount[late], feature[late] == self.login))
        if sign < 0:
            return
        seen = cell + lateness
        np.maximum.at(self.last_event, seen, time)
        np.maximum.at(self.last_login, seen[login], time[login])
        accounts, people = self.shape[0], len(self.user_account)
        _mark(self.features, week * (accounts * self.kinds) + account * self.kinds + feature, lateness, late, feature)
        if people:
            _mark(self.users, week * people + user, lateness, late, user)

    def result(self, book: Book, names: tuple[str, ...]) -> Activity:
        """Return what has been collected."""
        accounts, weeks = self.shape
        lateness = self.features.reshape(weeks, accounts * self.kinds)
        used = np.flatnonzero((lateness != ABSENT).any(axis=0))
        used = used[used % max(self.kinds, 1) != self.login]
        return Activity(
            events=self._flow(self.events, logins=False),
            logins=self._flow(self.logins, logins=True),
            last_event=np.maximum.accumulate(self.last_event.reshape(self.shape), axis=1),
            last_login=np.maximum.accumulate(self.last_login.reshape(self.shape), axis=1),
            first_week=self._first_week(lateness),
            users=Presence.of(self.users.reshape(weeks, -1), self.user_account, accounts)
            if book.has("usage", "user_id")
            else None,
            features=Presence.of(lateness[:, used], used // max(self.kinds, 1), accounts),
            feature_names=names,
            feature_codes=used % max(self.kinds, 1),
        )

    def _flow(self, amount: Floats, *, logins: bool) -> Flow:
        parts = [[rows[login | (not logins)] for rows in (a, w, k, n)] for a, w, k, n, login in self.late]
        columns = [np.concatenate(part) for part in zip(*parts, strict=True)] or [np.empty(0, np.int64)] * 4
        account, week, known, late = columns
        return Flow(amount.reshape(self.shape), account, week, known, late.astype(np.float64))

    def _first_week(self, lateness: NDArray[np.uint16]) -> Ints:
        """Return per account and week the earliest event week known by then; the grid's length before the first."""
        accounts, weeks = self.shape
        soonest = lateness.reshape(weeks, accounts, self.kinds).min(axis=2, initial=ABSENT)
        week, account = np.nonzero(soonest != ABSENT)
        known = week + soonest[week, account].astype(np.int64)
        earliest = -running_latest(self.shape, account, known, -week)
        return np.where(earliest == NEVER, weeks, earliest)


def _add_at(total: Floats, cell: Ints, amount: Floats) -> None:
    """Add amounts to cells; a batch touches a short stretch of them, so only that stretch is counted."""
    if len(cell):
        low = int(cell.min())
        part = np.bincount(cell - low, weights=amount)
        total[low : low + len(part)] += part


def _mark(soonest: NDArray[np.uint16], cell: Ints, lateness: Ints, late: Ints, member: Ints) -> None:
    """Keep the least lateness per cell; rows without a member (−1) are passed over."""
    there = np.flatnonzero((lateness == 0) & (member >= 0))
    soonest[cell[there]] = 0
    behind = late[member[late] >= 0]
    np.minimum.at(soonest, cell[behind], lateness[behind].astype(np.uint16))


def _one(book: Book, query: str, *values: str) -> int:
    return int(book.con.execute(query, list(values)).fetchall()[0][0])


def _user_accounts(book: Book) -> Ints:
    if not book.has("usage", "user_id"):
        return np.empty(0, dtype=np.int64)
    found = book.con.execute("SELECT account FROM user_codes ORDER BY member").fetchnumpy()["account"]
    return np.asarray(found, dtype=np.int64)
