"""The lists that an application has in memory."""

from __future__ import annotations

from collections import OrderedDict
from datetime import date
from threading import Lock

from sqlalchemy import Connection, select

from serving.acting.states import all_states
from serving.list_index import DATES, NUMBERS, TEXTS, ListIndex
from serving.list_states import States
from serving.risk_list import find_list, list_header
from serving.schema import list_rows

KEPT = 4
"""Lists kept in memory: the current one and what was looked at last."""


class ListIndexes:
    """The lists that were looked at last, and the states after the newest action; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[int, ListIndex] = OrderedDict()
        self._states = States()

    def find(self, connection: Connection, as_of: date | None = None, list_id: int | None = None) -> ListIndex:
        """Return the list of a week, or by its id, or the current one; raises UsageError when there is none."""
        if list_id is None:
            list_id = find_list(connection, as_of).id
        with self._lock:
            if list_id in self._kept:
                self._kept.move_to_end(list_id)
                return self._kept[list_id]
        made = _read_index(connection, list_id)
        with self._lock:
            self._kept[list_id] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made

    def states(self, connection: Connection, last_action: int) -> States:
        """Return the states after this action, or a later one."""
        kept = self._states
        if kept.last_action != last_action:
            kept = self._states = States(last_action, all_states(connection))
        return kept


def _read_index(connection: Connection, list_id: int) -> ListIndex:
    names = ["account_id", "name", *TEXTS, *NUMBERS, *DATES]
    query = select(*(list_rows.c[name] for name in names)).where(list_rows.c.list_id == list_id)
    rows = connection.execute(query.order_by(list_rows.c.rank)).all()
    columns = dict(zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True))
    return ListIndex(list_header(connection, list_id), columns)
