"""Intervals and what changed: shown wherever the list is shown, and left out where they are not known."""

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from rich.console import Console
from sqlalchemy import Engine

from serving.account import account_story
from serving.export import write_csv, write_xlsx
from serving.formats import between, percent
from serving.publish import publish
from serving.risk_list import read_list
from serving.story_text import show_story
from serving.table import show_list
from serving.week_page import render_week
from tests.behaviour.lists.test_list_page import ATTACK, Page

TEXT = "Up 12 points since 31 August: +9 from new data (Logins most), +2 as time passed, +1 from the new model."


@pytest.fixture
def full(scored: Any, week: Any) -> Any:
    """The list with every number that a list can have."""
    rows = scored.rows
    for risk in ("risk_30", "risk_60", "risk_90", "risk_60_90"):
        rows[f"{risk}_low"], rows[f"{risk}_high"] = rows[risk] * 0.8, (rows[risk] * 1.25).clip(upper=1)
    rows["change"], rows["change_data"], rows["change_clock"], rows["change_model"] = 0.12, 0.09, 0.02, 0.01
    rows["change_text"], rows["previous_band"] = TEXT, "Low"
    rows["separate"] = [{"contraction_30": 0.02, "contraction_90": 0.08}] * len(rows)
    rows.loc[rows.index[1], ["change", "change_data", "change_clock", "change_model", "change_text"]] = None
    return replace(scored, previous_as_of=scored.as_of - week, previous_model="older")


@pytest.fixture
def engine(database: Engine, full: Any, at: Any) -> Engine:
    """The database with that list."""
    publish(database, full, at=at, by="tests", simulated=True)
    return database


def printed(show: Any, shown: Any, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    show(shown, console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_the_json_carries_the_new_fields_and_null_where_unknown(engine: Engine, full: Any) -> None:
    first, second = (row.to_json() for row in read_list(engine).rows[:2])
    assert (first["change_data"], first["change_clock"], first["change_model"], first["change_text"]) == (
        0.09,
        0.02,
        0.01,
        TEXT,
    )
    assert first["risk_90_low"] == full.rows["risk_90_low"].iloc[0]
    assert first["separate"] == {"contraction_30": 0.02, "contraction_90": 0.08}
    assert (second["change_data"], second["change_text"]) == (None, None)


def test_a_wide_terminal_shows_the_interval_beside_the_risk(engine: Engine) -> None:
    shown = read_list(engine)
    text = printed(show_list, shown, 220)
    first = shown.rows[0]
    assert "90 d, 95%" in text
    assert f"{percent(first.risk_90)}  {between(first.risk_90_low, first.risk_90_high)}" in " ".join(text.splitlines())
    assert max(map(len, printed(show_list, read_list(engine), 80).splitlines())) <= 80


def test_a_list_without_intervals_has_no_column_for_them(published: Engine) -> None:
    assert "90 d, 95%" not in printed(show_list, read_list(published), 220)


def test_the_story_says_interval_split_and_separate_risks(engine: Engine, full: Any) -> None:
    text = " ".join(printed(show_story, account_story(engine, full.rows.index[0]), 300).split())
    assert TEXT in text
    assert "Separately: contraction within 90 days 8.0%" in text
    assert text.count("–") >= 4
    without = printed(show_story, account_story(engine, full.rows.index[1]), 300)
    assert "since 31 August" not in without
    assert "None" not in without


def test_the_page_shows_interval_and_sentence_as_text(database: Engine, full: Any, at: Any) -> None:
    full.rows.loc[full.rows.index[2], "change_text"] = ATTACK
    publish(database, full, at=at, by="tests")
    page = Page(render_week(database))
    assert page.words.count(TEXT) == 58
    assert ATTACK in page.words
    assert "Its 95% interval" in page.words
    assert "Contraction within 90 days 8.0%" in page.words
    assert page.tags.count("img") == 0


def test_a_page_without_them_says_nothing_of_them(published: Engine) -> None:
    words = Page(render_week(published)).words
    for said in ("95% interval", "since 31 August", "None", "Contraction"):
        assert said not in words


def test_exports_hold_them_as_numbers(engine: Engine, full: Any, tmp_path: Path) -> None:
    shown = read_list(engine)
    stream = io.StringIO(newline="")
    write_csv(shown, stream)
    stream.seek(0)
    first, second, *_ = csv.DictReader(stream)
    assert float(first["risk_90_low"]) == pytest.approx(full.rows["risk_90_low"].iloc[0], abs=1e-6)
    assert (first["change_data"], first["contraction_90"], first["change_text"]) == ("0.09", "0.08", TEXT)
    assert (second["change_data"], second["change_text"]) == ("", "")
    write_xlsx(shown, tmp_path / "list.xlsx")
    sheet = load_workbook(tmp_path / "list.xlsx")["Accounts at risk"]
    head = {cell.value: cell.column for cell in sheet[1]}
    assert sheet.cell(2, head["Contraction within 90 days"]).value == 0.08
    assert sheet.cell(2, head["What changed"]).value == TEXT
    assert sheet.cell(2, head["Risk within 90 days, high edge"]).number_format == "0.0%"
