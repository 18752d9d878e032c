"""Writes a list for spreadsheets and programs; text that looks like a formula stays text."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO

from serving.formats import outcome_window
from serving.list_row import ListRow
from serving.risk_list import PublishedList

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")
LONGEST_CELL = 32_000
EDGES = ("low", "high")
EDGED = (
    ("risk_30", "Risk within 30 days"),
    ("risk_60", "Risk within 60 days"),
    ("risk_90", "Risk within 90 days"),
    ("risk_60_90", "Risk in days 61 to 90"),
)
Kind = Literal["text", "count", "money", "share", "points", "health", "date"]
Cell = str | float | date | None


@dataclass(frozen=True)
class ExportColumn:
    """One column: its name for programs, its title for people, and how it is read from a row."""

    name: str
    title: str
    kind: Kind
    width: int
    read: Callable[[ListRow, PublishedList], Cell]


def columns(reasons: int, separate: Sequence[str] = ()) -> tuple[ExportColumn, ...]:
    """Return every exported column in order, with as many reasons and separate outcomes as a list gives."""
    return (
        _field("rank", "Rank", "count", 6),
        _field("account_id", "Account id", "text", 14),
        _field("name", "Account", "text", 28),
        _field("owner", "Owner", "text", 18),
        _field("segment", "Segment", "text", 14),
        _field("plan", "Plan", "text", 14),
        _field("seats", "Seats", "count", 8),
        _field("arr", "ARR", "money", 12),
        _field("arr_at_risk", "ARR at risk", "money", 12),
        _field("risk_30", "Risk within 30 days", "share", 11),
        _field("risk_60", "Risk within 60 days", "share", 11),
        _field("risk_90", "Risk within 90 days", "share", 11),
        _field("risk_60_90", "Risk in days 61 to 90", "share", 11),
        _field("health", "Health", "health", 8),
        _field("band", "Band", "text", 10),
        _field("change", "Change since last week", "points", 11),
        _field("renewal_date", "Renewal date", "date", 13),
        _field("notice_deadline", "Notice deadline", "date", 13),
        ExportColumn("days_to_notice", "Days to notice deadline", "count", 10, _days_to_notice),
        *(_reason(position) for position in range(1, reasons + 1)),
        *(_field(f"{risk}_{edge}", f"{title}, {edge} edge", "share", 11) for risk, title in EDGED for edge in EDGES),
        _field("change_data", "Change from new data", "points", 11),
        _field("change_clock", "Change as time passed", "points", 11),
        _field("change_model", "Change from the new model", "points", 11),
        _field("change_text", "What changed", "text", 60),
        *(_separate(name) for name in separate),
        ExportColumn("as_of", "As of", "date", 13, lambda _row, published: published.as_of),
        ExportColumn("model", "Model", "text", 15, lambda _row, published: published.model),
        ExportColumn("outcome", "Outcome contract", "text", 15, lambda _row, published: published.outcome),
    )


def exported(published: PublishedList) -> tuple[ExportColumn, ...]:
    """Return the columns of this list's exports."""
    return columns(published.settings.reasons, published.separate)


def write_csv(published: PublishedList, stream: TextIO) -> None:
    """Write the rows as CSV: text quoted, numbers and ISO dates plain, a ' before text that looks like a formula."""
    chosen = exported(published)
    writer = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow([column.name for column in chosen])
    for row in published.rows:
        writer.writerow([_csv_cell(column, column.read(row, published)) for column in chosen])


def write_xlsx(published: PublishedList, path: Path) -> None:
    """Write a workbook of the list, the accounts without a score and what it is; it appears whole or not at all."""
    from xlsxwriter import Workbook

    half = path.with_name(f".{path.name}.half")
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    try:
        with Workbook(str(half), options) as book:
            # The published instant instead of the clock: the same list gives the same bytes.
            book.set_properties({"title": f"Accounts at risk, {published.as_of}", "created": published.published_at})
            _Sheet(book, "Accounts at risk").fill(*_list_cells(published))
            unscored = [(account.account_id, account.name, account.why) for account in published.not_scored]
            _Sheet(book, "Not scored").fill(_plain_columns("Account id", "Account", "Why"), unscored)
            _Sheet(book, "About").fill(_plain_columns("What", "Value"), _about(published))
        os.replace(half, path)
    finally:
        half.unlink(missing_ok=True)


def looks_like_formula(text: str) -> bool:
    """Say whether a spreadsheet could take the text for a formula."""
    return text[:1] in FORMULA_STARTS or text.lstrip()[:1] in FORMULA_STARTS


@dataclass
class _Sheet:
    book: Workbook
    title: str

    def fill(self, columns: Sequence[ExportColumn], rows: Iterator[Sequence[Cell]] | Sequence[Sequence[Cell]]) -> None:
        """Write a header that stays in view, then the rows, each cell by its kind."""
        sheet = self.book.add_worksheet(self.title)
        head = self.book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        formats = _formats(self.book)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width)
            sheet.write_string(0, place, column.title, head)
        line = 0
        for line, cells in enumerate(rows, 1):
            for place, (column, cell) in enumerate(zip(columns, cells, strict=True)):
                _write_cell(sheet, (line, place), cell, column.kind, formats)
        sheet.freeze_panes(1, 3 if len(columns) > 3 else 0)
        sheet.autofilter(0, 0, line, len(columns) - 1)


def _formats(book: Workbook) -> dict[str, Any]:
    shown = {"count": "#,##0", "money": "#,##0", "share": "0.0%", "points": "+0.0%;-0.0%;0.0%", "health": "0"}
    formats = {kind: book.add_format({"num_format": text}) for kind, text in shown.items()}
    formats["date"] = book.add_format({"num_format": "d mmm yyyy", "align": "left"})
    # Shows the text as it is, and keeps it text when somebody edits the cell.
    formats["quoted"] = book.add_format({"quote_prefix": True})
    return formats


def _write_cell(sheet: Worksheet, at: tuple[int, int], cell: Cell, kind: Kind, formats: dict[str, Any]) -> None:
    if cell is None:
        return
    if isinstance(cell, str):
        text = cell if len(cell) <= LONGEST_CELL else cell[:LONGEST_CELL] + "…"
        sheet.write_string(*at, text, formats["quoted"] if looks_like_formula(text) else None)
    elif isinstance(cell, date):
        sheet.write_datetime(*at, cell, formats["date"])
    else:
        sheet.write_number(*at, cell, formats.get(kind))


def _list_cells(published: PublishedList) -> tuple[Sequence[ExportColumn], Iterator[Sequence[Cell]]]:
    chosen = exported(published)
    return chosen, ([column.read(row, published) for column in chosen] for row in published.rows)


def _about(published: PublishedList) -> list[tuple[str, Cell]]:
    bands = ", ".join(f"{name} from {floor:.0%}" for name, floor in published.settings.bands.items())
    about: list[tuple[str, Cell]] = [
        ("As of", published.as_of),
        ("Published at (UTC)", published.published_at.isoformat(" ", "minutes")),
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


def _plain_columns(*titles: str) -> list[ExportColumn]:
    widths = (26, 34, 80)
    return [ExportColumn(title, title, "text", width, _nothing) for title, width in zip(titles, widths, strict=False)]


def _nothing(_row: ListRow, _published: PublishedList) -> Cell:
    return None


def _field(name: str, title: str, kind: Kind, width: int) -> ExportColumn:
    def read(row: ListRow, _published: PublishedList) -> Cell:
        value: Cell = getattr(row, name)
        return value

    return ExportColumn(name, title, kind, width, read)


def _reason(position: int) -> ExportColumn:
    def read(row: ListRow, _published: PublishedList) -> Cell:
        return row.reasons[position - 1].text if len(row.reasons) >= position else None

    return ExportColumn(f"reason_{position}", f"Reason {position}", "text", 60, read)


def _separate(name: str) -> ExportColumn:
    def read(row: ListRow, _published: PublishedList) -> Cell:
        return (row.separate or {}).get(name)

    return ExportColumn(name, outcome_window(name).capitalize(), "share", 11, read)


def _days_to_notice(row: ListRow, published: PublishedList) -> Cell:
    return None if row.notice_deadline is None else (row.notice_deadline - published.as_of).days


def _csv_cell(column: ExportColumn, cell: Cell) -> str | float | int:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f"'{cell}" if looks_like_formula(cell) else cell
    if isinstance(cell, date):
        return cell.isoformat()
    if column.kind == "count" and float(cell).is_integer():
        return int(cell)
    return round(cell, 2 if column.kind == "money" else 6)
