"""From numbers to a page: the templates, how values are said, and answers that need not be sent twice."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup

from serving import formats, templating

if TYPE_CHECKING:
    from fastapi import Request
    from jinja2 import Environment

    from serving.web.access import Viewer

MADE_OF = frozenset({".py", ".jinja", ".css", ".js", ".svg"})
STATIC = Path(__file__).parent.parent / "static"


def page(request: Request, template: str, viewer: Viewer | None, **context: Any) -> HTMLResponse:  # noqa: ANN401
    """Return the page that a template makes of its context and of who looks at it."""
    return HTMLResponse(rendered(request, template, viewer, **context))


def rendered(request: Request, template: str, viewer: Viewer | None, **context: Any) -> str:  # noqa: ANN401
    """Return a template's text; `moment` says times in the viewer's zone."""
    zone = (viewer.zone if viewer else None) or (request.app.state.settings.timezone or "UTC")
    found = environment().get_template(template)
    return found.render(viewer=viewer, path=request.url.path, moment=partial(moment, zone=zone), zone=zone, **context)


def moment(at: datetime, zone: str) -> Markup:
    """Return a time of the database (UTC) in a zone, with the exact instant for machines."""
    aware = at.replace(tzinfo=UTC)
    here = aware.astimezone(ZoneInfo(zone))
    return Markup('<time datetime="{}">{}, {:%H:%M}</time>').format(
        aware.isoformat(timespec="seconds"), formats.day(here.date()), here
    )


def today_of(request: Request, viewer: Viewer) -> date:
    """Return the day it is where the viewer is."""
    zone = ZoneInfo(viewer.zone or (request.app.state.settings.timezone or "UTC"))
    found: datetime = request.app.state.clock()
    return found.replace(tzinfo=UTC).astimezone(zone).date()


def unchanged(request: Request, *parts: object) -> tuple[str, Response | None]:
    """Return the tag of a page made of these parts, and an empty answer when the browser has that page already.

    Whoever looks, their zone, the address and the application's own files are parts of every page.
    """
    viewer: Viewer | None = request.state.viewer
    who = (viewer.user_id, viewer.role, viewer.owner, viewer.zone, viewer.csrf) if viewer else ()
    shown = (request.app.state.made_of, request.url.path, request.url.query)
    text = "\x1f".join(map(str, (*shown, *who, *parts)))
    tag = f'"{sha256(text.encode("utf-8", "replace")).hexdigest()[:32]}"'
    known = request.headers.get("if-none-match", "")
    same = tag in (each.strip().removeprefix("W/") for each in known.split(","))
    return tag, Response(status_code=304, headers={"etag": tag}) if same else None


@cache
def environment() -> Environment:
    """Return the templates, made once."""
    made = templating.environment()
    made.globals["static"] = static
    return made


@cache
def static(name: str) -> str:
    """Return the address of one of the application's own files, which changes when the file does."""
    return f"/static/{name}?v={sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


@cache
def version() -> str:
    """Return a digest of the application's code, templates and files: a page made by other ones is another page."""
    made = sha256()
    for path in sorted(STATIC.parent.rglob("*")):
        if path.suffix in MADE_OF:
            made.update(path.read_bytes())
    return made.hexdigest()[:16]
