"""Weeks: seven-day bins that end at an as-of date."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from features.errors import UsageError

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEK = timedelta(days=7)
REACH = 66
"""Weeks before an as-of date that any feature's window may reach back."""
GRACE_WEEKS = 2
"""Weeks after its end in which a week may still gain rows without being named as changed."""
LONGEST = 780
"""Weeks of history that are looked at: fifteen years."""


def latest_as_of(moment: datetime | date, weekday: str) -> date:
    """Return the last as-of date at or before `moment`."""
    day = moment.date() if isinstance(moment, datetime) else moment
    return day - timedelta(days=(day.weekday() - WEEKDAYS.index(weekday)) % 7)


def require_weekday(as_of: date, weekday: str) -> date:
    """Return `as_of` if its week ends on `weekday`.

    Raises UsageError with the two nearest as-of dates otherwise.
    """
    before = latest_as_of(as_of, weekday)
    if before == as_of:
        return as_of
    raise UsageError(
        f"as-of {as_of} is a {WEEKDAYS[as_of.weekday()].capitalize()}, but weeks end on a {weekday.capitalize()}: "
        f"use {before} or {before + WEEK}, or change [calendar] weekday"
    )


@dataclass(frozen=True)
class WeekGrid:
    """Consecutive weeks; week `i` is `[start + 7i days, start + 7(i + 1) days)` in UTC and ends at as-of date `i`."""

    start: date
    weeks: int

    @classmethod
    def ending(cls, last: date, first_seen: date, first_as_of: date | None = None) -> "WeekGrid":
        """Return the weeks that end at `last` and reach back to the one that holds `first_seen`.

        They reach at least REACH weeks before `first_as_of`, so that no window depends on where the data begin, and
        at most LONGEST weeks before `last`, so that one stray date does not make a grid of centuries.
        """
        weeks = min(max(1, -(-(last - first_seen).days // 7)), LONGEST)
        if first_as_of:
            weeks = max(weeks, (last - first_as_of).days // 7 + REACH)
        return cls(last - weeks * WEEK, weeks)

    @property
    def last(self) -> date:
        """The as-of date at which the last week ends."""
        return self.start + self.weeks * WEEK

    def as_of(self, index: int) -> date:
        """Return the as-of date at which week `index` ends."""
        return self.start + (index + 1) * WEEK

    def index(self, as_of: date) -> int:
        """Return the week that ends at `as_of`; raises UsageError when none does."""
        days = (as_of - self.start).days
        if days % 7 or not 7 <= days <= 7 * self.weeks:
            raise UsageError(f"as-of {as_of} does not end a week between {self.as_of(0)} and {self.last}")
        return days // 7 - 1
