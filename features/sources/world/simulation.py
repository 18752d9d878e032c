"""Simulation: check what is asked for, draw shard after shard, write."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa

from features.calendar import require_weekday
from features.errors import UsageError
from features.sources.world.book import Calendar
from features.sources.world.shard import SIZE
from features.sources.world.tables import entitlements_table, usage_table
from features.sources.world.usage_files import ByShard, ByWeek
from features.sources.world.write import draw_in_order, prepare, write_marker, write_small


def run(
    folder: Path,
    accounts: int,
    weeks: int,
    seed: int,
    until: date,
    threads: int,
    activity: float,
    by_week: bool,
    progress: Callable[[int, int], None] | None,
) -> dict[str, int]:
    """Write the world; see `simulate`."""
    _check(accounts, weeks, seed, until, threads, activity)
    prepare(folder)
    asked = {"seed": seed, "accounts": accounts, "weeks": weeks, "until": str(until), "activity": activity}
    if by_week:
        asked["usage_by_week"] = True
    write_marker(folder, asked)
    calendar = Calendar(until, weeks)
    parts: dict[str, list[pa.Table]] = {"entitlements": [entitlements_table(calendar)]}
    usage = ByWeek(folder, calendar) if by_week else ByShard(folder)
    events, rows = 0, 0
    for shard, drawn in enumerate(draw_in_order(seed, accounts, calendar, activity, threads)):
        usage.add(usage_table(drawn.columns, drawn.events, events))
        events += int((~drawn.events.copy).sum())
        rows += len(drawn.events.account)
        for name, table in drawn.tables.items():
            parts.setdefault(name, []).append(table)
        if progress is not None:
            progress(min((shard + 1) * SIZE, accounts), accounts)
    usage.close()
    counts = {name: write_small(folder, name, tables) for name, tables in sorted(parts.items())}
    counts["usage"] = rows
    write_marker(folder, {**asked, "rows": counts})
    return counts


def _check(accounts: int, weeks: int, seed: int, until: date, threads: int, activity: float) -> None:
    require_weekday(until, "monday")
    limits = {
        "accounts": (accounts, 1, 1_000_000),
        "weeks": (weeks, 8, 1040),
        "seed": (seed, 0, 2**63 - 1),
        "threads": (threads, 1, 1024),
        "activity": (activity, 0.01, 100),
    }
    wrong = [
        f"{name} is {value}, not in {low} … {high}"
        for name, (value, low, high) in limits.items()
        if not low <= value <= high
    ]
    if wrong:
        raise UsageError(f"no world of that size: {'; '.join(wrong)}")
