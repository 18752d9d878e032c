"""What is measured of a table in a week, and in which words a person reads it."""

from collections.abc import Mapping
from dataclasses import dataclass

from features.contract import Column as ContractColumn
from features.contract import Table


@dataclass(frozen=True)
class Measure:
    """One number per table, week and key."""

    name: str
    says: str
    """What is counted, in the plural; {key} is the product feature, kind or column."""
    share: bool = False
    """Whether it is judged as a share of the week's rows."""
    falls: bool = True
    """Whether too few of them are wrong."""
    rises: bool = True
    """Whether too many of them are wrong."""
    least: float = 0.0
    """Share of the rows by which it must rise to be wrong."""
    left: float = 0.5
    """The loss that must be seen is that of all but this share."""
    change: float = 0.0
    """The factor by which it must change to be wrong; 0: the limit of the settings."""


MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("rows", "rows"),
        Measure("users", "different users"),
        Measure("part", "rows of {key}", share=True, left=0.0, change=4.0),
        Measure("filled", "rows with a value in {key}", share=True, rises=False),
        Measure("empty", "rows without a value in {key}", share=True, falls=False, least=0.05),
        Measure("unknown", "rows of accounts that accounts does not have", share=True, falls=False, least=0.02),
        Measure("late", "rows known more than a day after they happened", share=True, falls=False, least=0.2),
        Measure("weekend", "rows on a Saturday or Sunday (UTC)", share=True, falls=False, least=0.08),
        Measure("hour", "hour of the day (UTC)"),
        Measure("middle", "usual {key}"),
        Measure("last", "days since the last row"),
        Measure("total", "rows so far"),
    )
}
"""Every measure of the weekly profile. Values are counts (`hour`, `middle` and `last` are not); `filled` is derived."""

PARTS: Mapping[str, str] = {
    "usage": "feature",
    "contacts": "role",
    "tickets": "severity",
    "surveys": "kind",
    "trainings": "course",
    "touchpoints": "kind",
    "outcomes": "kind",
}
"""Per table the column whose values are counted one by one."""

SCHEDULED = frozenset({"invoices"})
"""Events on days that a calendar gives: neither their hour nor their weekday says anything."""
UNWATCHED = frozenset({"interventions"})
"""Tables that may change as they like: what CS does follows the lists themselves, and no feature reads it."""
_COMES_LATER = frozenset({"csat"})
"""Filled some time after its row: how much of it is empty depends on when one looks."""


def optional_columns(table: Table, given: frozenset[str]) -> list[ContractColumn]:
    """Return the columns whose empty values are counted; times that lie after their row come later and are not."""
    return [
        column
        for column in table.columns
        if column.name in given
        and column.need != "filled"
        and column.kind != "time"
        and column.name not in _COMES_LATER
    ]


def number_columns(table: Table, given: frozenset[str]) -> list[str]:
    """Return the columns whose usual value is followed."""
    return [c.name for c in table.columns if c.name in given and c.kind in ("number", "quantity")]
