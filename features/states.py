"""What rows with a start and an end say at every week: contracts, sponsors, tickets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.book import Book
from features.calendar import WeekGrid
from features.grid import NEVER, AsOfs, Floats, Flow, Ints, running_latest, spread, week_of
from features.rollup import epoch_us

DAY_US = 86_400_000_000
SEVERE = ("high", "urgent", "critical", "blocker", "1", "p1", "sev1")


class Rows:
    """The rows of one small table whose accounts are known, as arrays; times in microseconds, NEVER where null."""

    def __init__(self, book: Book, grid: WeekGrid, table: str, columns: str, where: str = "true") -> None:
        query = f"""
            SELECT a.account, {columns} FROM {table} t JOIN account_codes a ON a.account_id = t.account_id
            WHERE ({where}) AND t.known_at < TIMESTAMP '{grid.last}' ORDER BY ALL"""
        self._found = book.con.execute(query).fetchnumpy()
        self._start = epoch_us(grid)
        self.weeks = grid.weeks
        self.account = np.asarray(self._found["account"], dtype=np.int64)

    def __len__(self) -> int:
        return len(self.account)

    def numbers(self, name: str) -> Floats:
        """Return a numeric column; NaN where null."""
        values = self._found[name]
        return np.ma.filled(np.ma.asarray(values).astype(np.float64), np.nan)

    def times(self, name: str) -> Ints:
        """Return a time column in microseconds."""
        values = np.ma.filled(np.ma.asarray(self._found[name]).astype("datetime64[us]"), np.datetime64("NaT"))
        return values.astype(np.int64)

    def week(self, name: str) -> Ints:
        """Return the week that holds the time (before the grid: negative); the number of weeks where it is null."""
        times = self.times(name)
        week = week_of(times, self._start)
        return np.where(times == NEVER, self.weeks, np.minimum(week, self.weeks))


@dataclass(frozen=True)
class Terms:
    """The contract in force just before each week's end (accounts × weeks); NaN where none is."""

    arr: Floats
    seats: Floats
    ends: Floats
    """End of the contract that ends last, in microseconds; +inf where it has no end."""
    started: Floats
    first_started: Floats
    auto_renew: Floats
    notice_days: Floats
    noticed: Floats
    """When notice was received, if that was known; in microseconds."""
    last_ended: Ints
    """End of the latest contract that has run out, in microseconds."""
    count: Floats
    """Contracts that have begun so far."""

    @property
    def in_force(self) -> NDArray[np.bool_]:
        """Where a contract is in force."""
        return ~np.isnan(self.arr)


_TERM_COLUMNS = """started_at, ends_at, t.known_at, mrr, CAST(seats AS DOUBLE) AS seats,
    CAST(auto_renew AS INTEGER) AS auto_renew, CAST(notice_days AS DOUBLE) AS notice_days, noticed_at"""


def terms(book: Book, grid: WeekGrid, accounts: int) -> Terms:
    """Read the subscriptions; several in force at once add up, and the one that ends last gives the dates."""
    rows = Rows(book, grid, "subscriptions", _TERM_COLUMNS)
    shape = (accounts, grid.weeks)
    every = AsOfs(np.arange(grid.weeks), grid.weeks)
    begun = np.maximum(rows.week("started_at"), rows.week("known_at"))
    over = np.maximum(rows.week("ends_at"), begun)
    row, week = spread(every, begun, over)
    cell = rows.account[row] * grid.weeks + week
    ends = rows.times("ends_at").astype(np.float64)
    ends[rows.times("ends_at") == NEVER] = np.inf
    started = rows.times("started_at").astype(np.float64)
    main = _main(ends, started, cell, row, shape)

    def of_main(values: Floats) -> Floats:
        return np.where(main >= 0, np.r_[values, np.nan][main], np.nan)

    noticed_week, noticed = rows.week("noticed_at"), rows.times("noticed_at").astype(np.float64)
    told = np.where(main >= 0, np.r_[noticed_week, grid.weeks][main], grid.weeks) <= np.arange(grid.weeks)
    return Terms(
        arr=_total(12 * rows.numbers("mrr"), cell, row, shape),
        seats=_total(rows.numbers("seats"), cell, row, shape),
        ends=of_main(ends),
        started=of_main(started),
        first_started=_earliest(shape, rows.account, begun, rows.times("started_at")),
        auto_renew=of_main(rows.numbers("auto_renew")),
        notice_days=of_main(rows.numbers("notice_days")),
        noticed=np.where(told, of_main(noticed), np.nan),
        last_ended=running_latest(shape, rows.account, over, rows.times("ends_at")),
        count=np.cumsum(_tally(shape, rows.account, begun), axis=1),
    )


def _main(ends: Floats, started: Floats, cell: Ints, row: Ints, shape: tuple[int, int]) -> Ints:
    """Return per cell the row that ends last (then the one that started last); −1 where there is none."""
    order = np.lexsort((np.arange(len(ends)), started, ends))
    rank = np.empty(len(ends), dtype=np.int64)
    rank[order] = np.arange(len(ends))
    best = np.full(shape[0] * shape[1], -1, dtype=np.int64)
    np.maximum.at(best, cell, rank[row])
    return np.where(best >= 0, np.r_[order, -1][best], -1).reshape(shape)


def _total(values: Floats, cell: Ints, row: Ints, shape: tuple[int, int]) -> Floats:
    """Add up values per cell; NaN where no row has a value."""
    given = ~np.isnan(values[row])
    size = shape[0] * shape[1]
    total = np.bincount(cell[given], weights=values[row][given], minlength=size).astype(np.float64)
    total[np.bincount(cell[given], minlength=size) == 0] = np.nan
    return total.reshape(shape)


def _tally(shape: tuple[int, int], account: Ints, week: Ints) -> Floats:
    inside = week < shape[1]
    flat = account[inside] * shape[1] + np.maximum(week[inside], 0)
    return np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)


def _earliest(shape: tuple[int, int], account: Ints, known: Ints, time: Ints) -> Floats:
    found = running_latest(shape, account, known, -time)
    return np.where(found == NEVER, np.nan, -found.astype(np.float64))


@dataclass(frozen=True)
class Sponsors:
    """Who owns the purchase at the account, as recorded at each week's end (accounts × weeks)."""

    now: Floats
    ever: NDArray[np.bool_]
    last_left: Ints
    last_came: Ints
    left: Flow
    came: Flow


def sponsors(book: Book, grid: WeekGrid, accounts: int) -> Sponsors:
    """Read the contacts with role `sponsor`; an end is seen only once it has passed."""
    rows = Rows(book, grid, "contacts", "started_at, ended_at, t.known_at", "lower(role) = 'sponsor'")
    shape = (accounts, grid.weeks)
    came = np.maximum(rows.week("started_at"), rows.week("known_at"))
    left = np.maximum(rows.week("ended_at"), came)
    row, week = spread(AsOfs(np.arange(grid.weeks), grid.weeks), came, left)
    one = np.ones(len(rows))
    return Sponsors(
        now=np.bincount(rows.account[row] * grid.weeks + week, minlength=shape[0] * shape[1])
        .reshape(shape)
        .astype(np.float64),
        ever=np.cumsum(_tally(shape, rows.account, came), axis=1) > 0,
        last_left=running_latest(shape, rows.account, left, rows.times("ended_at")),
        last_came=running_latest(shape, rows.account, came, rows.times("started_at")),
        left=Flow.of(shape, rows.account, rows.week("ended_at"), left, one),
        came=Flow.of(shape, rows.account, rows.week("started_at"), came, one),
    )


@dataclass(frozen=True)
class Tickets:
    """Support tickets as known at each week's end."""

    opened: Flow
    severe: Flow
    reopened: Flow
    closed: Flow
    days_to_close: Flow
    rated: Flow
    csat: Flow
    open_now: Floats
    oldest_open: Floats
    """When the oldest open ticket was opened, in microseconds; NaN where none is open."""


_TICKET_COLUMNS = """opened_at, closed_at, reopened_at, t.known_at, csat,
    CASE WHEN lower(CAST(severity AS VARCHAR)) IN (SELECT unnest({severe})) THEN 1 ELSE 0 END AS severe"""


def tickets(book: Book, grid: WeekGrid, accounts: int) -> Tickets:
    """Read the tickets; closing, reopening and rating are seen once they have happened (a rating with the closing)."""
    rows = Rows(book, grid, "tickets", _TICKET_COLUMNS.format(severe=list(SEVERE)))
    shape = (accounts, grid.weeks)
    opened, known = rows.week("opened_at"), rows.week("known_at")
    closed = np.maximum(rows.week("closed_at"), known)
    csat, days = rows.numbers("csat"), (rows.times("closed_at") - rows.times("opened_at")) / DAY_US
    rated = (~np.isnan(csat)).astype(np.float64)

    def flow(week: Ints, amount: Floats) -> Flow:
        return Flow.of(shape, rows.account, week, np.maximum(week, known), amount)

    row, week = spread(AsOfs(np.arange(grid.weeks), grid.weeks), known, closed)
    cell = rows.account[row] * grid.weeks + week
    oldest = np.full(shape[0] * shape[1], np.inf)
    np.minimum.at(oldest, cell, rows.times("opened_at")[row].astype(np.float64))
    one = np.ones(len(rows))
    return Tickets(
        opened=flow(opened, one),
        severe=flow(opened, rows.numbers("severe")),
        reopened=flow(rows.week("reopened_at"), one),
        closed=flow(closed, one),
        days_to_close=flow(closed, days),
        rated=flow(closed, rated),
        csat=flow(closed, np.where(rated > 0, csat, 0.0)),
        open_now=np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64),
        oldest_open=np.where(np.isinf(oldest), np.nan, oldest).reshape(shape),
    )


def attribute_versions(
    book: Book, grid: WeekGrid, accounts: int, columns: Sequence[str]
) -> tuple[Ints, list[NDArray[np.object_]]]:
    """Return the row of the account's attributes in force at each week's end (−1: none) and the columns' values.

    Of several versions the one that holds since last counts; each is seen from its own time on.
    """
    names = ", ".join(f"t.{column}" for column in columns)
    query = f"""
        SELECT a.account, t.known_at, {names} FROM accounts t JOIN account_codes a ON a.account_id = t.account_id
        WHERE t.known_at < TIMESTAMP '{grid.last}' ORDER BY a.account, t.known_at, {names}"""
    found = book.con.execute(query).df()
    known = week_of(found["known_at"].astype("datetime64[us]").to_numpy().astype(np.int64), epoch_us(grid))
    shape = (accounts, grid.weeks)
    account = found["account"].to_numpy(dtype=np.int64)
    latest = running_latest(shape, account, np.maximum(known, 0), np.arange(len(found)))
    return np.where(latest == NEVER, -1, latest), [found[column].to_numpy(dtype=object) for column in columns]
