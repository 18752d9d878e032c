"""Whose account it is: the owner on the list that is shown, else on the newest list that has it."""

from sqlalchemy import Connection, Select, select, union_all

from serving.publish import CURRENT
from serving.schema import list_rows, lists, not_scored, pointers


def owner_of(connection: Connection, account_id: str) -> tuple[bool, str | None]:
    """Return whether any list knows the account, and its owner now."""
    current = select(pointers.c.list_id).where(pointers.c.name == CURRENT).scalar_subquery()
    found = connection.execute(_owners(account_id).order_by((lists.c.id == current).desc(), lists.c.as_of.desc()))
    first = found.first()
    return (False, None) if first is None else (True, first.owner)


def _owners(account_id: str) -> Select[tuple[str | None]]:
    both = union_all(
        *(
            select(table.c.owner, table.c.list_id).where(table.c.account_id == account_id)
            for table in (list_rows, not_scored)
        )
    ).subquery()
    return select(both.c.owner).join(lists, lists.c.id == both.c.list_id).limit(1)
