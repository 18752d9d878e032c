"""What rows with a start and an end say when a week ends: contracts, sponsors, tickets.

States are arrays of accounts × the weeks at whose ends they are read (`Rows.at`). A corrected row
counts until its correction was known (`Rows.until`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.grid import NEVER, Floats, Flow, Ints
from features.rows import Rows

DAY_US = 86_400_000_000
SPONSOR = "sponsor"


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
    discount_ends: Floats
    """When the discount of the contract ends, in microseconds; NaN without one."""
    last_ended: Ints
    """End of the latest contract that has run out, in microseconds."""
    count: Floats
    """Contracts that have begun so far."""


def terms(rows: Rows) -> Terms:
    """Put the subscriptions on the grid; several in force add up, and the one that ends last gives the dates."""
    shape, weeks = rows.states, rows.shape[1]
    begun = np.maximum(rows.week("started_at"), rows.week("known_at"))
    over = np.maximum(rows.week("ends_at"), begun)
    row, cell = rows.weeks_of(begun, np.minimum(over, rows.until))
    ends = rows.times("ends_at").astype(np.float64)
    ends[rows.times("ends_at") == NEVER] = np.inf
    started = rows.times("started_at").astype(np.float64)
    main = _main(ends, started, cell, row, shape)

    def of_main(values: Floats) -> Floats:
        return np.where(main >= 0, np.r_[values, np.nan][main], np.nan)

    told = np.where(main >= 0, np.r_[rows.week("noticed_at"), weeks][main], weeks) <= rows.at.weeks
    return Terms(
        in_force=main >= 0,
        arr=_total(12 * rows.numbers("mrr"), cell, row, shape),
        seats=_total(rows.numbers("seats"), cell, row, shape),
        ends=of_main(ends),
        started=of_main(started),
        first_started=_earliest(rows, begun, rows.times("started_at")),
        auto_renew=of_main(rows.numbers("auto_renew")),
        notice_days=of_main(rows.numbers("notice_days")),
        noticed=np.where(told, of_main(rows.times("noticed_at").astype(np.float64)), np.nan),
        discount_ends=of_main(_moments(rows, "discount_ends_at")),
        last_ended=rows.latest(over, rows.times("ends_at")),
        count=_begun(rows, begun),
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


def _moments(rows: Rows, name: str) -> Floats:
    times = rows.times(name)
    return np.where(times == NEVER, np.nan, times.astype(np.float64))


def _begun(rows: Rows, first: Ints) -> Floats:
    """Return how many rows had begun by the end of each week, as they stood then."""
    first, until = rows.at.place(first), rows.at.place(rows.until)
    real = first < until
    return np.cumsum(_tally(rows, first, real) - _tally(rows, until, real), axis=1)


def _tally(rows: Rows, place: Ints, which: NDArray[np.bool_]) -> Floats:
    inside = which & (place < len(rows.at))
    return rows.count(rows.account[inside] * len(rows.at) + place[inside])


def _earliest(rows: Rows, known: Ints, time: Ints) -> Floats:
    found = rows.latest(known, -time)
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
    """Put the sponsors among the contacts on the grid; an end is seen only once it has passed."""
    rows = rows.only(rows.texts("role").are(SPONSOR))
    came = np.maximum(rows.week("started_at"), rows.week("known_at"))
    left = np.maximum(rows.week("ended_at"), came)
    one = np.ones(len(rows))
    row, cell = rows.weeks_of(came, np.minimum(left, rows.until))
    return Sponsors(
        now=rows.count(cell),
        ever=_begun(rows, came) > 0,
        last_left=rows.latest(left, rows.times("ended_at")),
        newest=_latest(rows, row, cell),
        left=Flow.of(rows.shape, rows.account, rows.week("ended_at"), left, one, rows.until),
    )


def _latest(rows: Rows, row: Ints, cell: Ints) -> Floats:
    """Return per cell the latest start among its rows; NaN where it has none."""
    found = np.full(rows.states[0] * rows.states[1], -np.inf)
    np.maximum.at(found, cell, rows.times("started_at")[row].astype(np.float64))
    return np.where(np.isinf(found), np.nan, found).reshape(rows.states)


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
    closed = rows.week("closed_at")
    csat, wait = rows.numbers("csat"), (rows.times("closed_at") - rows.times("opened_at")).astype(np.float64)
    rated = (~np.isnan(csat)).astype(np.float64)

    def flow(week: Ints, amount: Floats) -> Flow:
        return Flow.of(rows.shape, rows.account, week, np.maximum(week, known), amount, rows.until)

    row, cell = rows.weeks_of(known, np.minimum(np.maximum(closed, known), rows.until))
    oldest = np.full(rows.states[0] * rows.states[1], np.inf)
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
        oldest_open=np.where(np.isinf(oldest), np.nan, oldest).reshape(rows.states),
    )


def version(rows: Rows) -> Ints:
    """Return the row of the account's attributes in force when each week read ended; −1 where none is.

    Of several versions the latest counts; each is seen from its own time on.
    """
    latest = rows.latest(rows.week("known_at"), np.arange(len(rows)))
    return np.where(latest == NEVER, -1, latest)
