"""What stands at the head of an account's page, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from serving.formats import MISSING, between, day, days_left, money, percent, plain, points, whole
from serving.web.list_view import OLD_DAYS, SOON_DAYS, SPONSORS, counted_from, tones
from serving.web.svg import step_bar

if TYPE_CHECKING:
    from markupsafe import Markup

    from serving.acting.states import AccountState
    from serving.list_row import ListRow
    from serving.web.account_found import FoundAccount

WINDOWS = (
    ("risk_30", "within 30 days"),
    ("risk_60", "within 60 days"),
    ("risk_90", "within 90 days"),
    ("risk_60_90", "in days 61 to 90"),
)
NOT_KEPT = "not known on this list"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is known of the account: its name, its value, and what explains it."""

    title: str
    value: str
    more: str = ""
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Bands:
    """The band that the model gave, the CSM's, and the one that counts."""

    automated: str
    csm: str
    final: str
    tone: str
    about: str
    """Who gave the CSM's, why and when."""


@dataclass(frozen=True, slots=True)
class Change:
    """One part of the change since the week before, in percentage points."""

    title: str
    more: str
    value: str
    tone: str
    bar: Markup


@dataclass(frozen=True, slots=True)
class Standing:
    """What people said of the account."""

    stage: str
    stage_for: str
    next_action: str
    next_due: str
    overdue: bool
    snoozed: str


def bands(found: FoundAccount, state: AccountState) -> Bands | None:
    """Return the bands, None where the account has no score."""
    if found.row is None:
        return None
    final = state.final_band(found.row.band)
    about = ""
    if state.csm_band:
        since = day(state.csm_since.date()) if state.csm_since else MISSING
        about = f"{plain(state.csm_by or 'somebody')}, {since}: {state.csm_reason}"
    return Bands(found.row.band, state.csm_band or "", final, tones(found.published).get(final, "low"), about)


def risks(row: ListRow) -> list[Fact]:
    """Return the risk within each window, with what such risks meant in past weeks."""
    made = []
    for name, title in WINDOWS:
        range_ = between(getattr(row, f"{name}_low"), getattr(row, f"{name}_high"))
        made.append(Fact(title, percent(getattr(row, name)), f"95% interval {range_}" if range_ else ""))
    return made


def facts(found: FoundAccount, today: date) -> list[Fact]:
    """Return what the list knows of a scored account beside its risk."""
    row = found.row
    if row is None:
        return []
    money_in = found.published.settings.currency
    return [
        Fact("ARR", money(row.arr, money_in), "per year"),
        Fact("Can still be saved", money(row.saveable, money_in), _saveable(row, found.as_of)),
        Fact("ARR at risk", money(row.arr_at_risk, money_in), "ARR × risk within 90 days"),
        _deadline(row, today),
        Fact("Renewal", day(row.renewal_date), days_left(row.renewal_date, today)),
        Fact("Health", whole(row.health), "of 100"),
        Fact("On the list", _weeks(row.weeks_listed), f"rank {row.rank:,} of {found.published.accounts:,}"),
        Fact("Plan", plain(row.plan or MISSING), "" if row.seats is None else f"{whole(row.seats)} seats"),
        _sponsor(row),
        _contact(row, found.as_of),
        _last_use(row, found.as_of),
    ]


def changes(found: FoundAccount) -> list[Change]:
    """Return the parts of the change since the week before; none where it is not known."""
    row = found.row
    if row is None or row.change is None:
        return []
    parts = (
        ("New data", "what happened at the account", row.change_data),
        ("Time", "the calendar moved on: nearer to the renewal, longer without contact", row.change_clock),
        ("New model", "the same data said by another model", row.change_model),
    )
    known = [(title, more, part) for title, more, part in parts if part is not None]
    most = max((abs(part) for _, _, part in known), default=0.0)
    return [
        Change(title, more, points(part), "raises" if part >= 0 else "lowers", _bar(part, most))
        for title, more, part in known
    ]


def _bar(part: float, most: float) -> Markup:
    return step_bar(0.0, part, -most, most, "raises" if part >= 0 else "lowers")


def standing(state: AccountState, today: date, at: datetime) -> Standing:
    """Return what people said last."""
    days = state.stage_days(at)
    return Standing(
        stage=state.stage or "",
        stage_for="" if days is None else _for(days),
        next_action=plain(state.next_action or ""),
        next_due=day(state.next_due) if state.next_due else "",
        overdue=state.next_due is not None and state.next_due < today,
        snoozed=day(state.snooze_until) if state.is_snoozed(today) else "",
    )


def day_of(found: FoundAccount, today: date) -> date:
    """Return the day that days left are counted from."""
    return counted_from(found.published, today, current=found.current)


def _saveable(row: ListRow, as_of: date) -> str:
    if row.saveable is None:
        return "no ARR is known" if row.arr is None else NOT_KEPT
    if row.notice_deadline is None:
        return "ARR × risk in days 61 to 90: no notice deadline is known"
    return "the notice deadline has passed" if row.notice_deadline < as_of else "ARR × risk within 90 days"


def _deadline(row: ListRow, today: date) -> Fact:
    left = None if row.notice_deadline is None else (row.notice_deadline - today).days
    more = days_left(row.notice_deadline, today) or "none is known"
    return Fact("Notice deadline", day(row.notice_deadline), more, left is not None and 0 <= left <= SOON_DAYS)


def _sponsor(row: ListRow) -> Fact:
    if row.sponsor is None:
        return Fact("Sponsor", MISSING, NOT_KEPT)
    since = f"since {day(row.sponsor_since)}" if row.sponsor_since else ""
    return Fact("Sponsor", SPONSORS.get(row.sponsor, plain(row.sponsor)), since, row.sponsor == "left")


def _contact(row: ListRow, as_of: date) -> Fact:
    return Fact("Customer’s last contact", day(row.customer_contact), _ago(row.customer_contact, as_of))


def _last_use(row: ListRow, as_of: date) -> Fact:
    quiet = row.last_use is not None and (as_of - row.last_use).days > OLD_DAYS
    return Fact("Last use", day(row.last_use), _ago(row.last_use, as_of), quiet)


def _ago(last: date | None, as_of: date) -> str:
    if last is None:
        return "none is known"
    days = (as_of - last).days
    return f"{days:,} day{'' if days == 1 else 's'} before this week"


def _weeks(weeks: int | None) -> str:
    if weeks is None:
        return MISSING
    return "not on it" if weeks == 0 else "1 week" if weeks == 1 else f"{weeks} weeks"


def _for(days: int) -> str:
    return "since today" if days == 0 else "for 1 day" if days == 1 else f"for {days:,} days"
