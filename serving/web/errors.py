"""What people and programs read when something cannot be done: a page, or a problem of RFC 9457."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from features.errors import ForewarnError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

log = logging.getLogger("forewarn.web")
WITHOUT_WORDS = {404: "There is no such page.", 405: "This address is not asked in this way."}
"""What is said where the framework only gives the status."""
SIGNED_OUT = "You are not signed in any more; nothing was written. Go back to copy what you typed, and sign in."
TITLES = {
    401: "Signed out",
    403: "Not for you",
    404: "Not here",
    422: "That cannot be done",
    429: "Too many tries",
    503: "Busy just now",
}
PROBLEM = "application/problem+json"


class NotSignedIn(HTTPException):
    """Nobody is signed in, or the key is not valid."""

    def __init__(self) -> None:
        super().__init__(401, "Sign in first, or send a valid API key.", {"WWW-Authenticate": "Bearer"})


class Forbidden(HTTPException):
    """The person is known and may not do this."""

    def __init__(self, detail: str) -> None:
        super().__init__(403, detail)


class NotHere(HTTPException):
    """There is no such thing, or it is not theirs to know of."""

    def __init__(self, detail: str) -> None:
        super().__init__(404, detail)


class CannotBeDone(HTTPException):
    """What was asked for breaks a rule that the message states."""

    def __init__(self, detail: str) -> None:
        super().__init__(422, detail)


def problem(status: int, detail: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> Response:  # noqa: ANN401
    """Return a problem of RFC 9457: what went wrong, in words, for this one request."""
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    text = json.dumps({**content, "instance": quote(path, errors="replace"), **more}, ensure_ascii=False)
    # What was sent may hold halves of characters, which UTF-8 has no bytes for.
    return Response(text.encode("utf-8", "replace"), status, headers, media_type=PROBLEM)


def answer_errors(app: FastAPI) -> None:
    """Make every error a designed page, or a problem where a program asks."""
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    app.add_exception_handler(ForewarnError, _refused)  # type: ignore[arg-type]
    app.add_exception_handler(OperationalError, _busy)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, _surprise)


def _http(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = _methods(request)
    if error.status_code == 401 and not _for_program(request) and request.method == "GET":
        place = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        target = f"/sign-in?next={quote(place)}" if place != "/" else "/sign-in"
        if request.headers.get("hx-request"):
            # A redirect would be followed unseen, and the form would stand in place of the rows.
            return Response(status_code=401, headers={"hx-redirect": target})
        return RedirectResponse(target, 303)
    if error.status_code == 401 and not _for_program(request):
        return _answer(request, 401, SIGNED_OUT, {})
    plain = error.detail == HTTPStatus(error.status_code).phrase
    detail = WITHOUT_WORDS.get(error.status_code, error.detail) if plain else error.detail
    return _answer(request, error.status_code, str(detail), headers)


def _methods(request: Request) -> str:
    """Return the methods of the path that was asked for; a route itself knows only its own."""
    known = [each for each in iter_route_contexts(request.app.routes) if isinstance(each.route, APIRoute)]
    paths = (each.path for each in known if cast("APIRoute", each.route).path_regex.match(request.scope["path"]))
    path = next(paths, None)
    return ", ".join(sorted({method for each in known if each.path == path for method in each.methods or ()}))


def _invalid(request: Request, error: RequestValidationError) -> Response:
    found = [{"where": [str(part) for part in each["loc"]], "rule": _rule(each)} for each in error.errors()]
    first = found[0]
    detail = f"{'.'.join(first['where'][1:]) or first['where'][0]}: {first['rule']}"
    return _answer(request, 422, detail, {}, errors=found)


def _rule(fault: Any) -> str:  # noqa: ANN401  a dictionary of pydantic
    if fault.get("type") == "extra_forbidden":
        return "there is no such parameter" if fault["loc"][0] == "query" else "there is no such field"
    return str(fault["msg"]).removeprefix("Value error, ")


def _refused(request: Request, error: ForewarnError) -> Response:
    return _answer(request, 404 if request.method == "GET" else 422, str(error), {})


def _busy(request: Request, error: OperationalError) -> Response:
    log.warning("%s %s: %s", request.method, request.url.path, error.orig)
    told = "The database is busy or cannot be reached, and nothing was written: go back and send it again in a moment."
    return _answer(request, 503, told, {"retry-after": "5"})


def _surprise(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _answer(request, 500, "Something went wrong here; it was written to the application's log.", {})


def _answer(request: Request, status: int, detail: str, headers: dict[str, str], **more: Any) -> Response:  # noqa: ANN401
    if _for_program(request):
        return problem(status, detail, request.url.path, headers, **more)
    from serving.web.rendering import page

    viewer = getattr(request.state, "viewer", None)
    title = TITLES.get(status, HTTPStatus(status).phrase)
    made = page(request, "app/error.html.jinja", viewer, status=status, title=title, detail=detail)
    made.status_code = status
    made.headers.update(headers)
    return made


def _for_program(request: Request) -> bool:
    return request.url.path.startswith("/api/")
