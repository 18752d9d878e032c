"""What happened to an account: events and actions in one order, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from serving.formats import day, plain

if TYPE_CHECKING:
    from serving.acting.history import PastAction
    from serving.happened import AccountEvent
    from serving.web.access import Viewer

KINDS = {
    "action": "What we said and did",
    "outcome": "Outcome",
    "contract": "Contract",
    "sponsor": "Sponsor",
    "ticket": "Severe tickets",
    "survey": "Surveys",
    "touchpoint": "Touchpoints",
}
"""Per kind of event its title, in the order of the page."""
MOST_OF_A_KIND = 100


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened, in words."""

    kind: str
    on: date
    text: str
    more: str = ""
    """Who did it, or when it became known."""
    undone: bool = False
    undo: int | None = None
    """The action that the viewer may take back."""


@dataclass(frozen=True, slots=True)
class OfKind:
    """What happened of one kind, the newest first; `more` is how much older ones are not shown."""

    kind: str
    title: str
    shown: tuple[Happened, ...]
    more: int


@dataclass(frozen=True)
class Story:
    """What happened, the newest first, and by kind."""

    all: tuple[Happened, ...]
    by_kind: tuple[OfKind, ...]


def tell(events: Sequence[AccountEvent], actions: Sequence[PastAction], viewer: Viewer, zone: str) -> Story:
    """Return events and actions as one story."""
    told = [_event(event) for event in events] + [_action(action, viewer, zone) for action in actions]
    newest = sorted(told, key=lambda each: each.on, reverse=True)
    kinds = dict.fromkeys((*KINDS, *(each.kind for each in newest)))
    grouped = ((kind, tuple(each for each in newest if each.kind == kind)) for kind in kinds)
    return Story(tuple(newest), tuple(_of_kind(kind, some) for kind, some in grouped if some))


def _of_kind(kind: str, some: tuple[Happened, ...]) -> OfKind:
    title = KINDS.get(kind, plain(kind).capitalize())
    return OfKind(kind, title, some[:MOST_OF_A_KIND], max(0, len(some) - MOST_OF_A_KIND))


def may_undo(action: PastAction, viewer: Viewer) -> bool:
    """Say whether the viewer may take an action back: their own, and managers any."""
    return action.can_be_undone and (viewer.sees_all or action.user_id == viewer.user_id)


def _event(event: AccountEvent) -> Happened:
    late = f"known from {day(event.known_on)} on" if event.known_on > event.on else ""
    return Happened(event.kind, event.on, plain(event.text), late)


def _action(action: PastAction, viewer: Viewer, zone: str) -> Happened:
    return Happened(
        kind="action",
        on=local_day(action.at, zone),
        text=plain(action.text),
        more=plain(action.actor),
        undone=action.undone,
        undo=action.id if may_undo(action, viewer) else None,
    )


def local_day(at: datetime, zone: str) -> date:
    """Return the day of a database time in a zone."""
    return at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()
