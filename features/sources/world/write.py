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

MARKER = "world.json"
OURS = ("*.parquet", "usage/part-*.parquet", "usage/week=*/part-*.parquet")
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
        for pattern in OURS:
            for old in list(folder.glob(pattern)):
                old.unlink()
        for week in list(folder.glob("usage/week=*")):
            if not any(week.iterdir()):
                week.rmdir()
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


def write_small(folder: Path, name: str, parts: list[pa.Table]) -> int:
    """Write one table that fits in memory and return its rows."""
    table = pa.concat_tables([part.unify_dictionaries() for part in parts]).unify_dictionaries()
    pq.write_table(table, folder / f"{name}.parquet", row_group_size=GROUP_ROWS, compression="zstd")
    return len(table)
