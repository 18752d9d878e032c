"""The rollup store: what became known in each week, in Parquet, with a manifest of what it was made from.

Files are named by their content and never changed. The manifest is replaced as the last step, so an interrupted run
leaves the store as it was.
"""

import hashlib
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.book import Book
from features.calendar import WeekGrid
from features.grid import Ints
from features.manifest import Manifest, Stored, read_manifest
from features.partition import COLUMNS, Partition, Places, add_partitions
from features.rollup import Activity, Rollup
from features.stream import Codes, register, stream

MANIFEST = "manifest.json"


class RollupStore:
    """A folder of rolled-up weeks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder / MANIFEST)

    @property
    def through(self) -> date | None:
        """The as-of date up to which every week is there."""
        return self.manifest.through

    def write(self, name: str, *parts: pa.Table) -> Stored:
        """Write tables as the row groups of a new file named by its content; one that is there already stays."""
        sink = pa.BufferOutputStream()
        plain = {"compression": "none", "use_dictionary": False, "write_statistics": False}
        with pq.ParquetWriter(sink, parts[0].schema, **plain) as file:
            for part in parts:
                file.write_table(part, row_group_size=max(part.num_rows, 1))
        content = sink.getvalue()
        digest = hashlib.sha256(content).hexdigest()
        file = f"{name}-{digest[:16]}.parquet"
        if not (self.folder / file).exists():
            _write(self.folder / file, content)
        return Stored(file, sum(part.num_rows for part in parts), digest)

    def read(self, stored: Stored) -> pa.Table:
        """Read a file of the store."""
        return pq.read_table(self.folder / stored.file, memory_map=True, use_threads=False)

    def damaged(self) -> list[str]:
        """Return the files whose content is not what the manifest says."""
        return [each.file for each in self.manifest.files() if _digest(self.folder / each.file) != each.sha256]

    def discard_damaged(self) -> list[str]:
        """Forget everything when a file is damaged or gone, so that it is made anew; return these files."""
        bad = self.damaged()
        for file in bad:
            (self.folder / file).unlink(missing_ok=True)
        if bad:
            self.manifest = Manifest()
        return bad

    def replace_manifest(self, manifest: Manifest) -> None:
        """Let a new manifest hold from now on, and remove the files that it does not name."""
        _write(self.folder / MANIFEST, manifest.to_json())
        self.manifest = manifest
        named = {each.file for each in manifest.files()}
        for path in self.folder.rglob("*.parquet"):
            if path.relative_to(self.folder).as_posix() not in named:
                path.unlink()

    def codes(self) -> Codes | None:
        """Return what the numbers in the store stand for; None while it is empty."""
        if self.manifest.accounts is None:
            return None
        accounts = np.array(self.read(self.manifest.accounts)["account_id"].to_pylist(), dtype=object)
        if self.manifest.users is None:
            return Codes(accounts, self.manifest.features, np.empty(0, dtype=np.int64))
        users = self.read(self.manifest.users)
        return Codes(accounts, self.manifest.features, users["account"].to_numpy().astype(np.int64), users["user_id"])

    def activity(self, book: Book, grid: WeekGrid, accounts: NDArray[np.object_]) -> Activity:
        """Return what was known before `grid.last`, as `roll_up` does from the sources."""
        codes = self.codes()
        if codes is None:
            raise LookupError("the store is empty")
        place = _places(codes.accounts, accounts)
        kept = np.flatnonzero(place[codes.user_account] >= 0)
        known = Codes(accounts, codes.features, place[codes.user_account[kept]], _take(codes.users, kept))
        rollup = Rollup(grid, known)
        user = np.full(len(codes.user_account), -1)
        user[kept] = rollup.user_place[:-1]
        add_partitions(rollup, self._weeks(grid), Places(place, user))
        if self.manifest.versions:
            register(book, known)
            book.con.register("stored_versions", self.read(self.manifest.versions))
            for batch in stream(book, "stored_versions", grid):
                rollup.add_versions(batch)
            book.con.unregister("stored_versions")
        return rollup.activity()

    def _weeks(self, grid: WeekGrid) -> Iterator[tuple[int, Partition]]:
        """Yield the stored weeks one at a time: together they would fill as much memory as what is made of them."""
        held = self.manifest.weeks
        for week in range(grid.weeks):
            if grid.as_of(week) in held:
                yield week, self._read_week(held[grid.as_of(week)].rollup)

    def _read_week(self, stored: Stored) -> Partition:
        with pq.ParquetFile(self.folder / stored.file, memory_map=True) as file:
            accounts, users, features = (
                file.read_row_group(part, columns=COLUMNS[part], use_threads=False) for part in range(len(COLUMNS))
            )
        return accounts, users, features


def _take(users: pa.ChunkedArray | None, rows: Ints) -> pa.ChunkedArray | None:
    return None if users is None else users.take(pa.array(rows))


def _places(stored: NDArray[np.object_], accounts: NDArray[np.object_]) -> Ints:
    """Return where each stored account stands among `accounts`; −1 where it is not."""
    place = {account: position for position, account in enumerate(accounts)}
    return np.array([place.get(account, -1) for account in stored], dtype=np.int64)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def _write(path: Path, content: bytes) -> None:
    """Write a file so that it is there as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
