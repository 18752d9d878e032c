"""Feedback: what was said and done about an account, and saying or doing one thing more."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, cast
from urllib.parse import quote

from fastapi import Depends, Header, HTTPException, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy import Connection, select
from starlette.requests import ClientDisconnect

from features.errors import UsageError
from serving.acting.history import actions_of
from serving.acting.ledger import Action, Actor, act, undo
from serving.api.accounts import AccountId
from serving.api.answers import READ, WRITE, answer, documented, tagged
from serving.api.feedback_models import EXAMPLES, NEW_ACTION, FeedbackAction, FeedbackPage, Sent
from serving.api.lists import find_index
from serving.api.paging import LARGEST_ID, PREFIX, Nothing, Paged, make_cursor, new_router, next_link, read_cursor
from serving.formats import plain
from serving.schema_acting import actions
from serving.web.access import Seen, Viewer
from serving.web.account_story import may_undo
from serving.web.errors import CannotBeDone, Forbidden, NotHere
from serving.web.rendering import today_of

if TYPE_CHECKING:
    from serving.acting.history import PastAction
    from serving.acting.kinds import Kind

router = new_router("feedback")
ActionId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="Id of an action about this account.")]
LOCATION = {"Location": {"description": "Path of the action.", "schema": {"type": "string", "format": "uri-reference"}}}
CREATED: dict[int | str, dict[str, Any]] = {201: {"headers": LOCATION}}
BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"$ref": "#/components/schemas/NewAction"},
            "examples": {kind: {"value": value} for kind, value in EXAMPLES.items()},
        }
    },
}


async def sent_action(request: Request) -> Sent:
    """Return the action of the body, one of the kinds; raises what is wrong with it, after it is known who asks."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise _fault("content-type", "send application/json")
    try:
        body = await request.body()
    except ClientDisconnect:
        # The guard ends a body of unknown length like this once it is too long.
        raise HTTPException(413, "The body is longer than 1 MB.") from None
    try:
        given = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _fault("body", f"this is no JSON: {error}") from None
    try:
        return cast("Sent", NEW_ACTION.validate_python(given))
    except ValidationError as error:
        found = [{**each, "loc": ("body", *each["loc"])} for each in error.errors(include_url=False)]
        raise RequestValidationError(found) from None


@router.get(
    "/accounts/{account_id:path}/feedback", operation_id="readFeedback", summary="What was said and done",
    response_model=FeedbackPage, responses=documented(*READ),
)  # fmt: skip
def read_feedback(request: Request, viewer: Seen, account_id: AccountId, asked: Annotated[Paged, Query()]) -> Response:
    """Everything that was said and done about the account, the newest first; what was taken back is marked."""
    place = read_cursor(request, asked.cursor, before=int)
    with request.app.state.engine.connect() as connection:
        said = actions_of(connection, account_id)
        tag, same = tagged(request, said[0].id if said else 0)
        if same is not None:
            return same
        rest = [each for each in said if each.id < place.get("before", LARGEST_ID + 1)]
        items = _shapes(connection, rest[: asked.limit])
    more = make_cursor(request, before=items[-1].id) if len(rest) > asked.limit else None
    return answer(FeedbackPage(items=items, next=more), tag, next_link(request, more))


@router.get(
    "/accounts/{account_id:path}/feedback/{action_id}", operation_id="readAction", summary="One action",
    response_model=FeedbackAction, responses=documented(*READ),
)  # fmt: skip
def read_action(
    request: Request, viewer: Seen, account_id: AccountId, action_id: ActionId, asked: Annotated[Nothing, Query()]
) -> Response:
    """One thing that was said or done."""
    with request.app.state.engine.connect() as connection:
        shape = _one(connection, account_id, action_id)
    tag, same = tagged(request, shape.id, shape.undone)
    return same if same is not None else answer(shape, tag)


@router.post(
    "/accounts/{account_id:path}/feedback", operation_id="addAction", summary="Say or do one thing", status_code=201,
    response_model=FeedbackAction, responses={**CREATED, **documented(*WRITE)}, openapi_extra={"requestBody": BODY},
)  # fmt: skip
def add_action(
    request: Request,
    viewer: Seen,
    account_id: AccountId,
    asked: Annotated[Nothing, Query()],
    sent: Annotated[Sent, Depends(sent_action)],
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key", min_length=1, max_length=255,
            description="Sending the same action again with the same key writes it down once.",
        ),
    ] = None,
) -> Response:  # fmt: skip
    """Write one action down; it is never changed and stays through every new list."""
    return _written(request, account_id, act_on(request, viewer, account_id, sent, key))


@router.post(
    "/accounts/{account_id:path}/feedback/{action_id}/undo", operation_id="undoAction", summary="Take an action back",
    status_code=201, response_model=FeedbackAction, responses={**CREATED, **documented(*WRITE)},
)  # fmt: skip
def undo_action(
    request: Request, viewer: Seen, account_id: AccountId, action_id: ActionId, asked: Annotated[Nothing, Query()]
) -> Response:
    """Take one action back, as if it had never been; both stay in the history. The answer is the undo."""
    state = request.app.state
    with state.engine.connect() as connection:
        _one(connection, account_id, action_id)
        found = next(each for each in actions_of(connection, account_id) if each.id == action_id)
    if found.can_be_undone and not may_undo(found, viewer):
        raise Forbidden(f"Only {plain(found.actor)} or a manager can take this back.")
    try:
        made = undo(state.engine, action_id, Actor(viewer.user_id, viewer.name), state.clock())
    except UsageError as error:
        # The action is there: what remains is that it was taken back before, or is an undo itself.
        raise HTTPException(409, f"{str(error)[0].upper()}{str(error)[1:]}.") from None
    return _written(request, account_id, made)


def act_on(request: Request, viewer: Viewer, account_id: str, sent: Sent, key: str | None) -> int:
    """Write an action down and return its id; the key counts for this person only."""
    state = request.app.state
    with state.engine.connect() as connection:
        try:
            list_id = find_index(request, connection, sent.as_of).header.list_id
        except NotHere as error:
            raise CannotBeDone(f"as_of: {error.detail}") from None
    content = sent.model_dump(mode="json")
    own = None if key is None else sha256(f"{viewer.user_id}\x1f{key}".encode("utf-8", "replace")).hexdigest()
    action = Action(account_id, content["kind"], content["detail"], list_id, own)
    who = Actor(viewer.user_id, viewer.name)
    return act(state.engine, action, who, state.clock(), today_of(request, viewer))


def _written(request: Request, account_id: str, action_id: int) -> Response:
    with request.app.state.engine.connect() as connection:
        shape = _one(connection, account_id, action_id)
    place = f"{PREFIX}/accounts/{quote(account_id, safe='')}/feedback/{action_id}"
    return answer(shape, None, {"location": place}, 201)


def _one(connection: Connection, account_id: str, action_id: int) -> FeedbackAction:
    for each in actions_of(connection, account_id):
        if each.id == action_id:
            return _shapes(connection, [each])[0]
    raise NotHere(f"There is no action {action_id} about account {account_id!r}.")


def _shapes(connection: Connection, said: list[PastAction]) -> list[FeedbackAction]:
    query = select(actions.c.id, actions.c.detail, actions.c.undoes).where(actions.c.id.in_([each.id for each in said]))
    kept = {row.id: row for row in connection.execute(query)}
    return [
        FeedbackAction(
            id=each.id,
            account_id=each.account_id,
            at=each.at,
            by=each.actor,
            kind=cast("Kind", each.kind),
            detail=kept[each.id].detail,
            text=each.text,
            list_as_of=each.list_as_of,
            undone=each.undone,
            undoes=kept[each.id].undoes,
        )
        for each in said
    ]


def _fault(where: str, rule: str) -> RequestValidationError:
    return RequestValidationError([{"loc": ("body" if where == "body" else "header", where), "msg": rule}])


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no JSON number")
