"""Writes a list as CSV: for programs, and safe where a spreadsheet opens it."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TextIO

from serving.acting.states import AccountState
from serving.export_columns import ExportColumn, exported, lines
from serving.export_text import looks_like_formula, writable
from serving.risk_list import PublishedList

CHUNK_ROWS = 500
Written = Callable[[object], str | float]


def csv_lines(
    published: PublishedList, states: Mapping[str, AccountState] | None = None, at: datetime | None = None
) -> Iterator[str]:
    """Yield the list as CSV, some hundred rows at a time; with `states` also what people said, as of `at`.

    Text is quoted with a ' before what looks like a formula, numbers and ISO dates are plain, what is missing is empty.
    """
    chosen = exported(published, states is not None)
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow([column.name for column in chosen])
    cells = [(column.read, _writes(column)) for column in chosen]
    for count, line in enumerate(lines(published, states, at), 1):
        writer.writerow(["" if (cell := read(line)) is None else write(cell) for read, write in cells])
        if count % CHUNK_ROWS == 0:
            yield stream.getvalue()
            stream.seek(0)
            stream.truncate()
    yield stream.getvalue()


def write_csv(published: PublishedList, stream: TextIO) -> None:
    """Write the list as CSV, as `csv_lines` gives it."""
    stream.writelines(csv_lines(published))


def _writes(column: ExportColumn) -> Written:
    if column.kind == "text":
        return _text
    if column.kind == "date":
        return str
    if column.kind == "count":
        return _count
    return _money if column.kind == "money" else _number


def _text(cell: object) -> str:
    text = writable(str(cell))
    return f"'{text}" if looks_like_formula(text) else text


def _count(cell: object) -> str | float:
    number = float(cell)  # type: ignore[arg-type]
    return int(number) if number.is_integer() else round(number, 6)


def _money(cell: object) -> float:
    return round(float(cell), 2)  # type: ignore[arg-type]


def _number(cell: object) -> float:
    return round(float(cell), 6)  # type: ignore[arg-type]
