"""Acting on accounts from a page: forms that work without scripts, where sending twice is one action."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from features.errors import UsageError
from serving.acting.history import actions_of
from serving.acting.kinds import STAGES
from serving.acting.ledger import LARGEST_ID, Action, Actor, act, act_on_many, undo
from serving.acting.plays import play_for
from serving.formats import plain
from serving.web.access import Seen, Viewer
from serving.web.account_page import Draft, account_shown, new_key
from serving.web.account_story import may_undo
from serving.web.act_words import EMPTY, done_words
from serving.web.book import owner_of
from serving.web.errors import Forbidden, NotHere
from serving.web.rendering import page, today_of
from serving.web.sign_in import own_page

router = APIRouter()
LONGEST = 20_000
SOME = 3


class Sent(BaseModel):
    """What a form on an account's page sends; which fields count depends on the kind."""

    kind: str = Field(max_length=16)
    list_id: int | None = Field(default=None, ge=1, le=LARGEST_ID)
    as_of: date | None = None
    """The week of the page, to come back to it."""
    request: str | None = Field(default=None, max_length=64)
    stage: str = Field(default="", max_length=64)
    band: str = Field(default="", max_length=64)
    reason: str = Field(default="", max_length=64)
    text: str = Field(default="", max_length=LONGEST)
    until: str = Field(default="", max_length=32)
    what: str = Field(default="", max_length=LONGEST)
    due: str = Field(default="", max_length=32)
    driver: str = Field(default="", max_length=500)
    end: bool = False
    """Whether a snooze or a CSM's risk ends."""


class SentForMany(BaseModel):
    """What the form below the list sends for the chosen accounts."""

    account: list[str] = Field(default_factory=list, max_length=1_000)
    kind: str = Field(max_length=16)
    stage: str = Field(default="", max_length=64)
    text: str = Field(default="", max_length=LONGEST)
    date: str = Field(default="", max_length=32)
    list_id: int | None = Field(default=None, ge=1, le=LARGEST_ID)
    next: str = Field(default="/", max_length=4_000)
    request: str | None = Field(default=None, max_length=64)


@router.post("/accounts/{account_id:path}/actions")
def act_on_account(request: Request, viewer: Seen, account_id: str, sent: Annotated[Sent, Form()]) -> Response:
    """Write one action down and go back to the account, or show the page again with what is wrong."""
    state = request.app.state
    try:
        detail = _detail(sent, state.settings.plays)
        key = None if sent.request is None else _key(viewer, sent.request, account_id, sent.kind, detail)
        made = act(
            state.engine,
            Action(account_id, sent.kind, detail, sent.list_id, key),
            _who(viewer),
            state.clock(),
            today_of(request, viewer),
        )
    except UsageError as error:
        draft = Draft(sent.kind, _sentence(error), sent.model_dump(mode="json"))
        return account_shown(request, viewer, account_id, sent.as_of, draft=draft)
    return _back(account_id, sent.as_of, made)


@router.post("/accounts/{account_id:path}/actions/{action_id}/undo")
def take_back(
    request: Request, viewer: Seen, account_id: str, action_id: int, as_of: Annotated[date | None, Form()] = None
) -> Response:
    """Take an action back; one that was taken back already stays so."""
    state = request.app.state
    with state.engine.connect() as connection:
        found = next((each for each in actions_of(connection, account_id) if each.id == action_id), None)
    if found is None or found.kind == "undo":
        raise NotHere(f"Account {plain(account_id)} has no action {action_id} that could be taken back.")
    if found.undone:
        return _back(account_id, as_of, None)
    if not may_undo(found, viewer):
        raise Forbidden(f"Only {plain(found.actor)} or a manager can take this back.")
    return _back(account_id, as_of, undo(state.engine, action_id, _who(viewer), state.clock()))


@router.post("/actions")
def act_on_chosen(request: Request, viewer: Seen, sent: Annotated[SentForMany, Form()]) -> Response:
    """Write the same action down for all chosen accounts, or for none."""
    state = request.app.state
    _require_book(request, viewer, sent.account)
    try:
        if not sent.account:
            raise UsageError("choose at least one account")
        detail = _detail_for_many(sent)
        key = None if sent.request is None else _key(viewer, sent.request, sent.kind, detail)
        made = act_on_many(
            state.engine,
            sent.account,
            sent.kind,
            detail,
            _who(viewer),
            state.clock(),
            sent.list_id,
            key,
            today_of(request, viewer),
        )
    except UsageError as error:
        return _asked_again(request, viewer, sent, _sentence(error))
    return RedirectResponse(_with_words(sent.next, done_words(len(made), sent.kind, detail)), 303)


def _detail(sent: Sent, plays: dict[str, str]) -> dict[str, Any]:
    """Return what the action holds; what must not be empty is said in words here, the other rules are the ledger's."""
    kind = sent.kind
    if kind == "stage":
        return {"stage": sent.stage or None}
    if kind == "risk":
        _require(sent.end or sent.band, EMPTY["band"])
        _require(sent.end or sent.reason, EMPTY["reason"])
        return {"band": None, "reason": None} if sent.end else {"band": sent.band, "reason": sent.reason}
    if kind == "note":
        _require(sent.text.strip(), EMPTY["note"])
        return {"text": sent.text}
    if kind == "snooze":
        _require(sent.end or sent.until, EMPTY["snooze"])
        return {"until": None if sent.end else sent.until}
    if kind == "next":
        _require(sent.what.strip(), EMPTY["next"])
        return {"what": sent.what, "due": sent.due or None}
    if kind == "play":
        play = play_for(sent.driver, plays)
        _require(play, f"there is no suggested play for {plain(sent.driver)!r}")
        return {"driver": sent.driver, "text": play, "due": sent.due or None}
    return {}


def _detail_for_many(sent: SentForMany) -> dict[str, Any]:
    if sent.kind not in ("stage", "snooze", "next", "note"):
        raise UsageError("choose what to do: a stage, a snooze, a next action or a note")
    if sent.kind == "stage":
        return {"stage": sent.stage or None}
    if sent.kind == "snooze":
        _require(sent.date, EMPTY["snooze"])
        return {"until": sent.date}
    _require(sent.text.strip(), EMPTY[sent.kind])
    return {"text": sent.text} if sent.kind == "note" else {"what": sent.text, "due": sent.date or None}


def _require(given: object, rule: str) -> None:
    if not given:
        raise UsageError(rule)


def _require_book(request: Request, viewer: Viewer, accounts: Sequence[str]) -> None:
    """Refuse everything when one account is not in the viewer's book; unknown ones are said to be just that."""
    with request.app.state.engine.connect() as connection:
        others = [account for account in dict.fromkeys(accounts) if not _in_book(connection, viewer, account)]
    if others:
        shown = ", ".join(plain(account) for account in others[:SOME])
        more = f" and {len(others) - SOME:,} more" if len(others) > SOME else ""
        raise NotHere(f"Not in your book: {shown}{more}. Nothing was done.")


def _in_book(connection: Any, viewer: Viewer, account_id: str) -> bool:  # noqa: ANN401
    # PostgreSQL refuses to look for text with a NUL character; no account is called so.
    known, owner = (False, None) if "\x00" in account_id else owner_of(connection, account_id)
    return known and viewer.sees(owner)


def _who(viewer: Viewer) -> Actor:
    return Actor(viewer.user_id, viewer.name)


def _key(viewer: Viewer, *parts: object) -> str:
    """Return the key of what was sent: the same form twice is one action, another content of the same page another."""
    text = "\x1f".join(map(repr, (viewer.user_id, *parts)))
    return sha256(text.encode("utf-8", "replace")).hexdigest()


def _sentence(error: UsageError) -> str:
    text = plain(str(error))
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"


def _back(account_id: str, as_of: date | None, did: int | None) -> Response:
    asked = {name: value for name, value in (("as_of", as_of), ("did", did)) if value is not None}
    query = f"?{urlencode(asked)}" if asked else ""
    return RedirectResponse(f"/accounts/{quote(account_id)}{query}", 303)


def _with_words(place: str, words: str) -> str:
    """Return the page to go back to, with what was done for it to show."""
    parts = urlsplit(own_page(place))
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name != "done"]
    return f"{quote(parts.path, safe='/%')}?{urlencode([*kept, ('done', words)])}"


def _asked_again(request: Request, viewer: Viewer, sent: SentForMany, wrong: str) -> Response:
    place = own_page(sent.next)
    made = page(
        request, "app/_act_many.html.jinja", viewer, sent=sent, wrong=wrong, stages=STAGES, place=place,
        request_key=new_key(),
    )  # fmt: skip
    made.status_code = 422
    return made
