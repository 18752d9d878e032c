"""The application: what it is made of, in one place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from serving.api.description import routers
from serving.list_indexes import ListIndexes
from serving.store import reading
from serving.web.access import POLICIES, enforce
from serving.web.errors import answer_errors
from serving.web.guard import Guard
from serving.web.list_rows import RowPieces
from serving.web.rendering import STATIC, version
from serving.web.sign_in import Tries

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from serving.web.settings import WebSettings

PAGES = ("health", "sign_in", "me", "list_page", "views", "exports", "account_page", "act", "past_page", "revenue_page")
FOREVER = "public, max-age=31536000, immutable"


def utc_now() -> datetime:
    """Return the present instant as the database keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)


def create_app(engine: Engine, settings: WebSettings, clock: Callable[[], datetime] = utc_now) -> FastAPI:
    """Return the application on a migrated database.

    Raises RuntimeError when a route has no policy, or a policy no route.
    """
    app = FastAPI(
        title="Forewarn",
        summary="Who will leave in 60–90 days, why, what changed, and until when it can still be helped.",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(enforce)],
    )
    app.state.engine, app.state.settings, app.state.clock = engine, settings, clock
    app.state.reader = reading(engine)
    app.state.made_of = f"{version()} {settings}"
    app.state.lists, app.state.rows, app.state.tries = ListIndexes(), RowPieces(), Tries()
    app.add_middleware(Guard, secure=settings.secure, hours=settings.session_hours)
    app.mount("/static", GZipMiddleware(_Assets(directory=STATIC), minimum_size=1_000))
    for name in PAGES:
        app.include_router(import_module(f"serving.web.{name}").router, include_in_schema=False)
    for router in routers():
        app.include_router(router)
    answer_errors(app)
    _require_policies(app)
    return app


def routes_of(app: FastAPI) -> list[str]:
    """Return every route as its policy names it."""
    found = [context for context in iter_route_contexts(app.routes) if isinstance(context.route, APIRoute)]
    return [f"{method} {context.path}" for context in found for method in context.methods or ()]


def _require_policies(app: FastAPI) -> None:
    routes = set(routes_of(app))
    if routes != POLICIES.keys():
        raise RuntimeError(
            f"routes without a policy: {sorted(routes - POLICIES.keys())}; policies without a route: "
            f"{sorted(POLICIES.keys() - routes)}; see serving/web/access.py"
        )


class _Assets(StaticFiles):
    """The application's own files, which a browser may keep: their address changes with their content."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def kept(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start" and b"v=" in scope.get("query_string", b""):
                headers = message["headers"]
                assert isinstance(headers, list)  # noqa: S101
                headers.append((b"cache-control", FOREVER.encode()))
            await send(message)

        await super().__call__(scope, receive, kept)  # type: ignore[arg-type]
