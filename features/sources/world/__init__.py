"""The simulated world: a believable book of accounts whose true risk is known."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

UNTIL = date(2026, 11, 2)


def simulate(
    folder: Path,
    *,
    accounts: int,
    weeks: int,
    seed: int,
    until: date = UNTIL,
    threads: int = 1,
    activity: float = 1.0,
    by_week: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, int]:
    """Write a world's canonical tables and `truth.parquet` to `folder`; return rows per table.

    `until` is a Monday, the first instant not in the data; `activity` multiplies the number of events; `by_week`
    writes usage to `usage/week=DATE`, by the week in which it became known; `progress` is told accounts done and
    accounts in all. Same seed, same bytes, whatever the number of threads.
    Raises UsageError for impossible sizes, another weekday, or a folder that holds something else.
    """
    from features.sources.world.simulation import run

    return run(folder, accounts, weeks, seed, until, threads, activity, by_week, progress)
