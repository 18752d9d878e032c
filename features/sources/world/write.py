"""Write: shards in order to Parquet, so that the same seed gives the same bytes whatever the number of threads."""

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import UsageError
from features.sources.world.book import Calendar
from features.sources.world.shard import SIZE, Shard, draw_shard
from features.sources.world.tables import usage_table

MARKER = "world.json"
GROUP_ROWS = 250_000
MOST_THREADS = 8
"""Each thread holds a shard in memory; more of them gain nothing."""


def prepare(folder: Path) -> None:
    """Make the folder ready; raises UsageError when it holds anything but an earlier simulated world.

    Only files that a simulation writes are removed.
    """
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / MARKER).exists())):
        raise UsageError(
            f"{folder}: holds something other than a simulated world (no {MARKER}): name an empty or new folder"
        )
    try:
        (folder / "usage").mkdir(parents=True, exist_ok=True)
        for old in (*folder.glob("*.parquet"), *(folder / "usage").glob("part-*.parquet")):
            old.unlink()
    except OSError as problem:
        raise UsageError(f"{folder}: cannot be written to ({problem.strerror}): name another folder") from problem


def write_marker(folder: Path, facts: dict[str, Any]) -> None:
    """Label the folder as simulated."""
    (folder / MARKER).write_text(json.dumps({"simulated": True, **facts}, indent=2) + "\n")


def draw_in_order(seed: int, accounts: int, calendar: Calendar, activity: float, threads: int) -> Iterator[Shard]:
    """Yield the shards in order; at most `threads` of them are drawn ahead."""
    sizes = [min(SIZE, accounts - first) for first in range(0, accounts, SIZE)]
    threads = min(threads, MOST_THREADS)
    with ThreadPoolExecutor(threads) as pool:
        waiting: list[Future[Shard]] = []
        for shard, size in enumerate(sizes):
            waiting.append(pool.submit(draw_shard, seed, shard, size, calendar, activity))
            if len(waiting) > threads:
                yield waiting.pop(0).result()
        while waiting:
            yield waiting.pop(0).result()


def write_usage(folder: Path, shard: int, drawn: Shard, first_id: int) -> int:
    """Write the shard's events and return how many different ones there are."""
    table = usage_table(drawn.columns, drawn.events, first_id)
    pq.write_table(
        table,
        folder / "usage" / f"part-{shard:04d}.parquet",
        row_group_size=GROUP_ROWS,
        compression="zstd",
        compression_level=1,
        use_dictionary=["account_id", "feature", "user_id", "quantity"],
        write_statistics=["account_id", "occurred_at", "available_at", "event_id"],
    )
    return len(table) - int(drawn.events.copy.sum())


def write_small(folder: Path, name: str, parts: list[pa.Table]) -> int:
    """Write one table that fits in memory and return its rows."""
    table = pa.concat_tables([part.unify_dictionaries() for part in parts]).unify_dictionaries()
    pq.write_table(table, folder / f"{name}.parquet", row_group_size=GROUP_ROWS, compression="zstd")
    return len(table)
