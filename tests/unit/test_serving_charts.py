"""Pictures that carry no colour, font or id of their own into the page."""

import re

import pytest

from serving import charts

BANDS = {"High": 0.3, "Medium": 0.12}
RISKS = {"High": [0.4, 0.9], "Medium": [0.2], "Low": [0.01] * 700}
POINTS = [{"risk": risk, "churned": risk, "rows": 100} for risk in (0.001, 0.02, 0.4)]
CURVES = [charts.Curve(f"model {n}", [(0, 0), (0.5, 0.9), (1, 1)]) for n in range(7)]
BANDS_OF = [
    charts.Band(f"model {n}", [(0, 0.9, 0.8, 0.95), (90, 0.4, None, None), (180, 0.2, 0.1, 0.3)]) for n in range(7)
]


def pictures(title: str) -> list[str]:
    return [
        charts.distribution(RISKS, BANDS, "Risk", title),
        charts.calibration(POINTS, title),
        charts.gains(CURVES, title),
        charts.lead_time(BANDS_OF, 60, title),
    ]


def test_every_colour_comes_from_the_page() -> None:
    for svg in pictures("A picture"):
        assert "var(--chart-" in svg
        assert not re.findall(r"#[0-9a-f]{6}\b", svg)
        assert not re.search(r"<style|<metadata|font-family|https?:", svg)


def test_the_same_picture_is_the_same_text_and_ids_stay_apart_between_pictures() -> None:
    assert pictures("One") == pictures("One")
    one, two = (set(re.findall(r' id="([^"]+)"', "".join(pictures(title)))) for title in ("One", "Two"))
    assert one
    assert not one & two


def test_a_picture_is_named_and_its_name_is_escaped() -> None:
    assert 'aria-label="a &lt;b&gt; &quot;c&quot;"' in charts.sparkline([0.1, 0.2], 'a <b> "c"')


@pytest.mark.parametrize("risks", [[], [0.3]])
def test_less_than_two_weeks_draw_no_line(risks: list[float]) -> None:
    assert charts.sparkline(risks, "x") == ""


def test_every_line_is_named_beside_its_picture() -> None:
    picture = charts.gains([charts.Curve("a <b>", [(0, 0), (1, 1)]), *CURVES], "x")
    assert "a &lt;b&gt;</li>" in picture
    assert picture.count("<li>") == 8


def test_no_two_lines_of_a_picture_look_alike() -> None:
    assert len({charts._look(place) for place in range(13)}) == 13


def test_degenerate_numbers_still_draw() -> None:
    nothing = [{"risk": 0.0, "churned": 0.0, "rows": 5}]
    assert charts.calibration(nothing, "x").strip().endswith("</svg>")
    assert "<svg" in charts.lead_time([charts.Band("x", [])], 60, "x")
    assert "<svg" in charts.distribution({"High": [], "Low": [0.0, 1.0]}, {"High": 0.5}, "Risk", "x")
