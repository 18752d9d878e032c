"""The report's section on signals: verdicts in words, small and missing numbers said, nothing it cannot show."""

from typing import Any

import pytest
from sqlalchemy import Engine

from serving.publish import publish
from serving.week_page import render_week
from tests.behaviour.lists.test_list_page import ATTACK, Page


def line(name: str, verdict: str = "use", lift: float | None = 2.0, **more: Any) -> dict[str, Any]:
    """Return one line of a register as `features --register --json` prints it."""
    bounds = {"value": lift, "low": None, "high": None} if lift is None else {"value": lift, "low": 1.4, "high": 2.9}
    return {
        "name": name, "title": name.replace("_", " ").capitalize(), "driver": "Logins", "verdict": verdict,
        "why": f"Why {name.replace('_', ' ')}.", "coverage": 0.93, "lift": bounds, "churned_accounts": 31,
        "periods": [1.6, None, 0.8, 2.2], "lead_weeks": 7.2, "seen": 12, "seen_of": 40,
        "nearest": "other_one", "correlation": -0.7,
    } | more  # fmt: skip


def register() -> dict[str, Any]:
    return {
        "as_of": "2026-09-07",
        "notes": ["63,740 rows had matured."],
        "drivers": [line("Logins", driver="Logins", lift=1.5)],
        "features": [
            line("login_drop", lift=2.4),
            line("other_one", "watch", lift=1.3),
            line("empty_one", "drop", lift=None, lead_weeks=None, periods=[], seen=0, seen_of=0, nearest=""),
        ],
    }


@pytest.fixture
def words(database: Engine, scored: Any, at: Any) -> Any:
    publish(database, scored, at=at, by="tests")
    return lambda found: Page(render_week(database, signals=found)).words


def test_verdicts_and_figures_are_said(words: Any) -> None:
    said = words(register())
    for part in ("1 are of use, 1 are to be watched and 1 can be dropped", "2.4 ×", "1.4 to 2.9", "2 of 3", "7 weeks"):
        assert part in said
    assert "Login drop" in said.partition("The strongest signals")[2].partition("Signals that can be dropped")[0]
    assert "Empty one Why empty one." in said
    assert "Other one (−0.70)" in said


def test_what_is_not_defined_is_a_dash_and_never_a_code(words: Any) -> None:
    found = register()
    found["features"].append(line("bare_one", "watch", lift=None, lead_weeks=None, periods=[], seen=0, seen_of=0))
    said = words(found)
    assert "– 31 – – –" in said
    for code in ("None", "nan", "login_drop", "NaN"):
        assert code not in said


def test_names_in_the_register_are_text(words: Any) -> None:
    found = register()
    found["features"][0] |= {"title": ATTACK, "why": ATTACK}
    found["features"][2] |= {"why": ATTACK}
    assert words(found).count(ATTACK) == 3, "the signal's title, the driver's strongest, and the dropped one's reason"


def test_without_a_register_the_section_says_how_to_make_one(words: Any) -> None:
    assert "No signal register came with this model" in words(None)
    assert "No signal register" not in words(register())
