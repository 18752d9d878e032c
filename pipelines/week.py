"""Which week a run speaks of, and whether the data reach it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from features.calendar import WEEK, latest_as_of, require_weekday
from features.errors import ContractError, StaleError, UsageError

if TYPE_CHECKING:
    from pipelines.settings import CalendarSettings


def choose_as_of(calendar: "CalendarSettings", asked: date | None, now: datetime | None = None) -> date:
    """Return the asked as-of date, else the fixed one of [calendar], else the last one at or before now."""
    fixed = asked or calendar.as_of
    if fixed:
        return require_weekday(fixed, calendar.weekday)
    return latest_as_of(now or datetime.now(UTC), calendar.weekday)


def reach(report: Mapping[str, Any], table: str = "usage") -> tuple[date, date]:
    """Return the days of the first and last row of a table from the check report.

    Raises ContractError when it has no row.
    """
    found = report["tables"].get(table, {})
    if not found.get("rows") or not found.get("first"):
        raise ContractError(f"{table}: no rows are left to work with; see `forewarn check`")
    return _day(found["first"]), _day(found["last"])


def require_reach(report: Mapping[str, Any], as_of: date, calendar: "CalendarSettings") -> None:
    """Raise unless usage begins before the as-of date and ends at most [calendar] stale_days before it."""
    first, last = reach(report)
    possible = latest_as_of(first, calendar.weekday) + WEEK
    if as_of < possible:
        raise UsageError(
            f"as-of {as_of} lies before all data: usage begins on {first}; the first possible is {possible}"
        )
    if last < as_of - timedelta(days=calendar.stale_days):
        newest = latest_as_of(last + timedelta(days=1), calendar.weekday)
        raise StaleError(
            f"usage ends on {last}, {(as_of - last).days} days before as-of {as_of} (limit [calendar] stale_days = "
            f"{calendar.stale_days}): the last list stays; bring the data up to date, or ask for --as-of {newest}"
        )


def training_weeks(as_of: date, first: date, calendar: "CalendarSettings") -> list[date]:
    """Return the as-of dates to learn from: every train_every_weeks back from `as_of`, itself last."""
    oldest = max(latest_as_of(first, calendar.weekday) + WEEK, as_of - calendar.history_weeks * WEEK)
    step = calendar.train_every_weeks * WEEK
    return [as_of - k * step for k in range((as_of - oldest) // step, -1, -1)]


def _day(moment: object) -> date:
    return date.fromisoformat(str(moment)[:10])
