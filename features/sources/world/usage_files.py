"""Usage files: events shard by shard, or by the week in which they became known, as a lake would hold them."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.sources.world.arrays import WEEK
from features.sources.world.book import Calendar
from features.sources.world.write import GROUP_ROWS

HELD_ROWS = 6_000_000
"""Events held in memory before they are spread over the weeks: many enough for files of a decent size."""


class ByShard:
    """One file per shard, each with the whole history of its accounts."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._parts = folder / "usage", 0

    def add(self, events: pa.Table) -> None:
        """Write one shard's events."""
        _write(events, self._folder, self._parts)
        self._parts += 1

    def close(self) -> None:
        """Nothing is held back."""


class ByWeek:
    """A folder `week=DATE` for the events that became known in the week that ends at that as-of date.

    What is held is written when there is enough of it, so that the bytes depend on the events alone.
    """

    def __init__(self, folder: Path, calendar: Calendar) -> None:
        self._folder, self._calendar = folder / "usage", calendar
        self._held: list[pa.Table] = []
        self._rows = self._parts = 0

    def add(self, events: pa.Table) -> None:
        """Take one shard's events."""
        self._held.append(events)
        self._rows += len(events)
        if self._rows >= HELD_ROWS:
            self.close()

    def close(self) -> None:
        """Write what is held, one file per week."""
        if not self._rows:
            return
        events = pa.concat_tables(self._held).unify_dictionaries().combine_chunks()
        self._held, self._rows = [], 0
        known = events["available_at"].cast(pa.int64()).to_numpy() - self._calendar.epoch
        week = (known // WEEK).astype(np.int16)
        order = np.argsort(week, kind="stable")
        edges = np.searchsorted(week[order], np.arange(self._calendar.weeks + 1))
        for ended in np.flatnonzero(np.diff(edges)):
            as_of = self._calendar.start + 7 * (int(ended) + 1)
            rows = order[edges[ended] : edges[ended + 1]]
            _write(events.take(pa.array(rows)), self._folder / f"week={as_of}", self._parts)
        self._parts += 1


def _write(events: pa.Table, folder: Path, part: int) -> None:
    folder.mkdir(exist_ok=True)
    pq.write_table(
        events,
        folder / f"part-{part:04d}.parquet",
        row_group_size=GROUP_ROWS,
        compression="zstd",
        compression_level=1,
        use_dictionary=["account_id", "feature", "user_id", "quantity"],
        write_statistics=["account_id", "occurred_at", "available_at", "event_id"],
    )
