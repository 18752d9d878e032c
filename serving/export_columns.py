"""What a list's exports have in each column: from the list, and from what people said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Literal, NamedTuple

from serving.acting.states import AccountState
from serving.formats import outcome_window
from serving.list_row import ListRow
from serving.risk_list import PublishedList

EDGES = ("low", "high")
EDGED = (
    ("risk_30", "Risk within 30 days"),
    ("risk_60", "Risk within 60 days"),
    ("risk_90", "Risk within 90 days"),
    ("risk_60_90", "Risk in days 61 to 90"),
)
Kind = Literal["text", "count", "money", "share", "points", "health", "date"]
Cell = str | float | date | None


NOTHING = AccountState()
"""The state of an account that nobody has said anything about."""


class Line(NamedTuple):
    """What one line of an export is made of."""

    row: ListRow
    said: AccountState
    published: PublishedList
    at: datetime


@dataclass(frozen=True)
class ExportColumn:
    """One column: its name for programs, its title for people, and how it is read from a line."""

    name: str
    title: str
    kind: Kind
    width: int
    read: Callable[[Line], Cell]


def columns(reasons: int, separate: Sequence[str] = (), acting: bool = False) -> tuple[ExportColumn, ...]:
    """Return every exported column in order: so many reasons, these separate outcomes, what people said if `acting`."""
    return (
        _field("rank", "Rank", "count", 6),
        _field("account_id", "Account id", "text", 14),
        _field("name", "Account", "text", 28),
        _field("owner", "Owner", "text", 18),
        _field("segment", "Segment", "text", 14),
        _field("plan", "Plan", "text", 14),
        _field("seats", "Seats", "count", 8),
        _field("arr", "ARR", "money", 12),
        _field("arr_at_risk", "ARR at risk", "money", 12),
        _field("saveable", "ARR that can still be saved", "money", 12),
        _field("risk_30", "Risk within 30 days", "share", 11),
        _field("risk_60", "Risk within 60 days", "share", 11),
        _field("risk_90", "Risk within 90 days", "share", 11),
        _field("risk_60_90", "Risk in days 61 to 90", "share", 11),
        _field("health", "Health", "health", 8),
        _field("band", "Band", "text", 10),
        *(_acting() if acting else ()),
        _field("weeks_listed", "Weeks on the list", "count", 9),
        _field("change", "Change since last week", "points", 11),
        _field("renewal_date", "Renewal date", "date", 13),
        _field("notice_deadline", "Notice deadline", "date", 13),
        ExportColumn("days_to_notice", "Days to notice deadline", "count", 10, _days_to_notice),
        _field("driver", "Driver", "text", 16),
        *(_reason(position) for position in range(1, reasons + 1)),
        _field("sponsor", "Sponsor", "text", 10),
        _field("sponsor_since", "Sponsor so since", "date", 13),
        _field("customer_contact", "Last contact that the customer began", "date", 13),
        _field("last_use", "Last use", "date", 13),
        *(_field(f"{risk}_{edge}", f"{title}, {edge} edge", "share", 11) for risk, title in EDGED for edge in EDGES),
        _field("change_data", "Change from new data", "points", 11),
        _field("change_clock", "Change as time passed", "points", 11),
        _field("change_model", "Change from the new model", "points", 11),
        _field("change_text", "What changed", "text", 60),
        *(_separate(name) for name in separate),
        ExportColumn("as_of", "As of", "date", 13, attrgetter("published.as_of")),
        ExportColumn("model", "Model", "text", 15, attrgetter("published.model")),
        ExportColumn("outcome", "Outcome contract", "text", 15, attrgetter("published.outcome")),
    )


def exported(published: PublishedList, acting: bool = False) -> tuple[ExportColumn, ...]:
    """Return the columns of this list's exports."""
    return columns(published.settings.reasons, published.separate, acting)


def lines(published: PublishedList, states: Mapping[str, AccountState] | None, at: datetime | None) -> Iterator[Line]:
    """Yield one line per row of the list, in its order; `at` (else when it was published) is now."""
    said, now = states or {}, at or published.published_at
    return (Line(row, said.get(row.account_id, NOTHING), published, now) for row in published.rows)


def _acting() -> tuple[ExportColumn, ...]:
    return (
        ExportColumn("csm_band", "CSM's band", "text", 10, attrgetter("said.csm_band")),
        ExportColumn("final_band", "Final band", "text", 10, lambda line: line.said.final_band(line.row.band)),
        ExportColumn("csm_reason", "Reason for disagreeing", "text", 20, attrgetter("said.csm_reason")),
        ExportColumn("stage", "Stage", "text", 13, attrgetter("said.stage")),
        ExportColumn("days_in_stage", "Days in stage", "count", 8, lambda line: line.said.stage_days(line.at)),
        ExportColumn("snooze_until", "Snoozed until", "date", 13, attrgetter("said.snooze_until")),
        ExportColumn("next_action", "Next action", "text", 40, attrgetter("said.next_action")),
        ExportColumn("next_due", "Next action due", "date", 13, attrgetter("said.next_due")),
    )


def _field(name: str, title: str, kind: Kind, width: int) -> ExportColumn:
    return ExportColumn(name, title, kind, width, attrgetter(f"row.{name}"))


def _reason(position: int) -> ExportColumn:
    def read(line: Line) -> Cell:
        why = line.row.reasons
        return why[position - 1].text if len(why) >= position else None

    return ExportColumn(f"reason_{position}", f"Reason {position}", "text", 60, read)


def _separate(name: str) -> ExportColumn:
    def read(line: Line) -> Cell:
        return (line.row.separate or {}).get(name)

    return ExportColumn(name, outcome_window(name).capitalize(), "share", 11, read)


def _days_to_notice(line: Line) -> Cell:
    deadline = line.row.notice_deadline
    return None if deadline is None else (deadline - line.published.as_of).days
