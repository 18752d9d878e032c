"""Snapshots that are kept: one folder per as-of date, written once and never changed."""

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.book import Book
from features.catalogue import catalogue_digest
from features.outcome import OutcomeContract
from features.snapshot import Snapshot, available, take_snapshot

ROWS, FACTS, NOT_SCORED, SHOWN = "rows.parquet", "facts.parquet", "not_scored.parquet", "shown.parquet"
STANDING, UNTRACKED = "standing:", "untracked:"


class SnapshotStore:
    """A folder of snapshots, one room in it for each catalogue and outcome contract."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def room(self, book: Book, contract: OutcomeContract) -> "Room":
        """Return where the snapshots of this catalogue and contract lie."""
        return Room(self.folder / f"{catalogue_digest(available(book)[0])}-{contract.digest}")

    def kept(self, catalogue: str, outcome: str, as_of: date) -> pd.DataFrame | None:
        """Return the values of a kept snapshot, accounts × features, by its digests; None when it is not kept."""
        path = Room(self.folder / f"{catalogue}-{outcome}").path(as_of)
        if not path.exists():
            return None
        table = pq.read_table(path)
        names = [name for name in table.column_names if not name.startswith((STANDING, UNTRACKED))]
        return _frame(table.select(names)).set_index("account_id")


class Room:
    """Snapshots of one catalogue and outcome contract."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def as_ofs(self) -> list[date]:
        """Return the as-of dates that are kept, in rising order."""
        return sorted(date.fromisoformat(path.parent.name) for path in self.folder.glob(f"*/{ROWS}"))

    def path(self, as_of: date, part: str = ROWS) -> Path:
        """Return the file of one as-of date."""
        return self.folder / as_of.isoformat() / part

    def keep(self, taken: Snapshot, dates: Sequence[date]) -> None:
        """Write each as-of date that is not there yet; what a list shows is known of the last one only."""
        stamps = taken.frame.index.get_level_values("as_of")
        for as_of in dates:
            if not self.path(as_of).exists():
                _write(_rows(taken, np.flatnonzero(stamps == pd.Timestamp(as_of))), self.path(as_of))
        if dates and not self.path(dates[-1], SHOWN).exists():
            # An earlier version kept those not scored without their owners.
            _write(_table(taken.not_scored), self.path(dates[-1], NOT_SCORED))
            _write(_table(taken.shown.reset_index()), self.path(dates[-1], SHOWN))
        if dates and not self.path(dates[-1], FACTS).exists():
            _write(_table(taken.facts.reset_index()), self.path(dates[-1], FACTS))

    def speaks(self, as_of: date) -> bool:
        """Say whether everything is kept that a list of this as-of date needs, beyond the rows."""
        return self.path(as_of, SHOWN).exists() and self.path(as_of, FACTS).exists()

    def read(self, like: Snapshot, as_ofs: Sequence[date]) -> Snapshot:
        """Return the kept snapshots of some as-of dates; `like` gives the features and digests."""
        tables = [pq.read_table(self.path(as_of)) for as_of in as_ofs]
        whole = pa.concat_tables(tables)
        place = np.repeat(np.arange(len(as_ofs)), [table.num_rows for table in tables])
        accounts, code = np.unique(_texts(whole["account_id"]).astype(str), return_inverse=True)
        order = np.lexsort((place, code))
        index = _index(accounts, as_ofs, code[order], place[order])
        names = [each.name for each in like.features]
        standing = [name for name in whole.column_names if name.startswith(STANDING)]
        return replace(
            like,
            frame=_columns(whole, names, order, index, np.float64),
            untracked=_columns(whole, [UNTRACKED + name for name in names], order, index, np.bool_, names),
            standing=pd.DataFrame({n.removeprefix(STANDING): _series(whole[n], order, index) for n in standing}, index),
            facts=_by_account(self.path(as_ofs[-1], FACTS)),
            not_scored=_frame(pq.read_table(self.path(as_ofs[-1], NOT_SCORED))),
            shown=_by_account(self.path(as_ofs[-1], SHOWN)),
        )


def snapshots(room: Room, book: Book, as_ofs: Sequence[date], contract: OutcomeContract) -> tuple[Snapshot, int]:
    """Return the snapshots of the as-of dates, and how many of them had to be computed; the others are as they were.

    Raises UsageError when an as-of date does not end a week of the data.
    """
    dates = sorted(set(as_ofs))
    missing = [as_of for as_of in dates if not room.path(as_of).exists()]
    if dates and dates[-1] not in missing and not room.speaks(dates[-1]):
        missing.append(dates[-1])
    if not any(room.path(as_of).exists() for as_of in dates):
        taken = take_snapshot(book, dates, contract)
        room.keep(taken, dates)
        return taken, len(dates)
    features, left_out = available(book)
    none = pd.DataFrame()
    like = Snapshot(none, none, none, none, features, catalogue_digest(features), contract.digest, left_out, none)
    if missing:
        room.keep(take_snapshot(book, missing, contract), missing)
    return room.read(like, dates), len(missing)


def _rows(taken: Snapshot, rows: NDArray[np.intp]) -> pa.Table:
    accounts = taken.frame.index.get_level_values("account_id")[rows]
    columns: dict[str, Any] = {"account_id": pa.array(accounts.astype(object), pa.string())}
    for prefix, frame in (("", taken.frame), (UNTRACKED, taken.untracked), (STANDING, taken.standing)):
        columns |= {f"{prefix}{name}": _array(frame[name].to_numpy()[rows]) for name in frame}
    return pa.table(columns)


def _array(values: NDArray[Any]) -> pa.Array:
    if values.dtype == object:
        return pa.array(values, pa.string(), from_pandas=True)
    return pa.array(values)


def _table(frame: pd.DataFrame) -> pa.Table:
    return pa.table({name: _array(frame[name].to_numpy()) for name in frame})


def _texts(column: pa.ChunkedArray) -> NDArray[np.object_]:
    return np.asarray(column.to_pandas(), dtype=object)


def _values(column: pa.ChunkedArray) -> NDArray[Any]:
    values: NDArray[Any] = _texts(column) if pa.types.is_string(column.type) else column.to_numpy()
    return values


def _frame(table: pa.Table) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(_values(table[name])) for name in table.column_names})


def _by_account(path: Path) -> pd.DataFrame:
    found = _frame(pq.read_table(path)).set_index("account_id")
    found.index = found.index.astype(str)
    return found


def _series(column: pa.ChunkedArray, order: NDArray[np.intp], index: pd.MultiIndex) -> "pd.Series[Any]":
    values = _values(column)[order]
    return pd.Series(values, index, dtype=values.dtype)


def _columns(
    whole: pa.Table,
    names: Sequence[str],
    order: NDArray[np.intp],
    index: pd.MultiIndex,
    kind: type[np.float64] | type[np.bool_],
    shown: Sequence[str] | None = None,
) -> pd.DataFrame:
    values: NDArray[Any] = np.empty((len(index), len(names)), dtype=kind, order="F")
    for place, name in enumerate(names):
        values[:, place] = whole[name].to_numpy()[order]
    return pd.DataFrame(values, index=index, columns=list(shown or names), copy=False)


def _index(
    accounts: NDArray[np.str_], as_ofs: Sequence[date], code: NDArray[np.intp], place: NDArray[np.intp]
) -> pd.MultiIndex:
    levels: Any = [pd.Index(accounts), pd.DatetimeIndex(np.array(as_ofs, dtype="datetime64[s]"))]
    codes: Any = [code, place]
    return pd.MultiIndex(levels=levels, codes=codes, names=["account_id", "as_of"], verify_integrity=False)


def _write(table: pa.Table, path: Path) -> None:
    """Write a file that is there as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    pq.write_table(table, temporary, compression="zstd", write_statistics=False)
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
