"""Lists: the weeks there are, and which accounts stand on one."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import Path, Query, Request, Response
from pydantic import Field
from sqlalchemy import Connection, func, select

from features.errors import UsageError
from serving.acting.history import latest_action_id
from serving.acting.kinds import Stage
from serving.acting.states import AccountState
from serving.api.account_models import AccountRow, AccountsPage, State
from serving.api.answers import READ, answer, documented, tagged
from serving.api.models import Day, ListHeader, ListsPage, NotScoredAccount, NotScoredPage
from serving.api.paging import Nothing, Paged, make_cursor, new_router, next_link, read_cursor
from serving.list_choice import LONGEST_SEARCH, MANY, ListChoice, Show, Sort
from serving.risk_list import current_list_id, list_header, read_rows
from serving.schema import lists
from serving.web.access import Seen
from serving.web.errors import CannotBeDone, NotHere
from serving.web.list_page import known_states, unscored
from serving.web.list_view import counted_from
from serving.web.rendering import today_of

if TYPE_CHECKING:
    from serving.list_index import ListIndex
    from serving.list_row import ListRow
    from serving.risk_list import PublishedList

router = new_router("lists")
Week = Annotated[
    Literal["current"] | Day, Path(description="`current`, or the as-of date of a list.", examples=["current"])
]
Text = Annotated[str, Field(min_length=1, max_length=200)]


def several(what: str) -> Any:  # noqa: ANN401  a field of pydantic
    """Return a field for a parameter that may be given several times."""
    return Field(default=(), max_length=MANY, description=f"{what}; given several times: any of them.")


class Rows(Paged):
    """Which rows of a list, in which order."""

    owner: tuple[Text, ...] = several("Owner")
    segment: tuple[Text, ...] = several("Segment")
    band: tuple[Text, ...] = several("Final band: the CSM's where they gave one, else the automated risk's")
    driver: tuple[Text, ...] = several("Driver of the first reason")
    stage: tuple[Stage | Literal["none"], ...] = several("Stage, or none for accounts without one")
    renewal: Annotated[
        int | None, Field(ge=1, le=3_650, description="Renewal date within so many days of the as-of date.")
    ] = None
    show: Annotated[Show, Field(description="Which part; `all` by default, `open` leaves out what is snoozed.")] = "all"
    search: Annotated[
        str | None, Field(max_length=LONGEST_SEARCH, description="Part of an account's id, name or owner.")
    ] = None
    sort: Annotated[Sort, Field(description="Order: text and dates rising, amounts and risks falling.")] = "place"

    def choice(self) -> ListChoice:
        """Return the choice that the list's pages know."""
        given = self.model_dump(exclude={"limit", "cursor", "search"})
        return ListChoice(**given, search=(self.search or "").strip())


class Unscored(Paged):
    """Which of the accounts without a risk."""

    search: Annotated[str | None, Field(max_length=LONGEST_SEARCH, description="Part of an account's id or name.")] = (
        None
    )


@router.get(
    "/lists", operation_id="readLists", summary="The lists there are", response_model=ListsPage,
    responses=documented(304, 401, 403, 422),
)  # fmt: skip
def read_lists(request: Request, viewer: Seen, asked: Annotated[Paged, Query()]) -> Response:
    """The published lists, the newest week first."""
    place = read_cursor(request, asked.cursor, before=str)
    with request.app.state.engine.connect() as connection:
        shown = current_list_id(connection)
        tag, same = tagged(request, shown, connection.scalar(select(func.max(lists.c.id))))
        if same is not None:
            return same
        query = select(lists.c.id).order_by(lists.c.as_of.desc()).limit(asked.limit + 1)
        if place:
            query = query.where(lists.c.as_of < _day(place["before"]))
        found = [list_header(connection, list_id) for list_id in connection.scalars(query).all()]
    items = [header_shape(each, shown) for each in found[: asked.limit]]
    more = make_cursor(request, before=items[-1].as_of.isoformat()) if len(found) > asked.limit else None
    return answer(ListsPage(items=items, next=more), tag, next_link(request, more))


@router.get(
    "/lists/{as_of}", operation_id="readList", summary="One list", response_model=ListHeader,
    responses=documented(*READ),
)  # fmt: skip
def read_one_list(request: Request, viewer: Seen, as_of: Week, asked: Annotated[Nothing, Query()]) -> Response:
    """What is known of a list beside its rows."""
    with request.app.state.engine.connect() as connection:
        header, shown = find_index(request, connection, as_of).header, current_list_id(connection)
    tag, same = tagged(request, header.list_id, shown)
    return same if same is not None else answer(header_shape(header, shown), tag)


@router.get(
    "/lists/{as_of}/accounts", operation_id="readListAccounts", summary="Accounts of a list",
    response_model=AccountsPage, responses=documented(*READ),
)  # fmt: skip
def read_accounts(request: Request, viewer: Seen, as_of: Week, asked: Annotated[Rows, Query()]) -> Response:
    """The chosen rows, of the viewer's book only. A cursor goes on in the list it began in, also on `current`."""
    place = read_cursor(request, asked.cursor, list=int, after=str)
    with request.app.state.engine.connect() as connection:
        index = find_index(request, connection, as_of, place.get("list"))
        current = index.header.list_id == current_list_id(connection)
        today = counted_from(index.header, today_of(request, viewer), current=current)
        last = latest_action_id(connection)
        tag, same = tagged(request, index.header.list_id, last, today)
        if same is not None:
            return same
        choice, said = asked.choice(), request.app.state.lists.states(connection, last)
        states = known_states(connection, viewer, index, said, current=current)
        rows = index.rows(choice, viewer.book, states, today)
        try:
            found = index.page(rows, choice.sort, asked.limit, place.get("after"), book=viewer.book)
        except UsageError as error:
            raise CannotBeDone(f"cursor: {error}") from None
        read = read_rows(connection, index.header.list_id, found.accounts).values()
    items = [row_shape(row, states.by_account.get(row.account_id)) for row in read]
    more = make_cursor(request, list=index.header.list_id, after=found.after) if found.after is not None else None
    shape = AccountsPage(items=items, next=more, as_of=index.header.as_of, total=found.total)
    return answer(shape, tag, next_link(request, more))


@router.get(
    "/lists/{as_of}/not-scored", operation_id="readNotScored", summary="Accounts without a risk",
    response_model=NotScoredPage, responses=documented(*READ),
)  # fmt: skip
def read_not_scored(request: Request, viewer: Seen, as_of: Week, asked: Annotated[Unscored, Query()]) -> Response:
    """Accounts of the viewer's book that the list has no risk for, and why."""
    place = read_cursor(request, asked.cursor, list=int, after=str)
    with request.app.state.engine.connect() as connection:
        list_id = find_index(request, connection, as_of, place.get("list")).header.list_id
        tag, same = tagged(request, list_id)
        if same is not None:
            return same
        found = unscored(connection, list_id, viewer.book, asked.search or "")
    rest = [each for each in found if each.account_id > place.get("after", "")]
    items = [NotScoredAccount(**asdict(each)) for each in rest[: asked.limit]]
    more = make_cursor(request, list=list_id, after=items[-1].account_id) if len(rest) > asked.limit else None
    return answer(NotScoredPage(items=items, next=more), tag, next_link(request, more))


def find_index(
    request: Request, connection: Connection, as_of: date | Literal["current"] | None, list_id: int | None = None
) -> ListIndex:
    """Return the list of a week, or the one that a cursor names; raises NotHere when there is none."""
    if list_id is not None and connection.scalar(select(lists.c.id).where(lists.c.id == list_id)) is None:
        raise CannotBeDone("cursor: the list that it goes on in is not here any more")
    try:
        found: ListIndex = request.app.state.lists.find(connection, as_of if isinstance(as_of, date) else None, list_id)
    except UsageError as error:
        raise NotHere(f"{str(error)[0].upper()}{str(error)[1:]}.") from None
    return found


def header_shape(header: PublishedList, shown: int | None) -> ListHeader:
    """Return a list as programs read it."""
    names = ("as_of", "published_at", "previous_as_of", "outcome", "model", "run_id", "simulated", "accounts", "reach")
    return ListHeader(
        **{name: getattr(header, name) for name in names},
        current=header.list_id == shown,
        rank_by=header.settings.rank_by,
        bands=header.settings.bands,
        lowest_band=header.settings.band_names[-1],
        currency=header.settings.currency,
    )


def row_shape(row: ListRow, state: AccountState | None) -> AccountRow:
    """Return a row as programs read it."""
    state = state or AccountState()
    return AccountRow(**row.to_json(), final_band=state.final_band(row.band), state=state_shape(state))


def state_shape(state: AccountState) -> State:
    """Return a state as programs read it."""
    return State(**{name: getattr(state, name) for name in State.model_fields})


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CannotBeDone("cursor: this is no cursor; send the `next` of the page before, or none") from None
