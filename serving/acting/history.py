"""What was said and done about an account, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from serving.formats import day
from serving.schema import lists
from serving.schema_acting import actions

NEWEST = select(func.max(actions.c.id))


@dataclass(frozen=True, slots=True)
class PastAction:
    """One action as it is read; an undone one is shown, struck, and counts for nothing."""

    id: int
    account_id: str
    at: datetime
    user_id: int | None
    actor: str
    kind: str
    text: str
    undone: bool
    can_be_undone: bool
    list_as_of: date | None


def latest_action_id(connection: Connection) -> int:
    """Return the id of the newest action, 0 before the first: whoever has seen it has seen them all."""
    return connection.scalar(NEWEST) or 0


def actions_of(connection: Connection, account_id: str) -> list[PastAction]:
    """Return everything said and done about an account, the newest first."""
    query = select(actions, lists.c.as_of).outerjoin(lists, lists.c.id == actions.c.list_id)
    rows = connection.execute(query.where(actions.c.account_id == account_id).order_by(actions.c.id.desc())).all()
    undone = {row.undoes for row in rows if row.undoes is not None}
    said = {row.id: _said(row.kind, row.detail) for row in rows}
    return [
        PastAction(
            id=row.id,
            account_id=row.account_id,
            at=row.at,
            user_id=row.user_id,
            actor=row.actor,
            kind=row.kind,
            text=f"Took back: {said.get(row.undoes, 'an action')}" if row.kind == "undo" else said[row.id],
            undone=row.id in undone,
            can_be_undone=row.kind != "undo" and row.id not in undone,
            list_as_of=row.as_of,
        )
        for row in rows
    ]


def _said(kind: str, detail: Mapping[str, Any]) -> str:
    if kind == "stage":
        return f"Stage: {detail['stage']}" if detail["stage"] else "Taken out of all stages"
    if kind == "risk":
        return f"Risk is {detail['band']}: {detail['reason']}" if detail["band"] else "Back to the automated risk"
    if kind == "note":
        return f"Note: {detail['text']}"
    if kind == "snooze":
        return f"Snoozed until {_day(detail['until'])}" if detail["until"] else "Snooze ended"
    if kind == "done":
        return "Next action done"
    by = f", by {_day(detail['due'])}" if detail.get("due") else ""
    if kind == "play":
        return f"Play for {detail['driver']}: {detail['text']}{by}"
    return f"Next action: {detail['what']}{by}" if kind == "next" else ""


def _day(text: str) -> str:
    return day(date.fromisoformat(text))
