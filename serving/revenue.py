"""Health and revenue of the whole book: by segment and owner, by renewal month, with what drives this week's list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select

from serving.kept import Kept
from serving.past_reading import headers
from serving.retention_history import Outlook, outlook
from serving.risk_list import PublishedList, find_list, list_header
from serving.schema import list_rows, lists, not_scored
from serving.top_drivers import TopDriver, top_drivers
from serving.workload import OwnerLoad, workload

if TYPE_CHECKING:
    from sqlalchemy import Engine

MONTHS_AHEAD = 12


@dataclass(frozen=True)
class GroupHealth:
    """The health of a segment, of an owner's accounts or of the whole book; money is per year."""

    name: str | None
    """None for accounts without one."""
    accounts: int
    arr: float
    health: float
    """Mean over accounts, 0 to 100."""
    health_by_arr: float | None
    """Mean weighted by ARR; None where no ARR is known."""
    arr_at_risk: float
    bands: Mapping[str, int]
    """Accounts per band, the highest first."""


@dataclass(frozen=True)
class RenewalMonth:
    """Contracts that end in one month."""

    month: date | None
    """First day of the month; None for those that end later and for those without a date."""
    title: str
    """`month`, `later` or `no date`."""
    accounts: int
    arr: float
    arr_at_risk: float


@dataclass(frozen=True)
class Unscored:
    """Accounts whose contract runs on, that were scored before and are not now, most often because of a notice."""

    accounts: int
    arr: float
    """As it was when they were scored last."""


@dataclass(frozen=True)
class RevenueView:
    """What managers see of the book in one week."""

    header: PublishedList
    whole: GroupHealth
    segments: tuple[GroupHealth, ...]
    """The most ARR at risk first, as with owners."""
    owners: tuple[GroupHealth, ...]
    renewals: tuple[RenewalMonth, ...]
    """The month of the as-of date and the eleven after it, then later, then no date."""
    drivers: tuple[TopDriver, ...]
    """The most accounts first."""
    unscored: Unscored
    outlook: Outlook
    load: tuple[OwnerLoad, ...]
    """The most work above capacity first."""


@dataclass(frozen=True)
class _Week:
    whole: GroupHealth
    segments: tuple[GroupHealth, ...]
    owners: tuple[GroupHealth, ...]
    renewals: tuple[RenewalMonth, ...]
    drivers: tuple[TopDriver, ...]
    unscored: Unscored


_weeks: Kept[_Week] = Kept(8)


def revenue(engine: Engine, as_of: date | None = None, *, today: date, capacity_per_owner: int = 0) -> RevenueView:
    """Return health and revenue on the current list or the one of `as_of`; snoozes are those of `today`.

    `capacity_per_owner` 0 shares the list's capacity among the owners. Raises UsageError when no such list exists.
    """
    with engine.connect() as connection:
        header = list_header(connection, find_list(connection, as_of).id)
        found = headers(connection)
        week = _weeks.get(engine, header.list_id, lambda: _week(connection, header))
        load = workload(connection, header, today=today, capacity_per_owner=capacity_per_owner)
    shown = next(each for each in found if each.list_id == header.list_id)
    return RevenueView(header=header, outlook=outlook(engine, shown, found), load=load, **vars(week))


def _week(connection: Connection, header: PublishedList) -> _Week:
    names = ("segment", "owner", "arr", "arr_at_risk", "health", "band", "renewal_date")
    mine = select(*(list_rows.c[name] for name in names)).where(list_rows.c.list_id == header.list_id)
    rows = connection.execute(mine).all()
    return _Week(
        whole=_health(None, rows, header.settings.band_names),
        segments=_groups(rows, lambda row: row.segment, header),
        owners=_groups(rows, lambda row: row.owner, header),
        renewals=_renewals(rows, header.as_of),
        drivers=top_drivers(connection, header),
        unscored=_unscored(connection, header),
    )


def _groups(
    rows: Iterable[Row[Any]], name_of: Callable[[Row[Any]], str | None], header: PublishedList
) -> tuple[GroupHealth, ...]:
    by_name: defaultdict[str | None, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        by_name[name_of(row)].append(row)
    made = [_health(name, members, header.settings.band_names) for name, members in by_name.items()]
    return tuple(sorted(made, key=lambda group: (-group.arr_at_risk, group.name or "")))


def _health(name: str | None, rows: Sequence[Row[Any]], bands: Sequence[str]) -> GroupHealth:
    arr = sum(row.arr or 0.0 for row in rows)
    counts = dict.fromkeys(bands, 0)
    for row in rows:
        counts[row.band] += 1
    return GroupHealth(
        name=name,
        accounts=len(rows),
        arr=arr,
        health=sum(row.health for row in rows) / max(len(rows), 1),
        health_by_arr=sum(row.health * (row.arr or 0.0) for row in rows) / arr if arr else None,
        arr_at_risk=sum(row.arr_at_risk or 0.0 for row in rows),
        bands=counts,
    )


def _renewals(rows: Iterable[Row[Any]], as_of: date) -> tuple[RenewalMonth, ...]:
    first = as_of.year * 12 + as_of.month - 1
    by_month: defaultdict[int | str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        ends = row.renewal_date
        # A contract that ended before the as-of date and is still scored belongs to what ends now.
        month = "no date" if ends is None else max(first, ends.year * 12 + ends.month - 1)
        by_month["later" if isinstance(month, int) and month >= first + MONTHS_AHEAD else month].append(row)
    months = [_month(date(m // 12, m % 12 + 1, 1), "month", by_month[m]) for m in range(first, first + MONTHS_AHEAD)]
    return (*months, _month(None, "later", by_month["later"]), _month(None, "no date", by_month["no date"]))


def _month(month: date | None, title: str, rows: Sequence[Row[Any]]) -> RenewalMonth:
    return RenewalMonth(
        month, title, len(rows), sum(row.arr or 0.0 for row in rows), sum(row.arr_at_risk or 0.0 for row in rows)
    )


def _unscored(connection: Connection, header: PublishedList) -> Unscored:
    runs_on = (
        select(list_rows.c.account_id, list_rows.c.arr)
        .join(not_scored, not_scored.c.account_id == list_rows.c.account_id)
        .join(lists, lists.c.id == list_rows.c.list_id)
        .where(not_scored.c.list_id == header.list_id, lists.c.as_of < header.as_of)
        .where(list_rows.c.renewal_date >= header.as_of)
        .order_by(lists.c.as_of)
    )
    # The newest list that scored an account comes last and counts.
    newest = {row.account_id: row.arr or 0.0 for row in connection.execute(runs_on)}
    return Unscored(len(newest), sum(newest.values()))
