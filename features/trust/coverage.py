"""Coverage: for how many accounts each feature has a value, and why it has none for the others."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from features.book import Book
from features.outcome import OutcomeContract
from features.snapshot import Snapshot, take_snapshot


@dataclass(frozen=True)
class Coverage:
    """Shares of the rows (accounts × weeks) of a snapshot with a value of one feature, untracked and missing."""

    name: str
    family: str
    driver: str
    title: str
    value: float
    untracked: float
    missing: float
    latest: float
    """Share with a value at the last of the weeks."""


@dataclass(frozen=True)
class Covered:
    """Every feature's coverage, over how many rows, and what is left out for want of a table."""

    weeks: tuple[date, ...]
    rows: int
    accounts: int
    features: tuple[Coverage, ...]
    left_out: dict[str, str]


def coverage(book: Book, weeks: list[date], contract: OutcomeContract) -> Covered:
    """Return the coverage of every feature over the cohorts of these weeks."""
    return covered(take_snapshot(book, weeks, contract))


def covered(taken: Snapshot) -> Covered:
    """Return the coverage of every feature of a snapshot."""
    stamps = taken.frame.index.get_level_values("as_of")
    weeks = tuple(stamp.date() for stamp in stamps.unique().sort_values())
    there, untracked = taken.frame.notna(), taken.untracked
    latest = there[stamps == stamps.max()] if len(stamps) else there
    features = tuple(
        Coverage(
            each.name,
            each.family,
            each.driver,
            each.title,
            value=_share(there[each.name]),
            untracked=_share(untracked[each.name]),
            missing=_share(~there[each.name] & ~untracked[each.name]),
            latest=_share(latest[each.name]),
        )
        for each in taken.features
    )
    return Covered(weeks, len(taken.frame), len(latest), features, dict(taken.left_out))


def _share(flags: "pd.Series[bool]") -> float:
    return float(flags.mean()) if len(flags) else 0.0
