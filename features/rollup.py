"""Usage rolled up: one pass over the events leaves account-weeks, user-weeks and feature-weeks.

DuckDB reads, cleans and codes the events; what streams out is small integers, which NumPy scatters onto the grid.
Grouping by hash in SQL instead costs three times as much (see docs/decisions/0006-rollup.md).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from features.book import Book
from features.calendar import WeekGrid
from features.grid import NEVER, ON_TIME, Floats, Flow, Ints, Presence, exact, running_latest, week_of

BATCH = 122_880
LOGIN = "login"


@dataclass(frozen=True)
class Activity:
    """What the usage table says, on the grid."""

    events: Flow
    logins: Flow
    last_event: Ints
    """Time of the latest event known by the end of each week, in microseconds; NEVER before the first."""
    last_login: Ints
    logins_since: int
    """The week in which the first login in the whole book became known; the grid's length before any."""
    first_week: Ints
    """Per account and week the earliest week with an event known by then; the grid's length before the first."""
    users: Presence | None
    features: Presence
    """Every product feature of every account, used or not: feature `k` of an account is its member `k`."""
    feature_names: tuple[str, ...]

    def part(self, first: int, stop: int) -> "Activity":
        """Return the accounts `first` to `stop`."""
        return Activity(
            events=self.events.part(first, stop),
            logins=self.logins.part(first, stop),
            last_event=self.last_event[first:stop],
            last_login=self.last_login[first:stop],
            logins_since=self.logins_since,
            first_week=self.first_week[first:stop],
            users=self.users.part(first, stop) if self.users else None,
            features=self.features.part(first, stop),
            feature_names=self.feature_names,
        )


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
    _code_features(book)
    _code_users(book)
    scatter = _Scatter(book, grid, len(accounts))
    rewritten = _one(book, "SELECT count(*) FROM usage_rewritten") > 0
    for sign, table in ((1, "usage"), (-1, "usage_repeats"), (1, "usage_rewritten")):
        for batch in _stream(book, grid, table, without_rewritten=rewritten and table != "usage_rewritten"):
            scatter.add(batch, sign)
    return scatter.result()


def first_use(book: Book) -> date | None:
    """Return the day of the first event, if there is any."""
    if book.first_use:
        return book.first_use
    ((first,),) = book.con.execute("SELECT min(occurred_at) FROM usage").fetchall()
    return None if first is None else pd.Timestamp(first).date()


def _code_features(book: Book) -> None:
    """Make the table `feature_codes` of all product features."""
    book.con.execute("""
        CREATE OR REPLACE TEMP TABLE feature_codes AS
        SELECT feature, row_number() OVER (ORDER BY feature) - 1 AS code
        FROM (SELECT DISTINCT feature FROM usage WHERE feature IS NOT NULL)""")


def _code_users(book: Book) -> None:
    """Make the table `user_codes` of all (account, user) pairs, in the order of the accounts."""
    if book.has("usage", "user_id"):
        book.con.execute("""
            CREATE OR REPLACE TEMP TABLE user_codes AS
            SELECT account, user_id, row_number() OVER (ORDER BY account, user_id) - 1 AS member
            FROM (SELECT DISTINCT account_id, user_id FROM usage WHERE user_id IS NOT NULL)
            JOIN account_codes USING (account_id)""")


def _stream(book: Book, grid: WeekGrid, table: str, *, without_rewritten: bool = False) -> Iterator[pa.RecordBatch]:
    """Yield batches of (account, feature, user, time, known, amount), coded and in microseconds; user −1 for none.

    Whatever can be computed from these is left to NumPy, whose arithmetic on a batch in the cache costs a tenth.
    """
    user, join = "CAST(-1 AS BIGINT)", ""
    rest = "AND coalesce(u.event_id NOT IN (SELECT event_id FROM usage_rewritten), true)" if without_rewritten else ""
    if book.has("usage", "user_id"):
        # An id that stands for one person only needs no second look at the account.
        shared = _one(book, "SELECT count(*) - count(DISTINCT user_id) FROM user_codes")
        user = "coalesce(m.member, -1)"
        join = f"LEFT JOIN user_codes m ON m.user_id = u.user_id {'AND m.account = a.account' if shared else ''}"
    query = f"""
        SELECT a.account, f.code, {user}, u.occurred_at, u.known_at,
               {"coalesce(u.quantity, 1)" if book.has("usage", "quantity") else "CAST(1 AS DOUBLE)"} AS amount
        FROM {table} u
        JOIN account_codes a ON a.account_id = u.account_id
        JOIN feature_codes f ON f.feature = u.feature
        {join}
        WHERE u.occurred_at >= TIMESTAMP '{grid.start}' AND u.known_at < TIMESTAMP '{grid.last}'
          AND u.occurred_at < TIMESTAMP '{grid.last}'
          {rest}"""
    yield from book.con.sql(query).to_arrow_reader(BATCH)


class _Scatter:
    """Collects batches of coded events into dense accounts × weeks and weeks × members arrays."""

    def __init__(self, book: Book, grid: WeekGrid, accounts: int) -> None:
        self.shape = (accounts, grid.weeks)
        names = book.con.execute("SELECT feature FROM feature_codes ORDER BY code").fetchall()
        self.names = tuple(str(name) for (name,) in names)
        self.has_users = book.has("usage", "user_id")
        self.user_account = _user_accounts(book)
        self.start = epoch_us(grid)
        self.login = self.names.index(LOGIN) if LOGIN in self.names else -1
        cells = accounts * grid.weeks
        self.events, self.logins = np.zeros(cells), np.zeros(cells)
        self.last_event, self.last_login = np.full(cells, NEVER), np.full(cells, NEVER)
        # One place more than members: it takes the rows that have none.
        self.features = np.zeros(cells * len(self.names) + 1, dtype=np.uint16)
        self.users = np.zeros(len(self.user_account) * grid.weeks + 1, dtype=np.uint16)
        self.late: list[tuple[Ints, Ints, Floats, NDArray[np.bool_]]] = []

    def add(self, batch: pa.RecordBatch, sign: int) -> None:
        """Add a batch of events, or with sign −1 take back the amounts of repeated ones."""
        account, feature, user, time, known_at, amount = (column.to_numpy() for column in batch.columns)
        accounts, weeks = self.shape
        week = week_of(time.view(np.int64), self.start)
        cell, lateness = account * weeks + week, week_of(known_at.view(np.int64), self.start) - week
        amount, login, late = sign * exact(amount), np.flatnonzero(feature == self.login), np.flatnonzero(lateness)
        _add_at(self.events, cell, amount)
        _add_at(self.logins, cell[login], amount[login])
        if len(late):
            self.late.append((cell[late], lateness[late], amount[late], feature[late] == self.login))
        if sign < 0:
            return
        seen = cell + lateness
        np.maximum.at(self.last_event, seen, time.view(np.int64))
        np.maximum.at(self.last_login, seen[login], time.view(np.int64)[login])
        people = len(self.user_account)
        _mark(self.features, (week * accounts + account) * len(self.names) + feature, late, lateness)
        _mark(self.users, np.where(user >= 0, week * people + user, -1), late, lateness)

    def result(self) -> Activity:
        """Return what has been collected."""
        accounts, weeks = self.shape
        owner = np.repeat(np.arange(accounts), len(self.names))
        features = Presence(self.features[:-1].reshape(weeks, len(owner)), owner, accounts)
        users = Presence(self.users[:-1].reshape(weeks, len(self.user_account)), self.user_account, accounts)
        return Activity(
            events=self._flow(self.events, logins=False),
            logins=self._flow(self.logins, logins=True),
            last_event=np.maximum.accumulate(self.last_event.reshape(self.shape), axis=1),
            last_login=np.maximum.accumulate(self.last_login.reshape(self.shape), axis=1),
            logins_since=int((self.last_login.reshape(self.shape) != NEVER).any(axis=0).argmax())
            if (self.last_login != NEVER).any()
            else weeks,
            first_week=self._first_week(features),
            users=users if self.has_users else None,
            features=features,
            feature_names=self.names,
        )

    def _flow(self, amount: Floats, *, logins: bool) -> Flow:
        parts = [[rows[login | (not logins)] for rows in part] for *part, login in self.late]
        cell, lateness, late = [np.concatenate(part) for part in zip(*parts, strict=True)] or [
            np.empty(0, np.int64)
        ] * 3
        account, week = np.divmod(cell, self.shape[1])
        return Flow(amount.reshape(self.shape), account, week, week + lateness, late.astype(np.float64))

    def _first_week(self, features: Presence) -> Ints:
        """Return per account and week the earliest event week known by then; the grid's length before the first."""
        accounts, weeks = self.shape
        soonest = features.prompt.reshape(weeks, accounts, len(self.names)).max(axis=2, initial=0)
        week, account = np.nonzero(soonest)
        known = week + (ON_TIME - soonest[week, account]).astype(np.int64)
        earliest = -running_latest(self.shape, account, known, -week)
        return np.where(earliest == NEVER, weeks, earliest)


def _add_at(total: Floats, cell: Ints, amount: Floats) -> None:
    """Add amounts to cells; a batch touches a short stretch of them, so only that stretch is counted."""
    if len(cell):
        low = int(cell.min())
        part = np.bincount(cell - low, weights=amount)
        total[low : low + len(part)] += part


def _mark(prompt: NDArray[np.uint16], cell: Ints, late: Ints, lateness: Ints) -> None:
    """Keep the greatest promptness per cell; the last place takes what does not count."""
    on_time = cell.copy()
    on_time[late] = -1
    prompt[on_time] = ON_TIME
    np.maximum.at(prompt, cell[late], ON_TIME - lateness[late].astype(np.uint16))


def _one(book: Book, query: str, *values: str) -> int:
    return int(book.con.execute(query, list(values)).fetchall()[0][0])


def _user_accounts(book: Book) -> Ints:
    if not book.has("usage", "user_id"):
        return np.empty(0, dtype=np.int64)
    found = book.con.execute("SELECT account FROM user_codes ORDER BY member").fetchnumpy()["account"]
    return np.asarray(found, dtype=np.int64)
