"""The weeks of an account: its risk on every list, what came of it, and the time line of both with what happened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select

from serving.formats import percent, plain
from serving.happened import CHURN
from serving.past_counts import HORIZON
from serving.schema import list_rows, lists, not_scored
from serving.schema_history import list_maturity, list_outcomes
from serving.web.svg_time import Lane, Mark, TimeLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serving.web.account_found import FoundAccount
    from serving.web.account_story import Story

LONGEST = timedelta(days=364)
SHORTEST = timedelta(days=84)
AHEAD = timedelta(days=91)
WEEK = timedelta(days=7)
LANES = {
    "contract": "Contract",
    "sponsor": "Sponsor",
    "ticket": "Severe tickets",
    "survey": "Surveys",
    "touchpoint": "Touchpoints",
    "outcome": "Outcome",
    "action": "Our actions",
}


@dataclass(frozen=True, slots=True)
class PastWeek:
    """One list that has the account; numbers are None where it was not scored, and `why` says why."""

    list_id: int
    as_of: date
    band: str | None
    risk_90: float | None
    risk_60_90: float | None
    rank: int | None
    accounts: int
    why: str
    came: str
    """What came of it, in words."""
    left: bool
    since: date | None = None
    """The first of several weeks in a row that were not scored for the same reason."""


def past_weeks(connection: Connection, account_id: str) -> list[PastWeek]:
    """Return every list that has the account, the newest first; weeks not scored for the same reason are one entry."""
    scored = connection.execute(_scored(account_id)).all()
    unscored = connection.execute(_unscored(account_id)).all()
    made = [
        PastWeek(
            row.id, row.as_of, row.band, row.risk_90, row.risk_60_90, row.rank, row.accounts, "",
            _came(row), row.kind == CHURN,
        )
        for row in scored
    ]  # fmt: skip
    made += [
        PastWeek(row.id, row.as_of, None, None, None, None, row.accounts, plain(row.why), "", False) for row in unscored
    ]
    return _in_runs(sorted(made, key=lambda week: week.as_of, reverse=True))


def _in_runs(weeks: Sequence[PastWeek]) -> list[PastWeek]:
    runs: list[PastWeek] = []
    for week in weeks:
        if runs and week.why and runs[-1].why == week.why:
            runs[-1] = replace(runs[-1], since=week.as_of)
        else:
            runs.append(week)
    return runs


def drawn(found: FoundAccount, weeks: Sequence[PastWeek], story: Story) -> TimeLine:
    """Return what the time line of an account shows, up to the list's week and what is known to lie ahead."""
    as_of = found.as_of
    scored = [week for week in reversed(weeks) if week.risk_90 is not None and week.as_of <= as_of]
    start = _start(as_of, [week.as_of for week in scored] + [each.on for each in story.all])
    shown = [week for week in scored if week.as_of >= start]
    ahead = _ahead(found)
    # What was done this week comes after the list's week.
    end = as_of + (AHEAD if ahead else WEEK)
    return TimeLine(
        start=start,
        end=end,
        as_of=as_of,
        risks=[(week.as_of, week.risk_90 or 0.0) for week in shown],
        window=[(week.as_of, week.risk_60_90 or 0.0) for week in shown],
        lanes=_lanes(story, start, end),
        floors=_floors(found),
        ahead=ahead,
        title=_title(found, shown),
    )


def _start(as_of: date, days: Sequence[date]) -> date:
    return min(max(min(days, default=as_of), as_of - LONGEST), as_of - SHORTEST)


def _lanes(story: Story, start: date, end: date) -> list[Lane]:
    inside = [each for some in story.by_kind for each in some.shown if start <= each.on <= end]
    marks = {kind: [Mark(each.on, each.text, each.undone) for each in inside if each.kind == kind] for kind in LANES}
    return [Lane(title, kind, marks[kind]) for kind, title in LANES.items() if marks[kind]]


def _floors(found: FoundAccount) -> list[tuple[str, float]]:
    settings = found.published.settings
    return list(settings.bands.items()) if settings.rank_by == "risk_90" else []


def _ahead(found: FoundAccount) -> list[tuple[date, str]]:
    row = found.row
    if row is None:
        return []
    known = ((row.notice_deadline, "Notice deadline"), (row.renewal_date, "Renewal"))
    return [(on, name) for on, name in known if on is not None and found.as_of < on <= found.as_of + AHEAD]


def _title(found: FoundAccount, shown: Sequence[PastWeek]) -> str:
    name = plain(found.name)
    if not shown:
        return f"What happened to {name} over time"
    first, last = shown[0].risk_90, shown[-1].risk_90
    moved = f"from {percent(first)} to {percent(last)}"
    return f"Risk of {name} within 90 days over {len(shown)} lists, {moved}, and what happened"


def _came(row: Row[Any]) -> str:
    if row.kind == CHURN:
        return f"left in day {row.days}"
    if row.kind is not None:
        return f"left view in day {row.days}: nobody can say"
    if row.matured_days is None or row.matured_days <= 0:
        return "not known yet"
    if row.matured_days >= HORIZON:
        return f"still there after {HORIZON} days"
    return f"still there up to day {row.matured_days}"


def _scored(account_id: str) -> Any:  # noqa: ANN401  a select of ten columns
    said = (list_rows.c[name] for name in ("band", "risk_90", "risk_60_90", "rank"))
    columns = (lists.c.id, lists.c.as_of, lists.c.accounts, *said)
    same = (list_outcomes.c.list_id == lists.c.id) & (list_outcomes.c.account_id == list_rows.c.account_id)
    return (
        select(*columns, list_outcomes.c.kind, list_outcomes.c.days, list_maturity.c.matured_days)
        .join(list_rows, list_rows.c.list_id == lists.c.id)
        .outerjoin(list_outcomes, same)
        .outerjoin(list_maturity, list_maturity.c.list_id == lists.c.id)
        .where(list_rows.c.account_id == account_id)
    )


def _unscored(account_id: str) -> Any:  # noqa: ANN401  a select of four columns
    query = select(lists.c.id, lists.c.as_of, lists.c.accounts, not_scored.c.why)
    return query.join(not_scored, not_scored.c.list_id == lists.c.id).where(not_scored.c.account_id == account_id)
