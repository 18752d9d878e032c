"""The list: who needs me, why, what changed, and until when it can still be helped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import ceil
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Connection, func, select

from serving.acting.history import NEWEST
from serving.acting.kinds import STAGES
from serving.list_choice import SHOW_WORDS, SORT_WORDS, ListChoice, parse_choice
from serving.list_row import NotScored
from serving.risk_list import CURRENT_ID
from serving.schema import not_scored
from serving.web.access import Seen, Viewer
from serving.web.book import owner_of
from serving.web.list_view import SOON_DAYS, SeenOn, counted_from, freshness
from serving.web.rendering import page, today_of, unchanged
from serving.web.views import own_views

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from serving.list_index import ListIndex
    from serving.list_states import States

T = TypeVar("T")
router = APIRouter()
RENEWALS = (30, 60, 90, 180)
UNSCORED_IN_SIGHT = 3
SHOWN_AND_NEWEST = select(CURRENT_ID.scalar_subquery(), func.coalesce(NEWEST.scalar_subquery(), 0))
"""The id of the current list and of the newest action, in one question."""
MOST_TOTALS = 1_000


@dataclass(frozen=True)
class Chosen:
    """What an address asks for: a list, the states after the newest action, and the rows in their order."""

    index: ListIndex
    states: States
    choice: ListChoice
    current: bool
    today: date
    """The day that days left are counted from."""
    day: date
    """The day it is where the viewer is, which ends snoozes and makes actions overdue."""
    rows: NDArray[np.int64]


def choose(
    request: Request, viewer: Viewer, connection: Connection, choice: ListChoice, shown: int | None, newest: int
) -> Chosen:
    """Return the rows of the list that the choice asks for, of the viewer's book only.

    `shown` is the id of the current list and `newest` that of the newest action, both as read by the same request.
    """
    lists = request.app.state.lists
    index = lists.find(connection, choice.as_of, shown if choice.as_of is None else None)
    current = index.header.list_id == shown
    states = known_states(connection, viewer, index, lists.states(connection, newest), current=current)
    day = today_of(request, viewer)
    today = counted_from(index.header, day, current=current)
    return Chosen(index, states, choice, current, today, day, index.rows(choice, viewer.book, states, day))


def known_states(connection: Connection, viewer: Viewer, index: ListIndex, states: States, *, current: bool) -> States:
    """Return what people said of accounts that are the viewer's now: of a past list some are somebody else's since."""
    if current or viewer.book is None:
        return states
    mine = index.in_book(viewer.book)
    here = [account for account in states.by_account if account in index.row_of and mine[index.row_of[account]]]
    still = {a: states.by_account[a] for a in here if viewer.sees(owner_of(connection, a)[1])}
    return replace(states, by_account=still)


@router.get("/")
def the_list(request: Request, viewer: Seen) -> Response:
    """Show a page of the list, or of what was chosen of it."""
    choice = parse_choice(request.query_params.multi_items())
    clock = request.app.state.clock()
    with request.app.state.reader.connect() as connection:
        shown, newest = connection.execute(SHOWN_AND_NEWEST).one()
        if shown is None:
            return page(request, "app/no_list.html.jinja", viewer)
        views = own_views(connection, viewer.user_id)
        parts = (
            shown,
            newest,
            today_of(request, viewer),
            views,
            request.headers.get("hx-request"),
        )
        tag, same = unchanged(request, *parts)
        if same is not None:
            return same
        chosen = choose(request, viewer, connection, choice, shown, newest)
        made = page(
            request, "app/list.html.jinja", viewer, **_context(request, viewer, connection, chosen, clock), views=views
        )
    made.headers["etag"] = tag
    return made


@router.get("/not-scored")
def not_scored_page(request: Request, viewer: Seen) -> Response:
    """Show the accounts without a risk, and why."""
    choice = parse_choice(request.query_params.multi_items())
    with request.app.state.engine.connect() as connection:
        index = request.app.state.lists.find(connection, choice.as_of)
        tag, same = unchanged(request, index.header.list_id)
        if same is not None:
            return same
        accounts = unscored(connection, index.header.list_id, viewer.book, choice.search)
    after = request.query_params.get("after", "")
    rest = [account for account in accounts if account.account_id > after]
    size = 4 * request.app.state.settings.page_rows
    made = page(
        request, "app/not_scored.html.jinja", viewer, published=index.header, choice=choice, total=len(accounts),
        accounts=rest[:size], after=rest[size - 1].account_id if len(rest) > size else None,
    )  # fmt: skip
    made.headers["etag"] = tag
    return made


def unscored(connection: Connection, list_id: int, book: str | None, search: str = "") -> list[NotScored]:
    """Return the accounts of a book that a list has no risk for, by account id."""
    query = select(*(not_scored.c[name] for name in NotScored.__dataclass_fields__))
    query = query.where(not_scored.c.list_id == list_id).order_by(not_scored.c.account_id)
    if book is not None:
        query = query.where(not_scored.c.owner == book)
    found = [NotScored(*row) for row in connection.execute(query)]
    # By Python's order, which pages go on by: a database may have another.
    found.sort(key=lambda each: each.account_id)
    return _searched(found, search)


def _searched(accounts: Sequence[NotScored], search: str) -> list[NotScored]:
    wanted = search.casefold()
    return [each for each in accounts if wanted in f"{each.account_id}\n{each.name or ''}".casefold()]


def capacity_per_owner(index: ListIndex, configured: int) -> int:
    """Return how many accounts one owner can work a week: as configured, else an equal share of the list's."""
    owners = len(index.texts["owner"][0]) or 1
    return configured or ceil(index.header.settings.capacity / owners)


def _context(request: Request, viewer: Viewer, connection: Connection, chosen: Chosen, at: datetime) -> dict[str, Any]:
    index, choice, settings = chosen.index, chosen.choice, request.app.state.settings
    asked = request.query_params
    found = index.page(
        chosen.rows, choice.sort, settings.page_rows, asked.get("after"), asked.get("before"), viewer.book
    )
    capacity = capacity_per_owner(index, settings.capacity_per_owner)
    full = _full(index, chosen, viewer, capacity) if choice.sort == "place" else frozenset()
    zone = viewer.zone or settings.timezone or "UTC"
    seen = SeenOn(chosen.current, chosen.today, chosen.day, at, zone, capacity, full)
    return {
        "published": index.header,
        "choice": choice,
        "current": chosen.current,
        "found": found,
        "rows": request.app.state.rows.of(connection, index, chosen.states, found.accounts, seen),
        "totals": _totals(index, chosen, viewer),
        "filters": _filters(index, viewer),
        "fresh": freshness(index.header),
        "capacity": capacity,
        "unscored": _unscored_beside(connection, chosen, viewer),
        "sorts": SORT_WORDS,
        "shows": SHOW_WORDS,
        "renewals": RENEWALS,
        "stages": STAGES,
        "done": asked.get("done", ""),
        "request_key": token_urlsafe(12),
    }


def _full(index: ListIndex, chosen: Chosen, viewer: Viewer, capacity: int) -> frozenset[str]:
    """Return the accounts with which their owners reach their capacity, snoozed ones not counted."""
    return _kept(
        index,
        ("full", viewer.user_id, chosen.day, chosen.states.last_action, capacity),
        lambda: index.filling(capacity, ~index.marked(chosen.states.snoozed(chosen.day))),
    )


def _kept(index: ListIndex, key: tuple[object, ...], make: Callable[[], T]) -> T:
    """Return what was counted of a list before, else what `make` counts."""
    found: T | None = index.totals.get(key)
    if found is None:
        if len(index.totals) > MOST_TOTALS:
            index.totals.clear()
        found = index.totals[key] = make()
    return found


def _totals(index: ListIndex, chosen: Chosen, viewer: Viewer) -> dict[str, Any]:
    """Return the numbers at the top: of the book, whatever is chosen of it."""
    key = ("totals", viewer.user_id, chosen.today, chosen.day, chosen.states.last_action)
    return _kept(index, key, lambda: _counted(index, chosen, viewer.book))


def _counted(index: ListIndex, chosen: Chosen, owner: str | None) -> dict[str, Any]:
    import numpy as np

    book, listed = index.in_book(owner), index.listed()
    mine = book & listed
    deadline = index.numbers["notice_deadline"] - chosen.today.toordinal()
    highest = index.header.settings.highest_band
    return {
        "accounts": int(book.sum()),
        "listed": int(mine.sum()),
        "highest": highest,
        "high": int((book & index.finally_in((highest,), chosen.states)).sum()),
        "new": int((book & index.new()).sum()),
        "at_risk": float(np.nansum(index.numbers["arr_at_risk"][book])),
        "saveable": float(np.nansum(index.numbers["saveable"][book])),
        "soon": int((mine & (deadline >= 0) & (deadline <= SOON_DAYS)).sum()),
        "snoozed": int((book & index.marked(chosen.states.snoozed(chosen.day))).sum()),
        "due": int((book & index.marked(chosen.states.due(chosen.day))).sum()),
    }


def _filters(index: ListIndex, viewer: Viewer) -> dict[str, list[str]]:
    names = ("owner", "segment", "driver") if viewer.sees_all else ("segment", "driver")
    return {name: index.values(name, viewer.book) for name in names} | {"band": list(index.header.settings.band_names)}


def _unscored_beside(connection: Connection, chosen: Chosen, viewer: Viewer) -> dict[str, Any]:
    """Return how many accounts of the book have no risk, and those that a search finds."""
    index, search = chosen.index, chosen.choice.search
    left = _kept(index, ("not scored", viewer.book), lambda: unscored(connection, index.header.list_id, viewer.book))
    found = _searched(left, search) if search else []
    return {"total": len(left), "found": found[:UNSCORED_IN_SIGHT]}
