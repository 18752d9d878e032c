"""What past lists say about retention: how renewals ended, and what was expected of past quarters."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import func, select

from serving.happened import CHURN, outcomes_of
from serving.kept import Kept
from serving.past_counts import HORIZON
from serving.past_reading import Header, Mark
from serving.retention import Contracts, Estimate, Retention, Seen, first_quarter, retention
from serving.schema import list_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection, Engine

APART = 28
"""Days between the past lists that are read: each renewal then lies FAR days ahead of just one of them."""
FAR = (90, 118)
"""Days from a list to the renewals that it tells of: before most notices, which would take accounts off the list."""
RENEWED_BY = FAR[1] + 35
"""Days after a list by which who renews, on time or late, is on the lists again."""
NOT_AFTER = RENEWED_BY + 60
QUARTER_AGO = 91
AGO = (35, 120)
"""Days between a list and the earlier one that tells how often a contract ends."""
SHORT = 100
"""A contract whose renewal moved on by no more days than this ends again within a quarter or so."""
NONE = Seen(0, 0)
ASKED_AT_ONCE = 500


@dataclass(frozen=True)
class PastQuarter:
    """The 90 days after one mature list: what was expected of them and what came."""

    as_of: date
    expected: Estimate
    actual: float
    """Share of the ARR of accounts with a known outcome that had not left."""

    @property
    def inside(self) -> bool:
        """Whether what came lies within the interval."""
        return self.expected.low <= self.actual <= self.expected.high


@dataclass(frozen=True)
class Outlook:
    """What is expected of the coming quarters, and how it was with past ones."""

    retention: Retention | None
    past: tuple[PastQuarter, ...]
    """Of every fourth mature list, the newest first; their quarters overlap."""
    without_arr: int
    """Accounts on the list whose ARR is not known."""


@dataclass(frozen=True)
class _Quarter:
    past: PastQuarter | None
    longer: Seen
    shorter: Seen | None
    """None where no earlier list tells how often contracts end."""


@dataclass(frozen=True)
class _Read:
    accounts: Sequence[str]
    contracts: Contracts
    without_arr: int


_quarters: Kept[_Quarter] = Kept(200)
_outlooks: Kept[Outlook] = Kept(20)


def outlook(engine: Engine, shown: Header, found: Sequence[Header]) -> Outlook:
    """Return the expected retention from the list that is shown, and the backtest on the lists that are mature.

    Only lists whose 90 days had passed by the shown list's as-of date speak, so that a list of the past shows what
    could have been known.
    """
    mature = [
        header
        for header in found
        if header.mark.matured_days >= HORIZON and (shown.as_of - header.as_of).days >= HORIZON
    ]
    spaced = _spaced(mature, APART)
    marks: tuple[Mark, ...] = tuple(header.mark for header in spaced)
    key = (shown.list_id, *(header.list_id for header in found), *marks)
    return _outlooks.get(engine, key, lambda: _outlook(engine, shown, found, spaced))


def _outlook(engine: Engine, shown: Header, found: Sequence[Header], spaced: Sequence[Header]) -> Outlook:
    with engine.connect() as connection:
        quarters = [
            _quarters.get(engine, *_lazily(connection, header, found, _later(header, shown, found)))
            for header in spaced
        ]
        now = _with_terms(connection, _read(connection, shown), shown, found)
    longer = _added([quarter.longer for quarter in quarters])
    shorter = _added([quarters[place].shorter or NONE for place in _quarters_apart(spaced)])
    return Outlook(
        retention=retention(now.contracts, longer, shorter, terms_known=_earlier(shown, found) is not None),
        past=tuple(quarter.past for quarter in quarters if quarter.past is not None),
        without_arr=now.without_arr,
    )


def _quarters_apart(spaced: Sequence[Header]) -> list[int]:
    apart = {header.list_id for header in _spaced(spaced, HORIZON)}
    return [place for place, header in enumerate(spaced) if header.list_id in apart]


def _lazily(
    connection: Connection, header: Header, found: Sequence[Header], later: Header | None
) -> tuple[Hashable, Callable[[], _Quarter]]:
    key = (header.list_id, header.mark, later and later.list_id)
    return key, lambda: _quarter(connection, header, found, later)


def _later(header: Header, shown: Header, found: Sequence[Header]) -> Header | None:
    """Return the first list that tells who renewed, up to the one that is shown."""
    after = [
        each
        for each in found
        if RENEWED_BY <= (each.as_of - header.as_of).days <= NOT_AFTER and each.as_of <= shown.as_of
    ]
    return min(after, key=lambda each: each.as_of, default=None)


def _spaced(newest_first: Sequence[Header], days: int) -> list[Header]:
    """Return lists at least so many days apart, from the newest on."""
    chosen: list[Header] = []
    for header in newest_first:
        if not chosen or (chosen[-1].as_of - header.as_of).days >= days:
            chosen.append(header)
    return chosen


def _added(seen: Sequence[Seen]) -> Seen:
    return Seen(sum(each.renewals for each in seen), sum(each.churned for each in seen))


def _quarter(connection: Connection, header: Header, found: Sequence[Header], later: Header | None) -> _Quarter:
    read = _with_terms(connection, _read(connection, header), header, found)
    became = outcomes_of(connection, [header.list_id])[header.list_id]
    kinds = [became[account].kind if account in became else None for account in read.accounts]
    churned = np.array([kind == CHURN for kind in kinds], dtype=bool)
    known = churned | np.array([kind is None for kind in kinds], dtype=bool)
    short = known & read.contracts.short
    return _Quarter(
        past=_past(header, read.contracts, known, churned),
        longer=NONE if later is None else _renewed(connection, read, known, later),
        shorter=Seen(int(short.sum()), int((short & churned).sum())) if _earlier(header, found) else None,
    )


def _renewed(connection: Connection, read: _Read, known: NDArray[np.bool_], later: Header) -> Seen:
    """Return how many renewals lay FAR ahead, and how many of these accounts are on the later list no more."""
    book = read.contracts
    far = known & ~book.short & (book.renewal >= FAR[0]) & (book.renewal < FAR[1])
    accounts = [read.accounts[place] for place in np.flatnonzero(far).tolist()]
    there = 0
    for start in range(0, len(accounts), ASKED_AT_ONCE):
        some = list_rows.c.account_id.in_(accounts[start : start + ASKED_AT_ONCE])
        count = select(func.count()).select_from(list_rows).where(list_rows.c.list_id == later.list_id, some)
        there += connection.scalar(count) or 0
    return Seen(len(accounts), len(accounts) - there)


def _past(header: Header, book: Contracts, known: NDArray[np.bool_], churned: NDArray[np.bool_]) -> PastQuarter | None:
    chosen = Contracts(*(getattr(book, name)[known] for name in Contracts.__dataclass_fields__))
    expected = first_quarter(chosen)
    if expected is None:
        return None
    return PastQuarter(header.as_of, expected, float(1 - book.arr[churned].sum() / chosen.arr.sum()))


def _read(connection: Connection, header: Header) -> _Read:
    names = ("account_id", "arr", "risk_90", "risk_90_low", "risk_90_high", "renewal_date")
    mine = select(*(list_rows.c[name] for name in names)).where(list_rows.c.list_id == header.list_id)
    rows = connection.execute(mine).all()
    with_arr = [row for row in rows if row.arr is not None]
    accounts, *columns = list(zip(*with_arr, strict=True)) or [()] * len(names)
    today = header.as_of.toordinal()
    renewal = [None if each is None else each.toordinal() - today for each in columns[-1]]
    arr, risk, low, high, ahead = (_floats(column) for column in (*columns[:-1], renewal))
    contracts = Contracts(arr, risk, low, high, ahead, np.zeros(len(arr), dtype=bool))
    return _Read(accounts, contracts, len(rows) - len(with_arr))


def _floats(column: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in column], dtype=float)


def _with_terms(connection: Connection, read: _Read, header: Header, found: Sequence[Header]) -> _Read:
    """Return the same with those contracts marked whose renewal moved on by a quarter or less since an earlier list."""
    earlier = _earlier(header, found)
    if earlier is None:
        return read
    before = _renewals(connection, earlier)
    today = header.as_of.toordinal()
    moved = np.array([today - before.get(account, np.nan) for account in read.accounts]) + read.contracts.renewal
    return replace(read, contracts=replace(read.contracts, short=(moved > 0) & (moved <= SHORT)))


def _earlier(header: Header, found: Sequence[Header]) -> Header | None:
    """Return the list nearest to a quarter before."""
    ago = {(header.as_of - each.as_of).days: each for each in found}
    days = min(
        (days for days in ago if AGO[0] <= days <= AGO[1]), key=lambda days: abs(days - QUARTER_AGO), default=None
    )
    return None if days is None else ago[days]


def _renewals(connection: Connection, header: Header) -> Mapping[str, float]:
    query = select(list_rows.c.account_id, list_rows.c.renewal_date).where(
        list_rows.c.list_id == header.list_id, list_rows.c.renewal_date.is_not(None)
    )
    return {account: float(renewal.toordinal()) for account, renewal in connection.execute(query)}
