"""A person's own settings: the zone they read times in, and their keys for programs."""

from __future__ import annotations

from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from serving.api_keys import SCOPES, add_key, keys, revoke_key
from serving.people import require_person, set_zone
from serving.web.access import RowId, Seen
from serving.web.rendering import page

router = APIRouter()


@router.get("/me")
def me(request: Request, viewer: Seen) -> Response:
    """Show the settings."""
    return _shown(request, viewer, None)


@router.post("/me/zone")
def change_zone(request: Request, viewer: Seen, zone: Annotated[str, Form(max_length=64)]) -> Response:
    """Keep the zone."""
    set_zone(request.app.state.engine, viewer.user_id, zone)
    return RedirectResponse("/me", 303)


@router.post("/me/keys")
def make_key(
    request: Request,
    viewer: Seen,
    title: Annotated[str, Form(max_length=100)],
    scopes: Annotated[list[str], Form()],
    days: Annotated[int, Form(ge=1, le=3_650)] = 365,
) -> Response:
    """Make a key and show it, this once."""
    state = request.app.state
    with state.engine.connect() as connection:
        person = require_person(connection, viewer.name)
    return _shown(request, viewer, add_key(state.engine, person, title, scopes, at=state.clock(), days=days))


@router.post("/me/keys/{key_id}/revoke")
def take_back(request: Request, viewer: Seen, key_id: RowId) -> Response:
    """Take a key of one's own back."""
    state = request.app.state
    revoke_key(state.engine, key_id, at=state.clock(), user_id=viewer.user_id)
    return RedirectResponse("/me", 303)


def _shown(request: Request, viewer: Seen, new_key: str | None) -> Response:
    with request.app.state.engine.connect() as connection:
        own = keys(connection, viewer.user_id)
    made = page(
        request, "app/me.html.jinja", viewer, keys=own, new_key=new_key, scopes=SCOPES, zones=_zones(),
        now=request.app.state.clock(),
    )  # fmt: skip
    if new_key is not None:
        made.headers["cache-control"] = "no-store"
    return made


@cache
def _zones() -> list[str]:
    return [*sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")), "UTC"]
