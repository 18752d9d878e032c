"""A source that fills up week by week: files that come late, are written anew, repeat themselves or vanish."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from features.contract import TABLES, Limits
from features.ingest import Source
from features.sources.mapping import read_mapping
from tests.books import ARROW
from tests.property.told import WEEK, Row, Tables, known_at

MAPPING = 'timezone = "UTC"\n[usage]\npath = "usage/*.parquet"\n'
LENIENT = Limits(quarantine_share=1, clock_skew_days=10_000)


@dataclass(frozen=True)
class Parcel:
    """One row of usage: when it comes, in which file, and when that file is taken away again, if it is."""

    row: Row
    comes: datetime
    file: str
    goes: datetime | None


class Shipments:
    """The folder of a source, as it stands at one instant after the other."""

    def __init__(self, tables: Tables, folder: Path, dice: Random) -> None:
        self.tables, self.folder = tables, folder
        gone: dict[str, datetime | None] = {}
        self.parcels: list[Parcel] = []
        for row in tables["usage"]:
            known = known_at("usage", row)
            comes = known + dice.choice([0, 0, 0, 0, 1, 2, 7, -1]) * WEEK
            file = f"{(dice.choice([known, comes]) + WEEK * dice.choice([0, 0, 0, 1])).date():%G-%V}"
            last = dice.choice([None] * 30 + [comes + 3 * WEEK])
            self.parcels.append(Parcel(row, comes, file, gone.setdefault(file, last)))

    def source(self) -> Source:
        """Return where the engine is to read."""
        given = [name for name, rows in self.tables.items() if rows and name != "usage"]
        self.folder.mkdir(parents=True, exist_ok=True)
        places = [f'[{name}]\npath = "{name}.parquet"\n' for name in given]
        file = self.folder / "mapping.toml"
        file.write_text(MAPPING + "".join(places), encoding="utf-8")
        return Source(read_mapping(file), self.folder, LENIENT, threads=1)

    @classmethod
    def of(cls, tables: Tables, folder: Path, parcels: Sequence[Parcel]) -> "Shipments":
        """Return the shipments of chosen parcels."""
        made = cls({**tables, "usage": []}, folder, Random(0))
        made.parcels = list(parcels)
        return made

    def arrive(self, instant: datetime, *, whole: bool = False) -> None:
        """Write the folder as it stands at an instant, or with all that ever comes; a file keeps what it had."""
        files: dict[str, list[Row]] = {}
        for parcel in self.parcels:
            if (parcel.comes < instant or whole) and (parcel.goes is None or instant < parcel.goes):
                files.setdefault(parcel.file, []).append(parcel.row)
        usage = self.folder / "usage"
        usage.mkdir(parents=True, exist_ok=True)
        for path in usage.iterdir():
            if path.stem not in files:
                path.unlink()
        for file, held in files.items():
            _write("usage", held, usage / f"{file}.parquet")
        for table, rows in self.tables.items():
            told = [row for row in rows if whole or known_at(table, row) < instant]
            if table != "usage":
                _write(table, told, self.folder / f"{table}.parquet")

    def shown(self) -> dict[str, list[Mapping[str, Any]]]:
        """Return the tables as they stand in the end."""
        tables = {table: list(rows) for table, rows in self.tables.items()}
        return tables | {"usage": [parcel.row for parcel in self.parcels if parcel.goes is None]}


def _write(table: str, rows: Sequence[Row], path: Path) -> None:
    columns = {
        column.name: pa.array([row.get(column.name) for row in rows], ARROW[column.kind])
        for column in TABLES[table].columns
    }
    pq.write_table(pa.table(columns), path)


def steps(dice: Random, last: date) -> list[date]:
    """Return the as-of dates at which the source is read: the last one, and some before it."""
    weeks = sorted(dice.sample(range(1, 12), dice.choice([1, 2])), reverse=True)
    return [*(last - week * WEEK for week in weeks), last]
