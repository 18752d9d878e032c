"""What drives the list: how many accounts are on it for which driver, against the list before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, and_, func, select

from serving.risk_list import PublishedList, find_list, list_header
from serving.schema import list_rows, reasons


@dataclass(frozen=True)
class TopDriver:
    """How many accounts are on the list for one driver."""

    driver: str
    accounts: int
    """With the driver as their first reason, as their ARR at risk."""
    named: int
    """With the driver among all their reasons."""
    arr_at_risk: float
    change: int | None
    """Of `accounts` against the list before; None on a first list, as the next one."""
    change_named: int | None


def top_drivers(connection: Connection, header: PublishedList) -> tuple[TopDriver, ...]:
    """Return the drivers of a list's accounts above the lowest band, the most frequent first reason first."""
    now = _listed(connection, header)
    before = None
    if header.previous_as_of is not None:
        before = _listed(connection, list_header(connection, find_list(connection, header.previous_as_of).id))
    made = []
    for driver in {**now, **(before or {})}:
        here, earlier = now.get(driver, _NOWHERE), None if before is None else before.get(driver, _NOWHERE)
        changes = (None, None) if earlier is None else (here.first - earlier.first, here.named - earlier.named)
        made.append(TopDriver(driver, here.first, here.named, here.arr_at_risk, *changes))
    return tuple(sorted(made, key=lambda each: (-each.accounts, -each.named, each.driver)))


class _Listed(NamedTuple):
    first: int
    named: int
    arr_at_risk: float


_NOWHERE = _Listed(0, 0, 0.0)


def _listed(connection: Connection, header: PublishedList) -> dict[str, _Listed]:
    lowest = header.settings.band_names[-1]
    first, named = _by_driver(connection, header.list_id, lowest), _named(connection, header.list_id, lowest)
    return {
        driver: _Listed(first.get(driver, (0, 0.0))[0], named.get(driver, 0), first.get(driver, (0, 0.0))[1])
        for driver in {**first, **named}
    }


def _by_driver(connection: Connection, list_id: int, lowest: str) -> dict[str, tuple[int, float]]:
    """Return accounts and ARR at risk per driver of the first reason, above the lowest band."""
    # Lists from before drivers were kept with the rows have them with their reasons.
    first = and_(
        reasons.c.list_id == list_rows.c.list_id,
        reasons.c.account_id == list_rows.c.account_id,
        reasons.c.position == 1,
    )
    driver = func.coalesce(list_rows.c.driver, reasons.c.driver)
    query = (
        select(driver, func.count(), func.coalesce(func.sum(list_rows.c.arr_at_risk), 0.0))
        .outerjoin(reasons, first)
        .where(list_rows.c.list_id == list_id, list_rows.c.band != lowest)
        .group_by(driver)
    )
    found = connection.execute(query).all()
    return {name: (accounts, float(money)) for name, accounts, money in found if name is not None}


def _named(connection: Connection, list_id: int, lowest: str) -> dict[str, int]:
    """Return per driver how many accounts above the lowest band have it among their reasons."""
    here = and_(list_rows.c.list_id == reasons.c.list_id, list_rows.c.account_id == reasons.c.account_id)
    query = (
        select(reasons.c.driver, func.count(func.distinct(reasons.c.account_id)).label("accounts"))
        .join(list_rows, here)
        .where(reasons.c.list_id == list_id, list_rows.c.band != lowest)
        .group_by(reasons.c.driver)
    )
    return {row.driver: row.accounts for row in connection.execute(query)}
