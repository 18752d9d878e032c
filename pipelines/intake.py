"""From the sources to the snapshots: the first steps of every run, and where what they keep lies."""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.journal import Done
from pipelines.state import State, replacing
from pipelines.week import require_reach

if TYPE_CHECKING:
    import pandas as pd

    from features.book import Book
    from features.ingest import Source
    from features.snapshot import Snapshot
    from features.snapshots import Room, SnapshotStore
    from features.store import RollupStore
    from pipelines.settings import Settings


def check(settings: "Settings", as_of: date) -> "Done[Book]":
    """Read what is new since the last run into the rollup store, and open the book with all that is stored.

    Raises ContractError when the tables break the contract or leave their own history, UsageError or StaleError when
    they do not reach the week; a table that leaves its history leaves the store as it was.
    """
    from features.ingest import ingest
    from features.sources.problems import Problem, require_sound
    from features.trust.verdicts import judge

    state, told = State(settings.store.path), list[Problem]()
    store = _rollups(state, settings)

    def approve(report: Mapping[str, Any], profile: "pd.DataFrame") -> None:
        require_reach(report, as_of, settings.calendar)
        told.extend(judge(profile, as_of, settings.trust))
        require_sound(told)

    made = ingest(store, _source(settings), as_of, approve)
    require_reach(made.book.report, as_of, settings.calendar)
    _remove_others(state.rollups, store.folder)
    kept = _room(made.book, settings).as_ofs()
    told += [each.to_problem(kept) for each in made.changes]
    if made.damaged:
        says = "files of the rollup store were damaged or gone: every week was rolled up anew from the sources"
        told.append(
            Problem("usage", "", "damaged_store", "warning", says, "see what wrote there", sample=made.damaged[:3])
        )
    report = made.book.report
    report = {
        **report,
        "problems": [*report["problems"], *(problem.to_json() for problem in told)],
        "ingested": {"weeks": len(made.weeks), "events": made.events, "changed": len(made.changes)},
    }
    return Done(replace(made.book, report=report), sum(found.get("rows") or 0 for found in report["tables"].values()))


def snapshot(book: "Book", weeks: Sequence[date], settings: "Settings") -> "Done[Snapshot]":
    """Return the snapshots of these weeks: those that are kept as they are, the others computed and kept."""
    from features.snapshots import snapshots

    taken, _ = snapshots(_room(book, settings), book, weeks, settings.outcome)
    return Done(taken, len(taken.frame))


def fresh_snapshot(book: "Book", weeks: Sequence[date], settings: "Settings") -> "Done[Snapshot]":
    """Compute the snapshots of these weeks, whatever is kept of them."""
    from features.snapshot import take_snapshot

    taken = take_snapshot(book, weeks, settings.outcome)
    return Done(taken, len(taken.frame))


def write_snapshot(taken: "Snapshot", path: Path) -> None:
    """Write the features of a snapshot to Parquet."""
    with replacing(path) as temporary:
        taken.frame.reset_index().to_parquet(temporary, index=False)


def kept_snapshot(book: "Book", as_of: date, settings: "Settings") -> Path:
    """Return the file in which the snapshot of one as-of date is kept."""
    return _room(book, settings).path(as_of)


def _source(settings: "Settings") -> "Source":
    from features.ingest import Source
    from features.sources.mapping import read_mapping

    return Source(
        read_mapping(settings.sources.mapping),
        settings.sources.data,
        settings.limits,
        weekday=settings.calendar.weekday,
        grace_weeks=settings.store.grace_weeks,
    )


def _rollups(state: State, settings: "Settings") -> "RollupStore":
    """Return the store of this source, as this code rolls it up; whatever else it would be made from has its own."""
    from features.catalogue import code_digest
    from features.store import RollupStore

    return RollupStore(state.rollups / _key(settings, code_digest()))


def _room(book: "Book", settings: "Settings") -> "Room":
    return kept_snapshots(settings).room(book, settings.outcome)


def kept_snapshots(settings: "Settings") -> "SnapshotStore":
    """Return the store of the snapshots of this source."""
    from features.snapshots import SnapshotStore

    return SnapshotStore(State(settings.store.path).snapshots / _key(settings))


def _key(settings: "Settings", *more: str) -> str:
    """Return a digest of what the rows of a source depend on."""
    parts = [
        settings.sources.mapping.read_text(encoding="utf-8"),
        str(settings.sources.data),
        settings.limits.model_dump_json(),
        settings.calendar.weekday,
        *more,
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _remove_others(folder: Path, current: Path) -> None:
    """Remove rollups that no run would read again; snapshots stay."""
    for path in folder.iterdir():
        if path != current:
            shutil.rmtree(path)
