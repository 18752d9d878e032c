"""Runs: when which list was published, by whom and from which model."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response
from sqlalchemy import func, select

from serving.api.answers import answer, documented, tagged
from serving.api.models import Run, RunsPage
from serving.api.paging import Paged, make_cursor, new_router, next_link, read_cursor
from serving.schema import audit, lists
from serving.web.access import Seen

router = new_router("runs")


@router.get(
    "/runs", operation_id="readRuns", summary="What was published, and when", response_model=RunsPage,
    responses=documented(304, 401, 403, 422),
)  # fmt: skip
def read_runs(request: Request, viewer: Seen, asked: Annotated[Paged, Query()]) -> Response:
    """Every publishing of a list, the newest first."""
    place = read_cursor(request, asked.cursor, before=int)
    published = audit.c.action == "publish"
    columns = (audit.c.id, audit.c.at, audit.c.actor.label("by"))
    query = select(*columns, lists.c.as_of, lists.c.model, lists.c.run_id, lists.c.accounts.label("rows"))
    query = query.join(lists, lists.c.id == audit.c.list_id).where(published).order_by(audit.c.id.desc())
    if place:
        query = query.where(audit.c.id < place["before"])
    with request.app.state.engine.connect() as connection:
        tag, same = tagged(request, connection.scalar(select(func.max(audit.c.id)).where(published)))
        if same is not None:
            return same
        found = connection.execute(query.limit(asked.limit + 1)).mappings().all()
    items = [Run(**row) for row in found[: asked.limit]]
    more = make_cursor(request, before=items[-1].id) if len(found) > asked.limit else None
    return answer(RunsPage(items=items, next=more), tag, next_link(request, more))
