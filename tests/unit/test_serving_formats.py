"""Numbers, money and dates as people read them."""

from datetime import date

import pytest

from serving import formats


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (float("nan"), "–"), (0, "€0"), (999.4, "€999"), (12_345.5, "€12,346"), (-1200, "−€1,200")],
)
def test_money(value: float | None, text: str) -> None:
    assert formats.money(value, "€") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "$0"), (999, "$999"), (999.9, "$1.00 k"), (99_960, "$100 k"), (1_234_567, "$1.23 M"), (2.5e9, "$2.50 bn")],
)
def test_short_money(value: float, text: str) -> None:
    assert formats.short_money(value, "$") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0%"),
        (0.0001, "<0.1%"),
        (-0.0002, ">−0.1%"),
        (-0.02, "−2.0%"),
        (0.0421, "4.2%"),
        (0.0999, "10%"),
        (0.314, "31%"),
        (0.999, ">99%"),
        (1, "100%"),
    ],
)
def test_percent_is_never_a_bare_zero_or_hundred_for_what_is_not(value: float, text: str) -> None:
    assert formats.percent(value) == text


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (0.0421, "+4.2"), (-0.031, "−3.1"), (0.0001, "±0.0")])
def test_points(value: float | None, text: str) -> None:
    assert formats.points(value) == text


@pytest.mark.parametrize(
    ("days", "text"), [(0, "today"), (1, "1 day left"), (23, "23 days left"), (-4, "passed 4 days ago")]
)
def test_days_left(days: int, text: str) -> None:
    assert formats.days_left(date.fromordinal(740_000 + days), date.fromordinal(740_000)) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0.24, 0.391, "24–39%"), (0.0002, 0.021, "<0.1–2.1%"), (0, 1, "0–100%"), (None, 0.3, ""), (0.1, float("nan"), "")],
)
def test_an_interval_has_both_edges_or_none(low: float | None, high: float | None, text: str) -> None:
    assert formats.between(low, high) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("contraction_90", "contraction within 90 days"),
        ("seat_cut_60_90", "seat cut in days 61 to 90"),
        ("notice_30", "notice within 30 days"),
    ],
)
def test_a_separate_outcome_is_named_with_its_window(name: str, text: str) -> None:
    assert formats.outcome_window(name) == text


def test_dates_are_the_same_in_every_locale() -> None:
    assert (formats.day(date(2027, 1, 14)), formats.day(None)) == ("14 Jan 2027", "–")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.25, "share", "25%"),
        (-0.02, "share per week", "−2.0% per week"),
        (14, "days", "14 days"),
        (2.345, "tickets", "2.3 tickets"),
        (2528.4, "currency a year", "€2,528 a year"),
        (None, "days", "not known"),
    ],
)
def test_quantities_carry_their_unit(value: float | None, unit: str, text: str) -> None:
    assert formats.quantity(value, unit, "€") == text
