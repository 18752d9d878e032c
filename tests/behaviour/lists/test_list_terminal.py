"""The list in a terminal."""

import io
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import Engine

from serving.account import account_story
from serving.publish import publish
from serving.risk_list import Choice, read_list
from serving.story_text import show_story
from serving.table import show_list


def shown(engine: Engine, width: int, **choice: Any) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    show_list(read_list(engine, choice=Choice(**choice)), console)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 160, 220])
def test_the_table_fits_the_terminal_and_always_names_account_band_and_reason(published: Engine, width: int) -> None:
    lines = shown(published, width, top=8)
    first = read_list(published).rows[0]
    assert max(map(len, lines)) <= width
    assert any(first.name in line and first.band in line for line in lines if first.name)
    assert "simulated" in "".join(lines)


def test_a_wide_terminal_shows_every_column(published: Engine) -> None:
    head = shown(published, 220, top=3)[2]
    for title in ("Owner", "ARR", "At risk", "60–90 d", "90 d", "Change", "Renewal", "Notice deadline", "First reason"):
        assert title in head


def test_markup_and_control_characters_in_a_name_are_only_text(database: Engine, scored: Any, at: Any) -> None:
    scored.rows["name"] = "[red]A\x1b[2J\u202e"
    publish(database, scored, at=at, by="tests")
    text = "\n".join(shown(database, 160, top=2))
    assert "[red]A�[2J�" in text
    assert "\x1b[2J" not in text


def test_a_choice_without_rows_still_prints(published: Engine) -> None:
    assert any("0 of 60 accounts" in line for line in shown(published, 80, search="nobody"))


def told(engine: Engine, account: str, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    show_story(account_story(engine, account), console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_a_story_says_the_risk_its_parts_and_the_weeks_before_in_words(published: Engine) -> None:
    first = read_list(published).rows[0]
    text = told(published, first.account_id)
    for said in (f"{first.name} ({first.account_id}) on 7 Sep 2026 (simulated)", "Starting point", "This account"):
        assert said in text
    assert "severe tickets in the last 8 weeks against 1 in a usual 8" in " ".join(text.split())
    assert "week by week: 7 Sep" in text
    assert "ticket_rise" not in text
    assert max(map(len, told(published, first.account_id, 70).splitlines())) <= 70


def test_the_story_of_an_account_without_a_score_says_why(published: Engine) -> None:
    assert told(published, "N1").splitlines()[1] == "Not scored: notice was given"
