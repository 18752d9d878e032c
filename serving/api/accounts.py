"""Accounts: where one stands, its weeks, and what moves its risk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Path, Query, Request, Response
from pydantic import Field
from sqlalchemy import Connection, Row, func, literal, null, select, union_all

from serving.account import account_story, risk_history
from serving.acting.states import AccountState, read_states
from serving.api.account_models import Account, Explanation, Week
from serving.api.answers import READ, answer, documented, tagged
from serving.api.lists import find_index, row_shape, state_shape
from serving.api.models import Day
from serving.api.paging import Nothing, new_router
from serving.risk_list import current_list_id, read_row
from serving.schema import list_rows, lists, not_scored
from serving.web.access import Seen
from serving.web.errors import NotHere

if TYPE_CHECKING:
    from datetime import date

router = new_router("accounts")
AccountId = Annotated[str, Path(description="Account id, as the list has it.", examples=["A00042"])]


class Explained(Nothing):
    """On which list."""

    as_of: Annotated[Day | None, Field(description="As-of date of a list; the current one when left out.")] = None


@router.get(
    "/accounts/{account_id:path}/explanation", operation_id="readExplanation", summary="What moves an account's risk",
    response_model=Explanation, responses=documented(*READ),
)  # fmt: skip
def read_explanation(
    request: Request, viewer: Seen, account_id: AccountId, asked: Annotated[Explained, Query()]
) -> Response:
    """What `forewarn explain --json` prints: the risk, the base, every contribution in words, and the history."""
    with request.app.state.engine.connect() as connection:
        header = find_index(request, connection, asked.as_of).header
        tag, same = tagged(request, header.list_id)
        if same is not None:
            return same
        # By id only: the story also finds accounts by name, and another owner's account may have this name.
        if not any(_has(connection, table, header.list_id, account_id) for table in (list_rows, not_scored)):
            raise NotHere(f"The list of {header.as_of} does not know account {account_id!r}.")
    return answer(Explanation(**account_story(request.app.state.engine, account_id, header.as_of)), tag)


@router.get(
    "/accounts/{account_id:path}", operation_id="readAccount", summary="One account", response_model=Account,
    responses=documented(*READ),
)  # fmt: skip
def read_account(request: Request, viewer: Seen, account_id: AccountId, asked: Annotated[Nothing, Query()]) -> Response:
    """Where the account stands now, on the newest list that knows it, and its risk week by week."""
    with request.app.state.engine.connect() as connection:
        state = read_states(connection, [account_id]).get(account_id, AccountState())
        newest, shown = connection.scalar(select(func.max(lists.c.id))), current_list_id(connection)
        tag, same = tagged(request, newest, shown, state.last_action)
        if same is not None:
            return same
        shape = _account(connection, account_id, state, shown)
    return answer(shape, tag)


def _account(connection: Connection, account_id: str, state: AccountState, shown: int | None) -> Account:
    known = _newest(connection, account_id, shown)
    if known is None:
        raise NotHere(f"There is no account {account_id!r} in your book.")
    row = read_row(connection, known.list_id, account_id) if known.scored else None
    last: date = connection.scalar(select(func.max(lists.c.as_of))) or known.as_of
    history = risk_history(connection, [account_id], last).get(account_id, [])
    return Account(
        account_id=account_id,
        name=known.name,
        owner=known.owner,
        segment=known.segment,
        as_of=known.as_of,
        scored=row is not None,
        why=known.why,
        row=None if row is None else row_shape(row, state),
        final_band=state.csm_band if row is None else state.final_band(row.band),
        state=state_shape(state),
        history=[Week(**week) for week in history],
    )


def _newest(connection: Connection, account_id: str, shown: int | None) -> Row[Any] | None:
    """Return the account on the current list, else on the newest list that has it, as `owner_of` does."""
    columns = ("list_id", "name", "owner", "segment")
    here = [table.c.account_id == account_id for table in (list_rows, not_scored)]
    both = union_all(
        select(*(list_rows.c[name] for name in columns), null().label("why"), literal(True).label("scored")).where(
            here[0]
        ),
        select(*(not_scored.c[name] for name in columns), not_scored.c.why, literal(False)).where(here[1]),
    ).subquery()
    query = select(both, lists.c.as_of).join(lists, lists.c.id == both.c.list_id)
    return connection.execute(query.order_by((lists.c.id == shown).desc(), lists.c.as_of.desc()).limit(1)).first()


def _has(connection: Connection, table: Any, list_id: int, account_id: str) -> bool:  # noqa: ANN401  a table
    query = select(table.c.list_id).where(table.c.list_id == list_id, table.c.account_id == account_id)
    return connection.scalar(query) is not None
