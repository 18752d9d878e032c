"""What acting says: what is missing, and what was done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from serving.formats import day, plain

EMPTY = {
    "band": "choose the risk as you see it",
    "reason": "choose why you see it differently",
    "note": "write the note first",
    "snooze": "choose the day until which the account is snoozed",
    "next": "write what is done next",
}
"""Per field what is said when it is empty."""


def done_words(accounts: int, kind: str, detail: Mapping[str, Any]) -> str:
    """Return what was done for several accounts at once."""
    return f"{accounts:,} account{'' if accounts == 1 else 's'}: {_done(kind, detail)}"


def _done(kind: str, detail: Mapping[str, Any]) -> str:
    if kind == "stage":
        return f"stage {detail['stage']}" if detail["stage"] else "taken out of all stages"
    if kind == "snooze":
        return f"snoozed until {day(date.fromisoformat(detail['until']))}"
    if kind == "note":
        return "note added"
    by = f", by {day(date.fromisoformat(detail['due']))}" if detail["due"] else ""
    return f"next action {plain(detail['what'].strip())[:80]}{by}"
