"""A deviation said in one sentence: table, measure, what was found and expected, since when, and the way out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from math import ceil, floor

from features.sources.problems import Problem, Severity
from features.trust.measures import MEASURES, PARTS


@dataclass(frozen=True)
class Deviation:
    """One series that left its limits."""

    table: str
    measure: str
    key: str
    span: int
    """Weeks that were counted together."""
    since: date
    """The end of the first week in a row that is out."""
    week: date
    """The end of the last one."""
    found: float
    expected: float
    low: float
    high: float
    base: float = 1.0
    """The rows that a share is a share of."""

    @property
    def falls(self) -> bool:
        """Whether there are too few."""
        return self.found < self.low


RULES: Mapping[str, str] = {
    "total": "shrunk",
    "last": "stale",
    "rows": "volume",
    "users": "distinct_users",
    "part": "lost_part",
    "filled": "empty_values",
    "empty": "empty_values",
    "unknown": "unknown_share",
    "late": "late_rows",
    "weekend": "weekend_rows",
    "hour": "moved_hours",
    "middle": "moved_values",
}
"""The rule that a deviation of each measure breaks."""


def sentence(said: Deviation, severity: Severity) -> Problem:
    """Return the problem that a deviation is."""
    tell = _SPECIAL.get(said.measure, _count)
    since = f", out since the week to {said.since}" if said.since < said.week else ""
    column = (
        PARTS[said.table] if said.measure == "part" else "" if said.measure in ("hour", "last", "total") else said.key
    )
    measure = "empty" if said.measure == "filled" else said.measure
    # Whoever accepts that a table has other rows accepts what follows from it.
    of = "" if said.measure in ("rows", "last") else f', measure = "{measure}"'
    key = f', key = "{said.key}"' if said.key else ""
    accept = f'{{ table = "{said.table}"{of}{key}, since = {said.since} }}'
    look = _LOOK.get(said.measure, _LOAD).format(table=said.table, key=said.key)
    fix = f"{look}, or add a real change to [trust] accept in the settings: {accept}"
    return Problem(said.table, column, RULES[said.measure], severity, tell(said) + since, fix)


_LOAD = "see whether the load of {table} is whole"
_LOOK: Mapping[str, str] = {
    "total": "see whether {table} was loaded whole: rows once known do not go away",
    "part": "see whether {key} is still recorded and still called that",
    "filled": "see what fills {key} in the source",
    "empty": "see what fills {key} in the source",
    "users": "see whether users still have the names they had",
    "unknown": "see whether both tables name accounts alike, and whether accounts is whole",
    "late": "see which clock the mapping reads and whether the load came late",
    "weekend": "see whether times are shifted by a day",
    "hour": "see whether times are in the zone that the mapping states",
    "middle": "see whether {key} has another unit or currency",
}


def _span(said: Deviation) -> str:
    return f"in the week to {said.week}" if said.span == 1 else f"in the {said.span} weeks to {said.week}"


def _count(said: Deviation) -> str:
    """Say a count; the parts of a table as they would be among as many rows."""
    what = MEASURES[said.measure].says.format(key=said.key)
    bound = f"at least {ceil(said.low):,}" if said.falls else f"at most {floor(said.high):,}"
    usual = "usual among so many rows" if MEASURES[said.measure].share else "usual"
    return f"{said.found:,.0f} {what} {_span(said)}, where {bound} were expected ({said.expected:,.0f} are {usual})"


def _last(said: Deviation) -> str:
    silent = f"no row in the {said.found:.1f} days before {said.week}"
    return f"{silent}, where at most {said.high:.1f} days without one are ordinary"


def _total(said: Deviation) -> str:
    gone = said.expected - said.found
    return f"{gone:,.0f} rows that were known a week before {said.week} are gone ({said.found:,.0f} are left)"


def _hour(said: Deviation) -> str:
    moved = (said.found - said.expected + 12) % 24 - 12
    later = "later" if moved > 0 else "earlier"
    return (
        f"the usual hour of its rows was {_clock(said.found)} UTC {_span(said)}, {abs(moved):.1f} hours {later} than "
        f"the usual {_clock(said.expected)}"
    )


def _middle(said: Deviation) -> str:
    return (
        f"the usual {said.key} was {said.found:,.6g} {_span(said)}, where {said.low:,.4g} to {said.high:,.4g} was "
        f"expected ({said.expected:,.4g} is usual)"
    )


def _clock(hour: float) -> str:
    minutes = round(hour * 60) % 1440
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


_SPECIAL: Mapping[str, Callable[[Deviation], str]] = {"last": _last, "total": _total, "hour": _hour, "middle": _middle}
