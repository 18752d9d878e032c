"""What rows with a start and an end say at every week: contracts, sponsors, tickets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.book import Book
from features.calendar import WeekGrid
from features.grid import NEVER, AsOfs, Floats, Flow, Ints, running_latest, spread, week_of
from features.rollup import epoch_us

DAY_US = 86_400_000_000
SEVERE = ("high", "urgent", "critical", "blocker", "1", "p1", "sev1")


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

    def weeks_of(self, first: Ints, stop: Ints) -> tuple[Ints, Ints]:
        """Return (row, cell of accounts × weeks) for every week in each row's half-open range `[first, stop)`."""
        row, week = spread(AsOfs(np.arange(self.shape[1]), self.shape[1]), first, stop)
        return row, self.account[row] * self.shape[1] + week

    def count(self, cell: Ints) -> Floats:
        """Return how often each cell occurs, as accounts × weeks."""
        return np.bincount(cell, minlength=self.shape[0] * self.shape[1]).reshape(self.shape).astype(np.float64)


def read_rows(book: Book, grid: WeekGrid, accounts: int, table: str, columns: str, where: str = "true") -> Rows:
    """Read the rows of a table that were known before the grid's end, without those of unknown accounts."""
    query = f"""
        SELECT a.account, {columns} FROM {table} t JOIN account_codes a ON a.account_id = t.account_id
        WHERE ({where}) AND t.known_at < TIMESTAMP '{grid.last}' ORDER BY ALL"""
    found = book.con.execute(query).fetchnumpy()
    values = {name: np.ma.asarray(column) for name, column in found.items() if name != "account"}
    return Rows(values, np.asarray(found["account"], dtype=np.int64), epoch_us(grid), (accounts, grid.weeks))


SUBSCRIPTIONS = """started_at, ends_at, t.known_at, mrr, CAST(seats AS DOUBLE) AS seats,
    CAST(auto_renew AS INTEGER) AS auto_renew, CAST(notice_days AS DOUBLE) AS notice_days, noticed_at"""
CONTACTS = "started_at, ended_at, t.known_at"
IS_SPONSOR = "lower(role) = 'sponsor'"
TICKETS = f"""opened_at, closed_at, reopened_at, t.known_at, csat,
    CASE WHEN lower(CAST(severity AS VARCHAR)) IN {SEVERE} THEN 1 ELSE 0 END AS severe"""
ATTRIBUTES = ("name", "owner", "segment", "plan")
ACCOUNTS = "t.known_at, " + ", ".join(f"t.{name}" for name in ATTRIBUTES)


@dataclass(frozen=True)
class Terms:
    """The contract in force just before each week's end (accounts × weeks); NaN where none is."""

    in_force: NDArray[np.bool_]
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


def terms(rows: Rows) -> Terms:
    """Put the subscriptions on the grid; several in force add up, and the one that ends last gives the dates."""
    shape, weeks = rows.shape, rows.shape[1]
    begun = np.maximum(rows.week("started_at"), rows.week("known_at"))
    over = np.maximum(rows.week("ends_at"), begun)
    row, cell = rows.weeks_of(begun, over)
    ends = rows.times("ends_at").astype(np.float64)
    ends[rows.times("ends_at") == NEVER] = np.inf
    started = rows.times("started_at").astype(np.float64)
    main = _main(ends, started, cell, row, shape)

    def of_main(values: Floats) -> Floats:
        return np.where(main >= 0, np.r_[values, np.nan][main], np.nan)

    told = np.where(main >= 0, np.r_[rows.week("noticed_at"), weeks][main], weeks) <= np.arange(weeks)
    return Terms(
        in_force=main >= 0,
        arr=_total(12 * rows.numbers("mrr"), cell, row, shape),
        seats=_total(rows.numbers("seats"), cell, row, shape),
        ends=of_main(ends),
        started=of_main(started),
        first_started=_earliest(shape, rows.account, begun, rows.times("started_at")),
        auto_renew=of_main(rows.numbers("auto_renew")),
        notice_days=of_main(rows.numbers("notice_days")),
        noticed=np.where(told, of_main(rows.times("noticed_at").astype(np.float64)), np.nan),
        last_ended=running_latest(shape, rows.account, over, rows.times("ends_at")),
        count=np.cumsum(_tally(rows, begun), axis=1),
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


def _tally(rows: Rows, week: Ints) -> Floats:
    inside = week < rows.shape[1]
    return rows.count(rows.account[inside] * rows.shape[1] + np.maximum(week[inside], 0))


def _earliest(shape: tuple[int, int], account: Ints, known: Ints, time: Ints) -> Floats:
    found = running_latest(shape, account, known, -time)
    return np.where(found == NEVER, np.nan, -found.astype(np.float64))


@dataclass(frozen=True)
class Sponsors:
    """Who owns the purchase at the account, as recorded at each week's end (accounts × weeks)."""

    now: Floats
    ever: NDArray[np.bool_]
    last_left: Ints
    newest: Floats
    """When the newest sponsor in office came, in microseconds; NaN where none is in office."""
    left: Flow


def sponsors(rows: Rows) -> Sponsors:
    """Put the sponsors on the grid; an end is seen only once it has passed."""
    came = np.maximum(rows.week("started_at"), rows.week("known_at"))
    left = np.maximum(rows.week("ended_at"), came)
    one = np.ones(len(rows))
    row, cell = rows.weeks_of(came, left)
    return Sponsors(
        now=rows.count(cell),
        ever=np.cumsum(_tally(rows, came), axis=1) > 0,
        last_left=running_latest(rows.shape, rows.account, left, rows.times("ended_at")),
        newest=_latest(rows, row, cell),
        left=Flow.of(rows.shape, rows.account, rows.week("ended_at"), left, one),
    )


def _latest(rows: Rows, row: Ints, cell: Ints) -> Floats:
    """Return per cell the latest start among its rows (accounts × weeks); NaN where it has none."""
    found = np.full(rows.shape[0] * rows.shape[1], -np.inf)
    np.maximum.at(found, cell, rows.times("started_at")[row].astype(np.float64))
    return np.where(np.isinf(found), np.nan, found).reshape(rows.shape)


@dataclass(frozen=True)
class Tickets:
    """Support tickets as known at each week's end."""

    opened: Flow
    severe: Flow
    reopened: Flow
    closed: Flow
    wait: Flow
    """From opening to closing, in microseconds."""
    rated: Flow
    csat: Flow
    open_now: Floats
    oldest_open: Floats
    """When the oldest open ticket was opened, in microseconds; NaN where none is open."""


def tickets(rows: Rows) -> Tickets:
    """Put the tickets on the grid; closing, reopening and rating are seen once they have happened."""
    opened, known = rows.week("opened_at"), rows.week("known_at")
    closed = np.maximum(rows.week("closed_at"), known)
    csat, wait = rows.numbers("csat"), (rows.times("closed_at") - rows.times("opened_at")).astype(np.float64)
    rated = (~np.isnan(csat)).astype(np.float64)

    def flow(week: Ints, amount: Floats) -> Flow:
        return Flow.of(rows.shape, rows.account, week, np.maximum(week, known), amount)

    row, cell = rows.weeks_of(known, closed)
    oldest = np.full(rows.shape[0] * rows.shape[1], np.inf)
    np.minimum.at(oldest, cell, rows.times("opened_at")[row].astype(np.float64))
    one = np.ones(len(rows))
    return Tickets(
        opened=flow(opened, one),
        severe=flow(opened, rows.numbers("severe")),
        reopened=flow(rows.week("reopened_at"), one),
        closed=flow(closed, one),
        wait=flow(closed, wait),
        rated=flow(closed, rated),
        csat=flow(closed, np.where(rated > 0, csat, 0.0)),
        open_now=rows.count(cell),
        oldest_open=np.where(np.isinf(oldest), np.nan, oldest).reshape(rows.shape),
    )


def version(rows: Rows) -> Ints:
    """Return the row of the account's attributes in force at each week's end (accounts × weeks); −1 where none is.

    Of several versions the latest counts; each is seen from its own time on.
    """
    latest = running_latest(rows.shape, rows.account, rows.week("known_at"), np.arange(len(rows)))
    return np.where(latest == NEVER, -1, latest)
