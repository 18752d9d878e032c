"""Writes a list as an Excel workbook: numbers are numbers, dates dates, and text stays text."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from features.errors import UsageError
from serving.acting.states import AccountState
from serving.export_columns import Cell, Kind, exported, lines
from serving.export_text import fitting, looks_like_formula, writable
from serving.formats import day
from serving.risk_list import PublishedList

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

LONGEST_SHEET = 1_048_576
DAY_ZERO = date(1899, 12, 30).toordinal()
"""Excel's days count from here, from March 1900 on."""
FIRST_DAY = 61
INFINITE = float("inf")
SHOWN = {"count": "#,##0", "money": "#,##0", "share": "0.0%", "points": "+0.0%;-0.0%;0.0%", "health": "0"}
Write = Callable[[int, int, Any], object]


def write_xlsx(
    published: PublishedList,
    target: Path | IO[bytes],
    states: Mapping[str, AccountState] | None = None,
    at: datetime | None = None,
) -> None:
    """Write a workbook of the list, the accounts without a score and what it is; a file appears whole or not at all.

    With `states` it also holds what people said about each account, as of `at`. Raises UsageError when a sheet cannot
    hold so many rows.
    """
    longest = max(len(published.rows), len(published.not_scored))
    if longest >= LONGEST_SHEET:
        raise UsageError(f"a sheet holds {LONGEST_SHEET - 1:,} rows below its head, not {longest:,}: take CSV instead")
    if not isinstance(target, Path):
        _write_book(published, target, states, at)
        return
    half = target.with_name(f".{target.name}.half")
    try:
        with half.open("wb") as stream:
            _write_book(published, stream, states, at)
        os.replace(half, target)
    finally:
        half.unlink(missing_ok=True)


def _write_book(
    published: PublishedList, stream: IO[bytes], states: Mapping[str, AccountState] | None, at: datetime | None
) -> None:
    from xlsxwriter import Workbook

    with Workbook(stream, {"constant_memory": True}) as book:
        # The published instant instead of the clock: the same list gives the same bytes.
        book.set_properties({"title": f"Accounts at risk, {published.as_of}", "created": published.published_at})
        chosen = exported(published, states is not None)
        listed = _Sheet.begin(book, "Accounts at risk", [(column.title, column.width) for column in chosen])
        cells = [(place, column.read, listed.writes(column.kind)) for place, column in enumerate(chosen)]
        line = 0
        for line, source in enumerate(lines(published, states, at), 1):
            for place, read, write in cells:
                if (cell := read(source)) is not None:
                    write(line, place, cell)
        listed.finish(line, len(chosen))
        unscored = ((account.account_id, account.name, account.why) for account in published.not_scored)
        _Sheet.begin(book, "Not scored", [("Account id", 26), ("Account", 34), ("Why", 80)]).fill(unscored)
        _Sheet.begin(book, "About", [("What", 26), ("Value", 34)]).fill(_about(published))


@dataclass
class _Sheet:
    sheet: Worksheet
    formats: dict[str, Any]

    @classmethod
    def begin(cls, book: Workbook, title: str, head: Sequence[tuple[str, int]]) -> _Sheet:
        """Return a new sheet with its column widths and a bold first row."""
        sheet = book.add_worksheet(title)
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        for place, (words, width) in enumerate(head):
            sheet.set_column(place, place, width)
            sheet.write_string(0, place, words, bold)
        sheet.freeze_panes(1, 3 if len(head) > 3 else 0)
        formats = {kind: book.add_format({"num_format": shown}) for kind, shown in SHOWN.items()}
        formats["date"] = book.add_format({"num_format": "d mmm yyyy", "align": "left"})
        # Shows the text as it is, and keeps it text when somebody edits the cell.
        formats["quoted"] = book.add_format({"quote_prefix": True})
        return cls(sheet, formats)

    def writes(self, kind: Kind) -> Write:
        """Return the function that writes cells of this kind: line, place, value."""
        if kind == "text":
            return self._text
        return self._date if kind == "date" else self._numbers(self.formats[kind])

    def fill(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Write rows of text and dates under the head."""
        line, wide = 0, 0
        for line, cells in enumerate(rows, 1):
            wide = max(wide, len(cells))
            for place, cell in enumerate(cells):
                if cell is not None:
                    self._plain(line, place, cell)
        self.finish(line, wide)

    def finish(self, line: int, wide: int) -> None:
        """Let people filter everything down to the last line."""
        if wide:
            self.sheet.autofilter(0, 0, line, wide - 1)

    def _plain(self, line: int, place: int, cell: Cell) -> None:
        if isinstance(cell, date):
            self._date(line, place, cell)
        elif isinstance(cell, str):
            self._text(line, place, cell)
        else:
            self.sheet.write_number(line, place, cell)

    def _text(self, line: int, place: int, text: str) -> None:
        text = fitting(writable(text))
        self.sheet.write_string(line, place, text, self.formats["quoted"] if looks_like_formula(text) else None)

    def _date(self, line: int, place: int, on: date) -> None:
        serial = on.toordinal() - DAY_ZERO
        if serial < FIRST_DAY:
            self.sheet.write_string(line, place, day(on))
        else:
            self.sheet.write_number(line, place, serial, self.formats["date"])

    def _numbers(self, shown: Any) -> Write:  # noqa: ANN401  XlsxWriter has no types
        write = self.sheet.write_number

        def number(line: int, place: int, value: float) -> None:
            # XlsxWriter would write what is no number as a formula.
            if -INFINITE < value < INFINITE:
                write(line, place, value, shown)

        return number


def _about(published: PublishedList) -> list[tuple[str, Cell]]:
    bands = ", ".join(f"{name} from {floor:.0%}" for name, floor in published.settings.bands.items())
    about: list[tuple[str, Cell]] = [
        ("As of", published.as_of),
        ("Published at (UTC)", published.published_at.isoformat(" ", "minutes")),
        ("Rows in this file", len(published.rows)),
        ("Accounts on the whole list", published.accounts),
        ("Ranked by", published.settings.rank_by.replace("_", " ")),
        ("Bands", bands),
        ("Money in", published.settings.currency),
        ("Model", published.model),
        ("Outcome contract", published.outcome),
    ]
    return (
        [*about, ("Simulated", "Every account and number in this file is simulated.")] if published.simulated else about
    )
