"""Whether the application and its database answer."""

from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from starlette.responses import JSONResponse

from serving.publish import CURRENT
from serving.schema import lists, pointers

router = APIRouter()


@router.get("/healthz")
def healthz(request: Request) -> JSONResponse:
    """Return the week that is shown; 503 when the database cannot be read."""
    shown = select(lists.c.as_of).join(pointers, pointers.c.list_id == lists.c.id).where(pointers.c.name == CURRENT)
    try:
        with request.app.state.engine.connect() as connection:
            as_of = connection.scalar(shown)
    except DBAPIError as error:
        return _said({"status": "unwell", "why": type(error).__name__}, 503)
    return _said({"status": "ok", "as_of": as_of and as_of.isoformat()}, 200)


def _said(content: dict[str, Any], status: int) -> JSONResponse:
    return JSONResponse(content, status, {"cache-control": "no-store"})
