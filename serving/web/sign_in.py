"""Signing in with a name and a password, and out again."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime, timedelta
from threading import BoundedSemaphore, Lock
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from serving.people import who_signs_in
from serving.sessions import close_session, open_session
from serving.web.access import Seen
from serving.web.guard import COOKIE, session_cookie
from serving.web.rendering import page

router = APIRouter()

TRIES = 8
AT_ONCE = 2
_hashing = BoundedSemaphore(AT_ONCE)
WITHIN = timedelta(minutes=10)


class Tries:
    """Counts what fails lately, by sign-in name and by address, and says when it is too much."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._failed: defaultdict[str, deque[datetime]] = defaultdict(lambda: deque(maxlen=TRIES))

    def wait(self, who: str, at: datetime) -> int:
        """Return the seconds until another try is allowed."""
        with self._lock:
            failed = self._failed.get(who)
            if failed is None or len(failed) < TRIES:
                return 0
            return max(0, int((failed[0] + WITHIN - at).total_seconds()))

    def failed(self, who: str, at: datetime) -> None:
        """Note a failure; names that have been quiet are forgotten."""
        with self._lock:
            for name in [name for name, times in self._failed.items() if times[-1] + WITHIN < at]:
                del self._failed[name]
            self._failed[who].append(at)

    def forget(self, who: str) -> None:
        """Somebody has signed in: start counting anew."""
        with self._lock:
            self._failed.pop(who, None)


@router.get("/sign-in")
def ask(request: Request, next: str = "/") -> Response:
    """Show the form; who is signed in already goes on."""
    if request.state.viewer is not None:
        return RedirectResponse(own_page(next), 303)
    return page(request, "app/sign_in.html.jinja", None, next=own_page(next), name="", wrong=False)


@router.post("/sign-in")
def sign_in(
    request: Request,
    name: Annotated[str, Form(max_length=64)],
    password: Annotated[str, Form(max_length=1_024)],
    next: Annotated[str, Form(max_length=2_000)] = "/",
) -> Response:
    """Open a session, or show the form again; too many failures have to wait."""
    state = request.app.state
    at, tries = state.clock(), state.tries
    # By name and address: else anybody could keep anybody else out.
    who = f"{_typed(name).lower()} {request.client.host if request.client else ''}"
    _require_patience(tries, who, at)
    # Hashing takes 64 MB and a fifth of a second: a crowd must neither fill the memory nor stop every other page.
    if not _hashing.acquire(timeout=1.0):
        raise HTTPException(503, "Many people are signing in just now: try again in a moment.", {"Retry-After": "2"})
    try:
        # Asked again: others may have tried the same name while this one waited.
        _require_patience(tries, who, at)
        tries.failed(who, at)
        with state.engine.connect() as connection:
            person = who_signs_in(connection, _typed(name), password)
    finally:
        _hashing.release()
    if person is None:
        again = page(request, "app/sign_in.html.jinja", None, next=own_page(next), name=name, wrong=True)
        again.status_code = 401
        return again
    tries.forget(who)
    token = open_session(state.engine, person, at=at, hours=state.settings.session_hours)
    answer = RedirectResponse(own_page(next), 303)
    answer.headers.append("set-cookie", session_cookie(token, state.settings.session_hours, state.settings.secure))
    return answer


@router.post("/sign-out")
def sign_out(request: Request, viewer: Seen) -> Response:
    """End the session."""
    if token := request.cookies.get(COOKIE):
        close_session(request.app.state.engine, token)
    answer = RedirectResponse("/sign-in", 303)
    answer.headers.append("set-cookie", session_cookie("", 0, request.app.state.settings.secure))
    return answer


def _typed(name: str) -> str:
    # PostgreSQL refuses to look for text with a NUL character.
    return name.replace("\x00", "").strip()


def _require_patience(tries: Tries, who: str, at: datetime) -> None:
    if seconds := tries.wait(who, at):
        minutes = f"{max(1, round(seconds / 60))} min"
        raise HTTPException(429, f"Too many tries for this name: wait {minutes}.", {"Retry-After": str(seconds)})


def own_page(place: str) -> str:
    """Return the place when it is one of ours, else the start: a link must not lead elsewhere after signing in."""
    fine = place.startswith("/") and not place.startswith(("//", "/\\")) and place.isprintable() and "\\" not in place
    return place if fine else "/"
