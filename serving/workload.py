"""How much work each owner has this week, against how much they can do."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from serving.schema import list_rows
from serving.schema_acting import account_states

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

    from serving.risk_list import PublishedList

SOON = 30
"""Days within which a notice deadline is near."""


@dataclass(frozen=True)
class OwnerLoad:
    """One owner's accounts above the lowest band of the list, against the owner's capacity."""

    owner: str | None
    """None for accounts that nobody owns."""
    listed: int
    due: int
    """Of them with a notice deadline within 30 days of the as-of date."""
    untouched: int
    """Of them without any action so far."""
    snoozed: int
    capacity: int
    """Accounts that one owner can work per week; 0 for accounts that nobody owns."""

    @property
    def over(self) -> int:
        """Accounts that are not snoozed above the capacity."""
        return max(0, self.listed - self.snoozed - self.capacity)


def workload(
    connection: Connection, header: PublishedList, *, today: date, capacity_per_owner: int = 0
) -> tuple[OwnerLoad, ...]:
    """Return the load of everybody who owns an account of the list, the most above capacity first.

    `capacity_per_owner` 0 shares the list's capacity among the owners, rounded up.
    """
    here = list_rows.c.list_id == header.list_id
    owners = set(connection.scalars(select(func.distinct(list_rows.c.owner)).where(here)))
    each = capacity_per_owner or ceil(header.settings.capacity / max(len(owners - {None}), 1))
    listed: defaultdict[str | None, list[Row[Any]]] = defaultdict(list)
    query = (
        select(
            list_rows.c.owner, list_rows.c.notice_deadline, account_states.c.last_action, account_states.c.snooze_until
        )
        .outerjoin(account_states, account_states.c.account_id == list_rows.c.account_id)
        .where(here, list_rows.c.band != header.settings.band_names[-1])
    )
    for row in connection.execute(query):
        listed[row.owner].append(row)
    made = [_load(owner, listed[owner], header.as_of, today, each) for owner in owners | set(listed)]
    return tuple(sorted(made, key=lambda load: (-load.over, -load.listed, load.owner is None, load.owner or "")))


def _load(owner: str | None, rows: Sequence[Row[Any]], as_of: date, today: date, capacity: int) -> OwnerLoad:
    soon = as_of + timedelta(days=SOON)
    return OwnerLoad(
        owner=owner,
        listed=len(rows),
        due=sum(row.notice_deadline is not None and as_of <= row.notice_deadline <= soon for row in rows),
        untouched=sum(row.last_action is None for row in rows),
        snoozed=sum(row.snooze_until is not None and row.snooze_until > today for row in rows),
        capacity=capacity if owner is not None else 0,
    )
