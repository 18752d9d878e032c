"""The report of the week: whole, safe, self-contained, in plain words."""

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from sqlalchemy import Engine

from serving.publish import publish
from serving.week_page import render_week

ATTACK = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'"
LOADING = ("src", "srcset", "href", "xlink:href", "action", "data")
VOID = {"meta", "link", "img", "br", "input", "circle", "path", "polyline", "use", "line", "rect"}


class Page(HTMLParser):
    """What a browser would load and show."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag and what it would load."""
        self.tags.append(tag)
        self.links += [
            value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "action", "srcset")
        ]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Leave the tag."""
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep what a reader sees."""
        if not {"script", "style"} & set(self.open):
            self.text.append(data)

    @property
    def words(self) -> str:
        """All text in one line."""
        return " ".join(" ".join(self.text).split())


Render = Callable[..., Page]


@pytest.fixture
def page(database: Engine, at: Any, reports: Any) -> Render:
    """Publish lists and give the page of the last."""

    def render(*lists: Any, simulated: bool = True, with_reports: bool = True) -> Page:
        for each in lists:
            publish(database, each, at=at, by="tests", simulated=simulated, run_id="r1")
        given = {"backtest": reports["backtest_report"](), "check": reports["check_report"]()} if with_reports else {}
        return Page(render_week(database, **given))

    return render


def test_the_page_asks_nobody_for_anything(page: Render, scored: Any) -> None:
    made = page(scored)
    assert made.links
    assert not [link for link in made.links if not link.startswith("#")]
    assert not {"link", "iframe", "object", "base"} & set(made.tags)


def test_the_style_imports_and_loads_nothing(database: Engine, scored: Any, at: Any) -> None:
    publish(database, scored, at=at, by="tests")
    style = re.findall(r"<style>(.*?)</style>", render_week(database), re.DOTALL)
    assert len(style) == 1
    assert not re.search(r"@import|@font-face|https?:|url\((?!#)", style[0])


def test_names_are_text_wherever_they_stand(page: Render, scored: Any) -> None:
    clean = page(scored)
    attacked = replace(scored, as_of=scored.as_of.replace(day=14))
    attacked.rows[["name", "owner", "segment", "plan"]] = ATTACK
    attacked.reasons[["driver", "text"]] = ATTACK
    attacked.not_scored[["name", "why"]] = ATTACK
    made = page(replace(attacked, features=tuple(replace(f, title=ATTACK, says=ATTACK) for f in scored.features)))
    assert ATTACK in made.words
    assert (made.tags.count("script"), made.tags.count("img"), made.handlers) == (clean.tags.count("script"), 0, [])


def test_both_themes_define_every_colour_that_is_used(database: Engine, scored: Any, at: Any, reports: Any) -> None:
    publish(database, scored, at=at, by="tests")
    html = render_week(database, backtest=reports["backtest_report"]())
    light, _, rest = html.partition("@media (prefers-color-scheme: dark)")
    dark = rest.partition("}\n}")[0]
    used = set(re.findall(r"var\((--[\w-]+)\)", html))
    assert {"--text", "--chart-accent", "--chart-high"} <= used
    assert used <= set(re.findall(r"(--[\w-]+):", light))
    assert used - {"--font", "--mono"} <= set(re.findall(r"(--[\w-]+):", dark))
    assert not re.findall(r"(?:fill|stroke): #", html), "a picture keeps its own colour in both themes"


def test_it_reads_in_plain_words(page: Render, scored: Any) -> None:
    words = page(scored).words
    for code in ("login_drop", "risk_90", "arr_at_risk", "renewal_calendar", "not_scored", "NaN", "None", "nan"):
        assert code not in words
    for said in ("Account 0042", "High", "Renewal calendar alone", "€", "days left", "3,104,221", "Simulated"):
        assert said in words


def test_the_headline_counts_what_is_new_in_the_highest_band(page: Render, scored: Any, week: Any) -> None:
    high = scored.rows.index[scored.rows["band"] == "High"]
    scored.rows["previous_band"] = "High"
    scored.rows.loc[high[0], "previous_band"] = "Medium"
    scored.rows["change"] = 0.01
    words = page(replace(scored, previous_as_of=scored.as_of - week, previous_model="older")).words
    assert f"{len(high)} of 60 accounts are in the band High, 1 of them newly since 31 Aug 2026." in words
    assert "The model is a new one since 31 Aug 2026" in words


def test_a_first_list_without_reports_says_what_is_not_there(page: Render, scored: Any) -> None:
    words = page(scored, with_reports=False, simulated=False).words
    for said in ("this is the first list", "No backtest was run with this list", "No check report came with this list"):
        assert said in words
    assert "imulated" not in words


def test_an_empty_list_still_makes_a_page(page: Render, scored: Any) -> None:
    frames = ("rows", "reasons", "values", "facts", "contributions_90", "contributions_60_90")
    words = page(replace(scored, **{name: getattr(scored, name).iloc[:0] for name in frames})).words
    assert "No account could be scored this week." in words
    assert "notice was given" in words


def test_small_numbers_and_chance_results_are_said_to_be_so(
    database: Engine, scored: Any, at: Any, reports: Any
) -> None:
    publish(database, scored, at=at, by="tests")
    made = reports["backtest_report"]
    weak = Page(render_week(database, backtest=made(skill=0.6, churns=2))).words
    assert "only 12 of the tested rows churned" in weak
    assert "not enough evidence that this model ranks accounts better than guessing" in weak
    assert "ranked no better than Logistic regression" in weak
    assert "small numbers" not in Page(render_week(database, backtest=made())).words


def test_the_capacity_line_stands_after_the_last_account_that_fits(database: Engine, scored: Any, at: Any) -> None:
    settings = scored.settings.model_copy(update={"capacity": 7})
    publish(database, replace(scored, settings=settings), at=at, by="tests")
    html = render_week(database)
    before, _, after = html.partition('<tbody class="capacity">')
    assert (before.count('<tbody class="account'), after.count('<tbody class="account')) == (7, 53)
    assert "Capacity: 7 accounts a week" in after


def test_long_lists_are_cut_on_the_page_and_say_so(database: Engine, scored: Any, at: Any) -> None:
    publish(database, scored, at=at, by="tests")
    html = render_week(database, detailed=10)
    assert html.count('<tbody class="account') == 10
    assert "The first 10 of 60 accounts" in Page(html).words


def test_the_same_list_gives_the_same_page(database: Engine, scored: Any, at: Any, reports: Any) -> None:
    publish(database, scored, at=at, by="tests")
    once, again = (render_week(database, backtest=reports["backtest_report"]()) for _ in range(2))
    assert once == again
