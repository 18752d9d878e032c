"""Exports: numbers stay numbers, dates dates, and text that looks like a formula stays text."""

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine

from serving.export import looks_like_formula, write_csv, write_xlsx
from serving.publish import publish
from serving.risk_list import Choice, PublishedList, read_list

NASTY = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", "=cmd|' /C calc'!A0", "=HYPERLINK(\"x\",\"y\")",
    "=IMPORTXML(A1,\"//a\")", "@import", "-2+3+cmd|' /C calc'!D2", "+1-555-0100", " =1+1", "\u00a0=1+1", "＝1+1",
    "＋1", "－1", "＠x", "==1", "=", "-", "\t", "=A1\n=B1", "\";=1+1", "a,=1+1",
]  # fmt: skip
STARTS = "=+-@\t\r\n＝＋－＠"


@pytest.fixture
def nasty(database: Engine, scored: Any, at: Any) -> PublishedList:
    """A list whose first accounts, owners and reasons are formula-like."""
    first = scored.rows.index[: len(NASTY)]
    scored.rows.loc[first, "name"] = NASTY
    scored.rows.loc[first, "owner"] = NASTY[::-1]
    scored.reasons.loc[scored.reasons["account_id"].isin(first), "text"] = "=1+1"
    publish(database, scored, at=at, by="tests", simulated=True)
    return read_list(database)


def test_no_csv_cell_starts_like_a_formula(nasty: PublishedList) -> None:
    stream = io.StringIO(newline="")
    write_csv(nasty, stream)
    stream.seek(0)
    header, *rows = csv.reader(stream)
    text = [place for place, name in enumerate(header) if name in ("account_id", "name", "owner", "reason_1")]
    cells = [row[place] for row in rows for place in text]
    assert len(rows) == 60
    assert sum(cell.startswith("'") for cell in cells) > 60
    assert not [cell for cell in cells if cell.strip()[:1] in set(STARTS) or cell[:1] in set(STARTS)]
    assert [row[header.index("name")].removeprefix("'") for row in rows[: len(NASTY)]] == NASTY


def test_csv_numbers_and_dates_read_back(published: Engine) -> None:
    stream = io.StringIO(newline="")
    write_csv(read_list(published), stream)
    stream.seek(0)
    row = next(csv.DictReader(stream))
    first = read_list(published).rows[0]
    assert (int(row["rank"]), float(row["risk_90"])) == (1, pytest.approx(first.risk_90, abs=1e-6))
    assert (row["renewal_date"], row["change"]) == (str(first.renewal_date), "")


def test_xlsx_keeps_formula_like_text_exactly_as_text(nasty: PublishedList, tmp_path: Path) -> None:
    write_xlsx(nasty, tmp_path / "list.xlsx")
    sheet = load_workbook(tmp_path / "list.xlsx")["Accounts at risk"]
    cells = [sheet.cell(line + 2, 3) for line in range(len(NASTY))]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.value.replace("_x000D_", "\r") for cell in cells] == NASTY
    assert all(cell.quotePrefix for cell in cells if looks_like_formula(cell.value))
    assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}


def test_xlsx_has_numbers_dates_and_a_header_that_stays(published: Engine, tmp_path: Path) -> None:
    write_xlsx(read_list(published), tmp_path / "list.xlsx")
    book = load_workbook(tmp_path / "list.xlsx")
    sheet = book["Accounts at risk"]
    head = {cell.value: cell.column for cell in sheet[1]}
    shown = {title: sheet.cell(2, place) for title, place in head.items()}
    first = read_list(published).rows[0]
    assert shown["Risk within 90 days"].value == pytest.approx(first.risk_90, abs=1e-12)
    assert isinstance(shown["Renewal date"].value, datetime)
    assert (shown["Renewal date"].number_format, shown["ARR"].number_format) == ("d mmm yyyy", "#,##0")
    assert (sheet.freeze_panes, sheet.auto_filter.ref.split(":")[0]) == ("D2", "A1")
    assert [row[2].value for row in book["Not scored"].iter_rows(min_row=2)] == ["notice was given", "joined last week"]
    assert ("Simulated", "Every account and number in this file is simulated.") in list(book["About"].values)


def test_exports_hold_exactly_the_chosen_rows(published: Engine, tmp_path: Path) -> None:
    chosen = read_list(published, choice=Choice(owner=("Owner 02",), sort="arr"))
    write_xlsx(chosen, tmp_path / "list.xlsx")
    stream = io.StringIO(newline="")
    write_csv(chosen, stream)
    ids = [row[1] for row in list(load_workbook(tmp_path / "list.xlsx").worksheets[0].values)[1:]]
    assert ids == [row.account_id for row in chosen.rows]
    assert stream.getvalue().count("\n") == len(chosen.rows) + 1 == 31


def test_a_workbook_that_cannot_be_finished_leaves_nothing(
    published: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "list.xlsx").write_text("the previous one")
    monkeypatch.setattr("serving.export._about", lambda published: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_xlsx(read_list(published), tmp_path / "list.xlsx")
    assert [path.name for path in tmp_path.glob("*.xlsx")] == ["list.xlsx"]
    assert not list(tmp_path.glob(".*"))
    assert (tmp_path / "list.xlsx").read_text() == "the previous one"


def test_ordinary_names_are_left_as_they_are() -> None:
    assert not [name for name in ("Account 0042", "3-in-1", "Ärzte & Co", "a=b", "") if looks_like_formula(name)]
