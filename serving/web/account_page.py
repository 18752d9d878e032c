"""One account: its risk, why, what changed, what happened, what can be done, and where the numbers come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy import func, select

from serving.acting.history import actions_of, latest_action_id
from serving.acting.kinds import REASONS, STAGES
from serving.acting.ledger import LARGEST_ID
from serving.acting.states import AccountState, read_states
from serving.explanation import read_explanations
from serving.happened import CHURN, events_of
from serving.risk_list import current_list_id
from serving.schema import lists
from serving.schema_history import account_events, list_maturity, list_outcomes
from serving.web.access import Seen, Viewer
from serving.web.account_found import FoundAccount, find_account
from serving.web.account_history import drawn, past_weeks
from serving.web.account_numbers import numbers, sources
from serving.web.account_peers import earlier_values, peer_numbers
from serving.web.account_story import KINDS, Story, may_undo, tell
from serving.web.account_view import bands, changes, day_of, facts, risks, standing
from serving.web.account_why import behind, waterfalls
from serving.web.list_view import tones
from serving.web.rendering import page, today_of, unchanged
from serving.web.svg_time import time_line

if TYPE_CHECKING:
    from sqlalchemy import Connection

router = APIRouter()
MOST_WEEKS = 60
LATEST = 6
"""Things that happened last, in sight without opening anything."""


@dataclass(frozen=True)
class Draft:
    """What somebody sent that cannot be done, to be shown again in its form."""

    kind: str = ""
    wrong: str = ""
    sent: Mapping[str, Any] = field(default_factory=dict)

    def of(self, kind: str, name: str, otherwise: str = "") -> str:
        """Return what was sent in a field of the form of a kind."""
        return str(self.sent.get(name) or "") if self.kind == kind else otherwise


@router.get("/accounts/{account_id:path}")
def account(
    request: Request,
    viewer: Seen,
    account_id: str,
    as_of: date | None = None,
    did: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
) -> Response:
    """Show an account as a week's list has it, and what was just done."""
    return account_shown(request, viewer, account_id, as_of, did=did)


def account_shown(
    request: Request,
    viewer: Viewer,
    account_id: str,
    as_of: date | None,
    did: int | None = None,
    draft: Draft | None = None,
) -> Response:
    """Return the page of an account; with a draft it is shown again because something in it is wrong.

    Raises UsageError when no list was published for the week.
    """
    today = today_of(request, viewer)
    with request.app.state.engine.connect() as connection:
        found = find_account(connection, account_id, as_of)
        tag, same = unchanged(request, found.published.list_id, today, *_moving(connection))
        if same is not None and draft is None:
            return same
        context = _context(request, viewer, connection, found, today)
    done = None if did is None else next((each for each in context["actions"] if each.id == did), None)
    made = page(
        request, "app/account.html.jinja", viewer, **context, done=done, can_undo=done and may_undo(done, viewer),
        draft=draft or Draft(), request_key=new_key(),
    )  # fmt: skip
    if draft is None:
        made.headers["etag"] = tag
    else:
        made.status_code = 422
    return made


def new_key() -> str:
    """Return a random key that makes sending a form twice one action."""
    return token_urlsafe(12)


def _moving(connection: Connection) -> tuple[object, ...]:
    """Return what changes an account's page beside its list and the day."""
    matured = select(func.max(list_maturity.c.known_by), func.sum(list_maturity.c.matured_days))
    churns = select(func.count()).select_from(list_outcomes).where(list_outcomes.c.kind == CHURN)
    return (
        current_list_id(connection),
        latest_action_id(connection),
        connection.scalar(select(func.max(account_events.c.id))),
        tuple(connection.execute(matured).one()),
        connection.scalar(churns),
        connection.scalar(select(func.max(lists.c.id))),
    )


def _context(
    request: Request, viewer: Viewer, connection: Connection, found: FoundAccount, today: date
) -> dict[str, Any]:
    at = request.app.state.clock()
    state = read_states(connection, [found.account_id]).get(found.account_id, AccountState())
    actions = actions_of(connection, found.account_id)
    events = events_of(connection, found.account_id, found.as_of)
    counted = day_of(found, today)
    zone = viewer.zone or request.app.state.settings.timezone or "UTC"
    return {
        "found": found,
        "published": found.published,
        "row": found.row,
        "today": today,
        "state": state,
        "bands": bands(found, state),
        "risks": risks(found.row) if found.row else [],
        "facts": facts(found, counted),
        "standing": standing(state, today, at),
        "actions": actions,
        "stages": STAGES,
        "reasons": REASONS,
        "tones": tones(found.published),
        "known_kinds": KINDS,
        "most_weeks": MOST_WEEKS,
        "latest": LATEST,
        **_over_time(connection, found, tell(events, actions, viewer, zone)),
        **_explained(request, connection, found),
    }


def _over_time(connection: Connection, found: FoundAccount, story: Story) -> dict[str, Any]:
    weeks = past_weeks(connection, found.account_id)
    line = drawn(found, weeks, story)
    pictures = (time_line(line, narrow=False), time_line(line, narrow=True))
    return {"story": story, "weeks": weeks, "line": line, "pictures": pictures}


def _explained(request: Request, connection: Connection, found: FoundAccount) -> dict[str, Any]:
    """Return why a scored account has its risk, and the numbers; nothing of it for one without a score."""
    known = read_explanations(connection, found.header, [found.account_id]).get(found.account_id)
    nothing = {"waterfalls": (), "behind": [], "numbers": None, "sources": sources(found), "changes": changes(found)}
    if known is None or found.row is None:
        return nothing
    engine = request.app.state.engine
    peers = peer_numbers(engine, connection, found.header, found.segment)
    earlier = earlier_values(engine, connection, found.account_id, found.as_of)
    return nothing | {
        "waterfalls": waterfalls(found, known),
        "behind": behind(found, known, peers, earlier, request.app.state.settings.plays),
        "numbers": numbers(found, known),
    }
