"""Who may do what: one policy per route, checked before any endpoint runs."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

from fastapi import Depends, Path, Request
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool

from serving.api_keys import note_use, read_key
from serving.people import Person, Role, find_person
from serving.sessions import open_session, read_session
from serving.web.book import owner_of
from serving.web.errors import Forbidden, NotHere, NotSignedIn
from serving.web.guard import COOKIE

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Engine

log = logging.getLogger("forewarn.web")

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
NAMELESS = frozenset({"GET /healthz"})
"""Routes that do not ask who it is: this one answers also when the database cannot."""
KEY_SCOPES = {"feedback": "feedback", "runs": "runs"}
"""Part of an API path that asks for another scope than `lists`."""


class Access(StrEnum):
    """Whom a route lets in."""

    OPEN = "everybody"
    SIGNED_IN = "whoever is signed in; rows are those of their own book"
    BOOK = "whoever has the account of the path in their book"
    MANAGER = "managers and admins"


POLICIES: dict[str, Access] = {
    "GET /healthz": Access.OPEN,
    "GET /sign-in": Access.OPEN,
    "POST /sign-in": Access.OPEN,
    "POST /sign-out": Access.SIGNED_IN,
    "GET /me": Access.SIGNED_IN,
    "POST /me/zone": Access.SIGNED_IN,
    "POST /me/keys": Access.SIGNED_IN,
    "POST /me/keys/{key_id}/revoke": Access.SIGNED_IN,
    "GET /": Access.SIGNED_IN,
    "GET /not-scored": Access.SIGNED_IN,
    "POST /views": Access.SIGNED_IN,
    "GET /views/{view_id}": Access.SIGNED_IN,
    "POST /views/{view_id}/delete": Access.SIGNED_IN,
    "GET /past": Access.SIGNED_IN,
    "GET /past/{as_of}": Access.SIGNED_IN,
    "GET /revenue": Access.MANAGER,
    "GET /export.csv": Access.SIGNED_IN,
    "GET /export.xlsx": Access.SIGNED_IN,
    "GET /api/v1/lists": Access.SIGNED_IN,
    "GET /api/v1/lists/{as_of}": Access.SIGNED_IN,
    "GET /api/v1/lists/{as_of}/accounts": Access.SIGNED_IN,
    "GET /api/v1/lists/{as_of}/not-scored": Access.SIGNED_IN,
    "GET /api/v1/accounts/{account_id:path}": Access.BOOK,
    "GET /api/v1/accounts/{account_id:path}/explanation": Access.BOOK,
    "GET /api/v1/accounts/{account_id:path}/feedback": Access.BOOK,
    "POST /api/v1/accounts/{account_id:path}/feedback": Access.BOOK,
    "GET /api/v1/accounts/{account_id:path}/feedback/{action_id}": Access.BOOK,
    "POST /api/v1/accounts/{account_id:path}/feedback/{action_id}/undo": Access.BOOK,
    "GET /api/v1/runs": Access.SIGNED_IN,
    "GET /api/v1/openapi.json": Access.SIGNED_IN,
    "GET /accounts/{account_id:path}": Access.BOOK,
    "POST /accounts/{account_id:path}/actions": Access.BOOK,
    "POST /accounts/{account_id:path}/actions/{action_id}/undo": Access.BOOK,
    "POST /actions": Access.SIGNED_IN,
}
"""Per method and path of a route whom it lets in; the application does not start with a route that is not here."""


@dataclass(frozen=True)
class Viewer:
    """Who asks: a signed-in person, or a program with a person's key, which may do what its scopes say."""

    user_id: int
    name: str
    role: Role
    owner: str | None
    zone: str | None
    csrf: str
    scopes: frozenset[str] | None
    via: Literal["session", "key"]

    @property
    def sees_all(self) -> bool:
        """Whether all accounts are theirs to see."""
        return self.role != "csm"

    @property
    def book(self) -> str | None:
        """The one owner whose accounts they see, or None for everybody's."""
        return None if self.sees_all else (self.owner or "")

    def sees(self, owner: str | None) -> bool:
        """Say whether an account of this owner is theirs to see."""
        return self.sees_all or (owner is not None and owner == self.owner)


async def enforce(request: Request) -> None:
    """Let the request through or raise: NotSignedIn, Forbidden, or NotHere for what is not theirs to know of."""
    route = f"{request.method} {request.scope['route'].path}"
    policy = POLICIES[route]
    request.state.viewer = None
    if route in NAMELESS:
        return
    request.state.viewer = viewer = await run_in_threadpool(_identify, request, policy)
    if request.method not in SAFE:
        _same_site(request)
        if policy is not Access.OPEN and viewer is not None and viewer.via == "session":
            await _same_form(request, viewer)
    if policy is Access.OPEN:
        return
    if viewer is None:
        raise NotSignedIn
    _check_role(viewer, policy)
    _check_scope(viewer, request)


async def current_viewer(request: Request) -> Viewer:
    """Return who asks; `enforce` has made sure that there is somebody."""
    found: Viewer | None = request.state.viewer
    if found is None:
        raise NotSignedIn
    return found


RowId = Annotated[int, Path(ge=1, le=2**31 - 1)]
"""An id of the database's own, which PostgreSQL keeps in four bytes."""
Seen = Annotated[Viewer, Depends(current_viewer)]
"""The viewer as an endpoint takes it."""


def _identify(request: Request, policy: Access) -> Viewer | None:
    state = request.app.state
    at = state.clock()
    with state.reader.connect() as connection:
        key = _bearer(request)
        viewer = _by_key(connection, request, key) if key else _by_session(connection, request)
        request.state.viewer = viewer
        if viewer is not None and policy is Access.BOOK:
            _check_book(connection, viewer, request.path_params["account_id"])
    if key and viewer is not None and request.state.note_key is not None:
        _note_use(state.engine, request.state.note_key, at)
    return viewer


def _note_use(engine: Engine, key_id: int, at: datetime) -> None:
    try:
        note_use(engine, key_id, at=at)
    except OperationalError as error:
        # Something long is being written, such as a list; the next request notes it.
        log.info("the use of key %s was not noted: %s", key_id, error.orig)


def _bearer(request: Request) -> str | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" and request.url.path.startswith("/api/") else None


def _by_key(connection: Connection, request: Request, key: str) -> Viewer | None:
    found = read_key(connection, key, at=request.app.state.clock())
    if found is None:
        return None
    person, scopes, key_id, note = found
    request.state.note_key = key_id if note else None
    return Viewer(person.id, person.name, person.role, person.owner, person.zone, "", scopes, "key")


def _by_session(connection: Connection, request: Request) -> Viewer | None:
    token = request.cookies.get(COOKIE)
    found = read_session(connection, token, at=request.app.state.clock()) if token else None
    name = _named_by_proxy(request)
    if name is not None and (found is None or found.person.name.lower() != name.lower()):
        person = find_person(connection, name)
        # Back to the pool: opening a session takes another one, and waiting for it with one in hand stops everybody.
        connection.rollback()
        connection.close()
        return _signed_in_by_proxy(request, person) if person is not None and person.active else None
    return None if found is None else _viewer(found.person, found.csrf)


def _named_by_proxy(request: Request) -> str | None:
    """Return the name that a trusted proxy gives; nobody else may give one."""
    settings = request.app.state.settings
    if not settings.user_header or request.client is None:
        return None
    try:
        peer = ip_address(request.client.host)
    except ValueError:
        return None
    trusted = any(peer in ip_network(proxy) for proxy in settings.trusted_proxies)
    named = request.headers.getlist(settings.user_header)
    # A second one may be what the visitor sent and the proxy passed on: then nobody is named.
    return named[0] if trusted and len(named) == 1 else None


def _signed_in_by_proxy(request: Request, person: Person) -> Viewer:
    state = request.app.state
    token = open_session(state.engine, person, at=state.clock(), hours=state.settings.session_hours)
    request.state.new_session = token
    with state.engine.connect() as connection:
        opened = read_session(connection, token, at=state.clock())
    return _viewer(person, opened.csrf if opened else "")


def _viewer(person: Person, csrf: str) -> Viewer:
    return Viewer(person.id, person.name, person.role, person.owner, person.zone, csrf, None, "session")


def _check_book(connection: Connection, viewer: Viewer, account_id: str) -> None:
    # PostgreSQL refuses to look for a NUL character.
    known, owner = (False, None) if "\x00" in account_id else owner_of(connection, account_id)
    if not known or not viewer.sees(owner):
        # The same words for both: whether an account exists is not for everybody to know.
        raise NotHere(f"There is no account {account_id!r} in your book.")


def _check_role(viewer: Viewer, policy: Access) -> None:
    if policy is Access.MANAGER and not viewer.sees_all:
        raise Forbidden("This page is for managers: it shows everybody's accounts.")


def _check_scope(viewer: Viewer, request: Request) -> None:
    if viewer.scopes is None:
        return
    part = next((scope for word, scope in KEY_SCOPES.items() if word in request.scope["route"].path), "lists")
    if part not in viewer.scopes:
        raise Forbidden(f"This key lacks the scope {part!r}; it has: {', '.join(sorted(viewer.scopes))}.")


def _same_site(request: Request) -> None:
    """Refuse what another site's page sends, where the browser says so."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    foreign = site is not None and site not in ("same-origin", "none")
    if site is None and origin is not None:
        foreign = urlsplit(origin).netloc != request.headers.get("host")
    if foreign:
        raise Forbidden("This form was sent from another site.")


async def _same_form(request: Request, viewer: Viewer) -> None:
    given = request.headers.get("x-csrf-token")
    # Programs send no forms: there, only the header counts.
    if (
        given is None
        and not request.url.path.startswith("/api/")
        and request.headers.get("content-type", "").startswith(
            ("application/x-www-form-urlencoded", "multipart/form-data")
        )
    ):
        sent = (await request.form()).get("csrf")
        given = sent if isinstance(sent, str) else None
    if given is None or not _alike(given, viewer.csrf):
        raise Forbidden("This form is out of date: go back, load the page anew and send it again.")


def _alike(given: str, wanted: str) -> bool:
    from hmac import compare_digest

    return compare_digest(given.encode("utf-8", "replace"), wanted.encode())
