"""Rows of the list as pieces of a page, kept: a published row changes only with the day and with what people say."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

from markupsafe import Markup

from serving.risk_list import read_rows
from serving.web.list_view import REASONS_IN_SIGHT, SeenOn, row_view, tones
from serving.web.rendering import environment

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from serving.list_index import ListIndex
    from serving.list_states import States

Key = tuple[object, ...]
END = "\x1e"
"""Stands after each row in what the template makes; a control character, so no text on a page has it."""
KEPT = 6_000
"""Rows kept: some 15 MB."""


class RowPieces:
    """The rows that were shown last; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[Key, Markup] = OrderedDict()

    def of(
        self, connection: Connection, index: ListIndex, states: States, accounts: Sequence[str], seen: SeenOn
    ) -> list[Markup]:
        """Return the pieces of these accounts in order; only those that are not kept are read and made."""
        keys = {account: _key(index, states, account, seen) for account in accounts}
        found = self._find(keys)
        missing = [account for account in accounts if account not in found]
        if missing:
            found |= _made(connection, index, states, missing, seen)
            self._keep({keys[account]: found[account] for account in missing})
        return [found[account] for account in accounts]

    def _find(self, keys: dict[str, Key]) -> dict[str, Markup]:
        with self._lock:
            found = {account: self._kept[key] for account, key in keys.items() if key in self._kept}
            for account in found:
                self._kept.move_to_end(keys[account])
        return found

    def _keep(self, made: dict[Key, Markup]) -> None:
        with self._lock:
            self._kept |= made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)


def _made(
    connection: Connection, index: ListIndex, states: States, accounts: Sequence[str], seen: SeenOn
) -> dict[str, Markup]:
    toned, rows = tones(index.header), read_rows(connection, index.header.list_id, accounts, REASONS_IN_SIGHT)
    views = [row_view(row, index, states.by_account.get(account), seen, toned) for account, row in rows.items()]
    made = environment().get_template("app/_rows.html.jinja").render(rows=views, end=END)
    # The template escapes what it is given, so what it makes is safe to put on a page.
    pieces = [Markup(piece.strip()) for piece in made.split(END)]  # noqa: S704
    return dict(zip(rows, pieces[:-1], strict=True))


def _key(index: ListIndex, states: States, account: str, seen: SeenOn) -> Key:
    """Return all that the words of a row depend on."""
    state = states.by_account.get(account)
    said = None if state is None else (state.last_action, seen.day, seen.zone)
    return (index.header.list_id, account, said, seen.current, seen.today, seen.capacity, account in seen.full)
