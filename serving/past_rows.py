"""What came of each account of one past list that was above the lowest band."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, and_, func, select

from serving.happened import CHURN
from serving.past_reading import Header, headers
from serving.risk_list import find_list
from serving.schema import list_rows
from serving.schema_history import list_outcomes

if TYPE_CHECKING:
    from sqlalchemy import Engine

PAGE_ROWS = 50
COLUMNS = ("rank", "account_id", "name", "owner", "band", "risk_90", "risk_60_90", "arr", "renewal_date")


@dataclass(frozen=True)
class PastRow:
    """One account as the list had it, and what came of it; risks are probabilities, ARR is per year."""

    rank: int
    account_id: str
    name: str | None
    owner: str | None
    band: str
    risk_90: float
    risk_60_90: float
    arr: float | None
    renewal_date: date | None
    left_on: date | None
    """The day on which the account left, None where it is not known to have left."""
    days: int | None
    """Days after the as-of date in which it left, or left view."""
    left_view: bool


@dataclass(frozen=True)
class PastRows:
    """One page of a past list's accounts above the lowest band, in rank order."""

    header: Header
    rows: tuple[PastRow, ...]
    first: int
    """Number of the first row among all, from 1."""
    total: int

    @property
    def last(self) -> int:
        """Number of the last row of this page."""
        return self.first + len(self.rows) - 1


def past_rows(engine: Engine, as_of: date, sees: str | None, page: int = 1) -> PastRows:
    """Return a page (from 1) of the accounts above the lowest band, all or those that `sees` owned on the list.

    Raises UsageError when no list was published for the date.
    """
    with engine.connect() as connection:
        list_id = find_list(connection, as_of).id
        header = next(each for each in headers(connection) if each.list_id == list_id)
        mine = and_(list_rows.c.list_id == list_id, list_rows.c.band != header.bands[-1])
        if sees is not None:
            mine = and_(mine, list_rows.c.owner == sees)
        total = connection.scalar(select(func.count()).select_from(list_rows).where(mine)) or 0
        became = and_(
            list_outcomes.c.list_id == list_rows.c.list_id, list_outcomes.c.account_id == list_rows.c.account_id
        )
        query = (
            select(*(list_rows.c[name] for name in COLUMNS), list_outcomes.c.kind, list_outcomes.c.days)
            .outerjoin(list_outcomes, became)
            .where(mine)
            .order_by(list_rows.c.rank)
            .limit(PAGE_ROWS)
            .offset((page - 1) * PAGE_ROWS)
        )
        rows = tuple(_row(row, as_of) for row in connection.execute(query))
    return PastRows(header, rows, (page - 1) * PAGE_ROWS + 1, total)


def _row(row: Row[Any], as_of: date) -> PastRow:
    # Day 1 begins with the as-of date itself.
    left_on = as_of + timedelta(days=row.days - 1) if row.kind == CHURN else None
    known = {name: getattr(row, name) for name in COLUMNS}
    return PastRow(**known, left_on=left_on, days=row.days, left_view=row.kind is not None and left_on is None)
