"""The page of a comparison: the verdict first, every figure, nothing that it cannot show."""

import re
from typing import Any

import pytest

from serving.compare_forest import effect, panels
from serving.compare_page import render_compare
from tests.behaviour.lists.test_list_page import ATTACK, Page


@pytest.fixture
def page(reports: Any) -> Page:
    """The page of one run against another."""
    return Page(render_compare(reports["compare_report"]()))


def test_the_verdict_stands_first(page: Page) -> None:
    said = "Not enough evidence Not enough evidence that run 1 and champion differ. You would need about 31 more weeks"
    assert said in page.words
    assert page.words.index(said) < page.words.index("Churned ARR caught")
    assert "24,308 tested rows over 24 weeks, of 1,288 accounts, 147 of which churned" in page.words
    assert "verdicts corrected for 3 variants" in page.words


def test_every_part_of_the_result_is_said(page: Page) -> None:
    parts = (
        "+0.030 +0.015 to +0.045 better",
        "−0.00060 −0.00090 to −0.00030 worse",
        "83% (79–87%) of the 40 places a week",
        "A00042 29 Jun 2026 21% 34% +13.0",
        "Logins +8.0",
        "Contract −1.0",
        "Pooled hazard",
        "41.2 s 31 ms",
        "Contract ends inside the window",
        "← champion better",
        "Churn in days 61 to 90",
    )
    assert [part for part in parts if part not in page.words] == []
    for code in ("risk_90", "recall_at_capacity", "None", "nan", "higher_is_better"):
        assert code not in page.words


def test_it_asks_nobody_for_anything_and_both_themes_have_its_colours(reports: Any) -> None:
    html = render_compare(reports["compare_report"]())
    made = Page(html)
    assert not [link for link in made.links if not link.startswith("#")]
    assert not {"link", "iframe", "script", "object", "base"} & set(made.tags)
    style = "".join(re.findall(r"<style>(.*?)</style>", html, re.DOTALL))
    assert not re.search(r"@import|@font-face|https?:|url\(", style)
    light, _, rest = style.partition("@media (prefers-color-scheme: dark)")
    used = set(re.findall(r"var\((--[\w-]+)\)", html))
    assert used <= set(re.findall(r"(--[\w-]+):", light))
    assert used - {"--font", "--mono"} <= set(re.findall(r"(--[\w-]+):", rest.partition("}\n}")[0]))


def test_names_are_text(reports: Any) -> None:
    result = reports["compare_report"]()
    for line in (*result["verdicts"], *result["differences"], *result["lists"], *result["moved"]):
        line |= {"run": ATTACK}
    result["verdicts"][0]["text"] = result["moved"][0]["account_id"] = result["moved"][0]["why"][0]["driver"] = ATTACK
    result["differences"][-1]["stratum"] = result["runs"][1]["name"] = ATTACK
    made = Page(render_compare(result))
    assert made.words.count(ATTACK) > 10
    assert ({"script", "img"} & set(made.tags), made.handlers) == (set(), [])


def test_several_runs_each_have_their_own_part(reports: Any) -> None:
    words = Page(render_compare(reports["compare_report"](runs=2))).words
    assert "2 runs against champion" in words
    assert words.count("run 2 better →") == words.count("run 1 better →") > 0


def test_unknown_figures_are_dashes_and_draw_nothing(reports: Any) -> None:
    result = reports["compare_report"]()
    known = render_compare(result).count("<svg")
    for line in result["differences"]:
        if line["metric"] in ("auc", "lift_at_capacity"):
            line |= {"value": None, "low": None, "high": None, "a": None, "b": float("nan")}
    result["runs"][0]["cost"] = {}
    result["moved"] = []
    html = render_compare(result)
    assert html.count("<svg") < known
    words = Page(html).words
    assert "No account moved" in words
    assert "AUC higher is better All accounts – – – unclear" in words
    assert "None" not in words
    assert "nan" not in words


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.001, 0.02, "better"),
        (-0.02, -0.001, "worse"),
        (-0.01, 0.02, "unclear"),
        (0.0, 0.1, "unclear"),
        (None, None, "unclear"),
    ],
)
def test_an_effect_needs_an_interval_that_leaves_out_zero(low: float | None, high: float | None, said: str) -> None:
    assert effect({"value": 0.01, "low": low, "high": high}) == said


def test_a_metric_is_drawn_on_one_scale_with_zero_in_the_middle(reports: Any) -> None:
    result = reports["compare_report"]()
    lines = [line for line in result["differences"] if line["risk"] == "risk_90" and line["metric"] == "auc"]
    lines[1] |= {"stratum": "other", "value": 0.05, "low": 0.0, "high": 0.1}
    lines[2] |= {"stratum": "third", "value": -0.05, "low": -0.1, "high": 0.0}
    right, left = panels(lines, pooled=False)[0]["rows"]
    place = [float(re.findall(r'cx="([\d.]+)%"', row["picture"])[0]) for row in (right, left)]
    assert place[0] + place[1] == pytest.approx(100)
    assert place[0] == pytest.approx(72)
    assert right["edge"] == left["edge"] == "0.10"
