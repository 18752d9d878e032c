"""Which list an account page shows, and what that list has of the account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Select, select, union_all

from serving.list_row import ListRow, NotScored
from serving.risk_list import PublishedList, current_list_id, find_list, list_header, read_row
from serving.schema import list_rows, lists, not_scored

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class FoundAccount:
    """One account on one list; `row` is None where it has no score, `left` where it has one or is not there at all."""

    account_id: str
    header: Row[Any]
    published: PublishedList
    row: ListRow | None
    left: NotScored | None
    known: ListRow | NotScored | None
    """What the nearest list says of it, also where this list does not have it."""
    current: bool
    """Whether the list is the one that is shown to everybody."""
    before: date | None
    after: date | None
    """The weeks before and after whose lists have the account."""

    @property
    def as_of(self) -> date:
        """The list's week."""
        return self.published.as_of

    @property
    def name(self) -> str:
        """What the account is called."""
        return (self.known.name if self.known else None) or self.account_id

    @property
    def segment(self) -> str | None:
        """The account's segment."""
        return self.known.segment if self.known else None

    @property
    def owner(self) -> str | None:
        """Who looks after it."""
        return self.known.owner if self.known else None


def find_account(connection: Connection, account_id: str, as_of: date | None) -> FoundAccount:
    """Return the account on the list of a week; without one on the current list, or on the newest that has it.

    Raises UsageError when no list was published for the week.
    """
    weeks = connection.execute(_weeks(account_id)).all()
    header = find_list(connection, as_of)
    if as_of is None and weeks and header.as_of not in {week.as_of for week in weeks}:
        header = find_list(connection, weeks[-1].as_of)
    row, left = _on(connection, header.id, account_id)
    known = row or left or _nearest(connection, account_id, weeks, header.as_of)
    return FoundAccount(
        account_id=account_id,
        header=header,
        published=list_header(connection, header.id),
        row=row,
        left=left,
        known=known,
        current=header.id == current_list_id(connection),
        before=max((week.as_of for week in weeks if week.as_of < header.as_of), default=None),
        after=min((week.as_of for week in weeks if week.as_of > header.as_of), default=None),
    )


def _on(connection: Connection, list_id: int, account_id: str) -> tuple[ListRow | None, NotScored | None]:
    row = read_row(connection, list_id, account_id)
    if row is not None:
        return row, None
    one = select(*(not_scored.c[name] for name in NotScored.__dataclass_fields__)).where(
        not_scored.c.list_id == list_id, not_scored.c.account_id == account_id
    )
    found = connection.execute(one).first()
    return None, None if found is None else NotScored(*found)


def _nearest(
    connection: Connection, account_id: str, weeks: Sequence[Row[Any]], as_of: date
) -> ListRow | NotScored | None:
    if not weeks:
        return None
    nearest = min(weeks, key=lambda week: abs(week.as_of - as_of))
    row, left = _on(connection, nearest.id, account_id)
    return row or left


def _weeks(account_id: str) -> Select[tuple[int, date]]:
    """Return the query of the lists that have the account, the oldest first."""
    here = union_all(
        *(select(table.c.list_id).where(table.c.account_id == account_id) for table in (list_rows, not_scored))
    ).subquery()
    return select(lists.c.id, lists.c.as_of).where(lists.c.id.in_(select(here.c.list_id))).order_by(lists.c.as_of)
