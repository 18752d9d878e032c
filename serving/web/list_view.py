"""What the list says of each account, in words, ready to be put on a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from serving.formats import between, day, days_left, money, percent, plain, points, whole
from serving.web.svg import sparkline

if TYPE_CHECKING:
    from markupsafe import Markup

    from serving.acting.states import AccountState
    from serving.list_index import ListIndex
    from serving.list_row import ListRow
    from serving.risk_list import PublishedList

SOON_DAYS = 30
OLD_DAYS = 10
"""Days before the as-of date after which a table's last row is marked as old, and an account as quiet."""
REASONS_IN_SIGHT = 3
SPONSORS = {"in place": "in place", "left": "left, nobody followed", "none": "none on record"}


@dataclass(frozen=True, slots=True)
class Said:
    """What people said of an account, as text."""

    stage: str = ""
    stage_for: str = ""
    next_action: str = ""
    next_due: str = ""
    overdue: bool = False
    snoozed: str = ""


@dataclass(frozen=True, slots=True)
class RowView:
    """One row as people read it; every field is text, already without control characters."""

    account_id: str
    week: str
    """What leads to the account as a past list has it, empty on the current one."""
    name: str
    owner: str
    about: str
    arr: str
    at_risk: str
    saveable: str
    window: str
    window_range: str
    risk: str
    risk_range: str
    band: str
    tone: str
    automated: str
    health: str
    change: str
    direction: str
    change_text: str
    weeks: str
    is_new: bool
    has_left: bool
    spark: Markup | str
    renewal: str
    deadline: str
    left: str
    urgent: bool
    reasons: tuple[tuple[str, str], ...]
    sponsor: str
    contact: str
    last_use: str
    quiet: str
    """How long nobody has used the product, empty while somebody did lately."""
    said: Said
    full: str
    """The owner's capacity, on the row that reaches it."""


@dataclass(frozen=True, slots=True)
class SeenOn:
    """What a row's words depend on beside the list and what people said of the account."""

    current: bool
    today: date
    """The day that days left are counted from."""
    day: date
    """The day it is where the viewer is."""
    at: datetime
    zone: str
    capacity: int
    full: frozenset[str]
    """Accounts with which an owner's capacity is reached; empty where no line is drawn."""


def counted_from(published: PublishedList, today: date, *, current: bool) -> date:
    """Return the day that days left are counted from: today, but the list's own week for a past one."""
    return max(today, published.as_of) if current else published.as_of


def tones(published: PublishedList) -> dict[str, str]:
    """Return each band's tone: the highest, the lowest, and whatever lies between."""
    names = published.settings.band_names
    return {name: "high" if name == names[0] else "low" if name == names[-1] else "medium" for name in names}


def row_view(
    row: ListRow, index: ListIndex, state: AccountState | None, seen: SeenOn, toned: Mapping[str, str]
) -> RowView:
    """Return what the list says of one account; `toned` is the tone of each band, from `tones`."""
    published, currency = index.header, index.header.settings.currency
    band = row.band if state is None else state.final_band(row.band)
    left = None if row.notice_deadline is None else (row.notice_deadline - seen.today).days
    name = plain(row.name or row.account_id)
    return RowView(
        account_id=row.account_id,
        week="" if seen.current else f"?as_of={published.as_of}",
        name=name,
        owner=plain(row.owner or "nobody"),
        about=" · ".join(plain(part) for part in (row.account_id if row.name else None, row.segment) if part),
        arr=money(row.arr, currency),
        at_risk=money(row.arr_at_risk, currency),
        saveable=money(row.saveable, currency),
        window=percent(row.risk_60_90),
        window_range=between(row.risk_60_90_low, row.risk_60_90_high),
        risk=percent(row.risk_90),
        risk_range=between(row.risk_90_low, row.risk_90_high),
        band=band,
        tone=toned.get(band, "low"),
        automated="" if band == row.band else row.band,
        health=whole(row.health),
        change=_change(row, published),
        direction=_direction(row.change),
        change_text=plain(row.change_text or ""),
        weeks=_weeks(row.weeks_listed),
        is_new=row.weeks_listed == 1 and published.previous_as_of is not None,
        has_left=_has_left(row, index.lowest),
        spark=sparkline(row.spark or (), f"Risk within 90 days over the last {len(row.spark or ())} weeks: {name}"),
        renewal=day(row.renewal_date),
        deadline=day(row.notice_deadline),
        left=days_left(row.notice_deadline, seen.today),
        urgent=left is not None and 0 <= left <= SOON_DAYS,
        reasons=tuple((plain(reason.driver), plain(reason.text)) for reason in row.reasons[:REASONS_IN_SIGHT]),
        sponsor=_sponsor(row),
        contact=day(row.customer_contact) if row.customer_contact else "none known",
        last_use=day(row.last_use) if row.last_use else "none known",
        quiet=_quiet(row, published),
        said=_said(state, seen),
        full=f"{plain(row.owner or '')}: capacity of {seen.capacity} reached" if row.account_id in seen.full else "",
    )


def _said(state: AccountState | None, seen: SeenOn) -> Said:
    if state is None:
        return Said()
    days = state.stage_days(seen.at, seen.zone)
    return Said(
        stage=state.stage or "",
        stage_for="" if days is None else _days(days),
        next_action=plain(state.next_action or ""),
        next_due=day(state.next_due) if state.next_due else "",
        overdue=state.next_due is not None and state.next_due < seen.day,
        snoozed=day(state.snooze_until) if state.is_snoozed(seen.day) else "",
    )


def freshness(published: PublishedList) -> list[tuple[str, str, bool]]:
    """Return per table the day of its last row and whether that is old; empty where it was not kept."""
    reach: Sequence[tuple[str, str]] = sorted((published.reach or {}).items())
    ends = [(table, date.fromisoformat(last)) for table, last in reach]
    return [(table, day(last), last < published.as_of - timedelta(days=OLD_DAYS)) for table, last in ends]


def _change(row: ListRow, published: PublishedList) -> str:
    if published.previous_as_of is None:
        return "–"
    return "not scored before" if row.change is None else f"{points(row.change)} points"


def _direction(change: float | None) -> str:
    return "flat" if change is None or abs(change) < 0.0005 else "up" if change > 0 else "down"


def _weeks(weeks: int | None) -> str:
    if weeks is None:
        return "–"
    return "not on it" if weeks == 0 else "1 week" if weeks == 1 else f"{weeks} weeks"


def _has_left(row: ListRow, lowest: str) -> bool:
    return row.band == lowest and row.previous_band not in (None, lowest)


def _sponsor(row: ListRow) -> str:
    if row.sponsor is None:
        return "not tracked"
    since = f" since {day(row.sponsor_since)}" if row.sponsor_since else ""
    return SPONSORS.get(row.sponsor, plain(row.sponsor)) + since


def _quiet(row: ListRow, published: PublishedList) -> str:
    days = 0 if row.last_use is None else (published.as_of - row.last_use).days
    return f"{days} days" if days > OLD_DAYS else ""


def _days(days: int) -> str:
    return "since today" if days == 0 else "for 1 day" if days == 1 else f"for {days} days"
