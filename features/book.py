"""A book: the canonical tables of one company, checked, in DuckDB."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from features.calendar import WeekGrid
    from features.rollup import Activity


@dataclass(frozen=True)
class Book:
    """Clean canonical tables as DuckDB views.

    Each table of the contract is a view of its name with every canonical column; columns that no source gives are
    typed NULLs and tables that no source gives are empty. Times are naive UTC TIMESTAMPs. Every table has
    `known_at`: the greater of event time and available time, the first instant at which the row may be seen, and all
    but `usage` have `superseded_at`, from which on a correction is seen in its place (null: never).
    `usage` still holds repeated events (same event_id); the rows that do not count stand in the table
    `usage_repeats`, and those that count of events whose rows differ in `usage_versions`, with `superseded_at`.
    """

    con: duckdb.DuckDBPyConnection
    columns: Mapping[str, frozenset[str]]
    """Per present table the canonical columns that a source gives; an absent table has no key."""
    report: dict[str, Any] = field(default_factory=dict)
    """What `forewarn check --json` prints."""
    simulated: bool = False
    first_use: date | None = None
    """The day of the first event in `usage`, where the checks have already found it."""
    stored: "Callable[[Book, WeekGrid, NDArray[np.object_]], Activity] | None" = None
    """Returns what usage says from rollups that are kept; `usage` itself may then hold the newest events only."""

    def has(self, table: str, *columns: str) -> bool:
        """Say whether a source gives the table and all these columns of it."""
        return table in self.columns and self.columns[table].issuperset(columns)
