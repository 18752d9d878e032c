"""Saved views: a choice of the list under a name, with an address that stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from serving.list_choice import parse_choice
from serving.schema_people import saved_views
from serving.store import writing
from serving.web.access import RowId, Seen
from serving.web.errors import CannotBeDone, NotHere

router = APIRouter()
MOST = 50
OWN = (
    select(saved_views.c.id, saved_views.c.name, saved_views.c.query)
    .where(saved_views.c.user_id == bindparam("person"))
    .order_by(saved_views.c.name)
)


@dataclass(frozen=True)
class SavedView:
    """A view by its name; `query` is the part of the address after the question mark."""

    id: int
    name: str
    query: str


def own_views(connection: Connection, user_id: int) -> list[SavedView]:
    """Return a person's views in the order of their names."""
    return [SavedView(*row) for row in connection.execute(OWN, {"person": user_id})]


@router.post("/views")
def save(
    request: Request,
    viewer: Seen,
    name: Annotated[str, Form(max_length=64)],
    query: Annotated[str, Form(max_length=4_000)] = "",
) -> Response:
    """Keep a choice under a name; the same name again keeps the new choice."""
    title = name.replace("\x00", "").strip()
    if not title:
        raise CannotBeDone("A view needs a name.")
    kept = parse_choice(parse_qsl(query)).query()
    own = (saved_views.c.user_id == viewer.user_id, saved_views.c.name == title)
    record = {"user_id": viewer.user_id, "name": title, "query": kept, "created_at": request.app.state.clock()}
    try:
        with writing(request.app.state.engine).begin() as connection:
            if connection.execute(update(saved_views).where(*own).values(query=kept)).rowcount == 0:
                _require_room(connection, viewer.user_id)
                connection.execute(insert(saved_views), record)
            view_id = connection.scalar(select(saved_views.c.id).where(*own))
    except IntegrityError:
        raise CannotBeDone("The same view was just kept by another window: load the page anew.") from None
    return RedirectResponse(f"/views/{view_id}", 303)


@router.get("/views/{view_id}")
def show(request: Request, viewer: Seen, view_id: RowId) -> Response:
    """Go to the list as a view has it: anybody may follow the link, and sees the rows of their own book."""
    with request.app.state.engine.connect() as connection:
        query = connection.scalar(select(saved_views.c.query).where(saved_views.c.id == view_id))
    if query is None:
        raise NotHere(f"There is no view {view_id}; it may have been deleted.")
    return RedirectResponse(f"/?{query}", 303)


@router.post("/views/{view_id}/delete")
def remove(request: Request, viewer: Seen, view_id: RowId) -> Response:
    """Delete a view of one's own."""
    own = (saved_views.c.id == view_id, saved_views.c.user_id == viewer.user_id)
    with writing(request.app.state.engine).begin() as connection:
        if connection.execute(delete(saved_views).where(*own)).rowcount == 0:
            raise NotHere(f"You have no view {view_id}.")
    return RedirectResponse("/", 303)


def _require_room(connection: Connection, user_id: int) -> None:
    count = select(func.count()).select_from(saved_views).where(saved_views.c.user_id == user_id)
    if (connection.scalar(count) or 0) >= MOST:
        raise CannotBeDone(f"There is room for {MOST} views: delete one first.")
