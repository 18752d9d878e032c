"""The report's evidence: who serves and why, and how long before a churn the account stood on a list."""

import re
from typing import Any

import pytest
from sqlalchemy import Engine

from serving.week_page import render_week
from tests.behaviour.lists.test_list_page import ATTACK, Page

NEW = ("calibration_slope", "calibration_intercept", "lift_at_capacity", "brier_skill", "log_loss_skill")


@pytest.fixture
def words(published: Engine) -> Any:
    """The words of the page that these reports give."""
    return lambda **given: Page(render_week(published, **given)).words


def test_a_verdict_is_said_with_every_check(words: Any, reports: Any) -> None:
    said = words(verdict=reports["verdict"]())
    parts = (
        "Promoted The challenger is not worse than the champion",
        ", trained on what was known by 7 Sep 2026; champion 77aa01b2c3d4",
        "3 checks: 1 failed, 1 not sure, 1 passed",
        "Passed Not worse AUC 0.842",
        "Failed No leak seats_ratio alone",
        "Not sure Calibrated Slope 0.97",
    )
    assert [part for part in parts if part not in said] == []


def test_every_check_has_its_own_tone(published: Engine, reports: Any) -> None:
    section = (
        render_week(published, verdict=reports["verdict"]()).partition('id="verdict"')[2].partition("</section>")[0]
    )
    assert re.findall(r'class="(?:judged )?(tone-\w+)"', section) == [
        "tone-low",
        "tone-low",
        "tone-medium",
        "tone-high",
    ]


@pytest.mark.parametrize(("outcome", "word"), [("keep", "Champion kept"), ("refuse", "Refused")])
def test_other_outcomes_have_their_word(words: Any, reports: Any, outcome: str, word: str) -> None:
    said = words(verdict=reports["verdict"](outcome, champion=None))
    assert f"Which model serves {word} " in said
    assert "there was no champion before it" in said
    assert "None" not in said


def test_a_verdict_is_text(published: Engine, reports: Any) -> None:
    verdict = reports["verdict"]()
    verdict["why"] = verdict["challenger"] = verdict["checks"][0]["text"] = verdict["checks"][1]["name"] = ATTACK
    page = Page(render_week(published, verdict=verdict))
    assert page.words.count(ATTACK) == 4
    assert page.tags.count("img") == 0


def test_without_a_verdict_or_a_curve_their_parts_are_left_out(words: Any, reports: Any) -> None:
    backtest = reports["backtest_report"]()
    for lead in (None, {"models": {}}):
        said = words(backtest=backtest | {"lead_time": lead})
        assert "Which model serves" not in said
        assert "days before" not in said
        assert "How good past forecasts would have been" in said


def test_the_curve_is_the_headline_of_the_backtest(words: Any, reports: Any) -> None:
    said = words(backtest=reports["backtest_report"]())
    headline = (
        "Of the 118 accounts that churned between 4 Nov 2025 and 27 Jun 2026, 60% (52–67%) had been on a list of 40 "
        "at least 60 days before."
    )
    assert headline in said
    assert said.index(headline) < said.index("of the tested rows churned)")
    assert "Renewal calendar alone" in said
    assert "+4.2 pts −3.8 to +11.2" in said


def test_a_curve_without_values_at_the_lead_says_so(words: Any, reports: Any) -> None:
    backtest = reports["backtest_report"]()
    for line in backtest["lead_time"]["models"]["hazard"].values():
        for point in line:
            point |= {"value": None, "low": None, "high": None}
    said = words(backtest=backtest)
    assert "it cannot be said how many had been listed 60 days before" in said
    assert "None" not in said


def test_new_metrics_stand_in_the_tables_where_there_are_any(words: Any, reports: Any) -> None:
    backtest = reports["backtest_report"]()
    said = words(backtest=backtest)
    assert [text for text in ("0.97 0.90 to 1.03", "7.2 ×", "24% 22% to 25%", "−0.06") if text not in said] == []
    for found in (backtest["pooled"], *backtest["baselines"].values()):
        for metrics in found.values():
            for name in NEW:
                del metrics[name]
    old = words(backtest=backtest)
    assert "AUC" in old
    assert "7.2 ×" not in old
