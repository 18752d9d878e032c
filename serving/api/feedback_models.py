"""Shapes of feedback: what can be said or done about an account, and what was."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from serving.acting.kinds import (
    DoneDetail,
    Kind,
    NextDetail,
    NoteDetail,
    PlayDetail,
    RiskDetail,
    SnoozeDetail,
    StageDetail,
)
from serving.api.models import Day, Instant, Page, Shape


class Sent(Shape):
    """One thing to say or do about an account."""

    as_of: Day | None = Field(default=None, description="Week of the list that was looked at, the current one if null.")


class SentStage(Sent):
    """Put the account in a stage, or with null in none."""

    kind: Literal["stage"]
    detail: StageDetail


class SentRisk(Sent):
    """Disagree with the automated band, with a reason; null for both goes back to it."""

    kind: Literal["risk"]
    detail: RiskDetail


class SentNote(Sent):
    """Write a note."""

    kind: Literal["note"]
    detail: NoteDetail


class SentSnooze(Sent):
    """Put the account off until a day after today; null ends it."""

    kind: Literal["snooze"]
    detail: SnoozeDetail


class SentNext(Sent):
    """Say what is done next, and by when."""

    kind: Literal["next"]
    detail: NextDetail


class SentDone(Sent):
    """The next action is done."""

    kind: Literal["done"]
    detail: DoneDetail = DoneDetail()


class SentPlay(Sent):
    """Make a play the next action."""

    kind: Literal["play"]
    detail: PlayDetail


NewAction = Annotated[
    SentStage | SentRisk | SentNote | SentSnooze | SentNext | SentDone | SentPlay, Field(discriminator="kind")
]
NEW_ACTION: TypeAdapter[Any] = TypeAdapter(NewAction)
EXAMPLES = {
    "stage": {"kind": "stage", "detail": {"stage": "plan in place"}},
    "risk": {"kind": "risk", "detail": {"band": "Low", "reason": "seasonal"}},
    "note": {"kind": "note", "detail": {"text": "The new admin starts in March."}},
    "snooze": {"kind": "snooze", "detail": {"until": "2026-12-07"}},
    "next": {"kind": "next", "detail": {"what": "Call the main user", "due": "2026-11-09"}},
    "done": {"kind": "done", "detail": {}},
    "play": {"kind": "play", "detail": {"driver": "Logins", "text": "Offer a short session."}},
}


class FeedbackAction(Shape):
    """One thing that was said or done; it stays as it is, also when it was taken back."""

    id: int
    account_id: str
    at: Instant
    by: str = Field(description="Sign-in name of who said it.")
    kind: Kind
    detail: dict[str, str | None] = Field(description="What it holds, by kind; empty for done and undo.")
    text: str = Field(description="The same in words.")
    list_as_of: Day | None = Field(description="Week of the list that was looked at.")
    undone: bool = Field(description="Whether it was taken back and counts for nothing.")
    undoes: int | None = Field(description="The action that an undo takes back.")


class FeedbackPage(Page[FeedbackAction]):
    """What was said and done, the newest first."""
