"""Numbers, money and dates as people read them; a missing value is a dash."""

import math
import unicodedata
from datetime import date

MISSING = "–"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MINUS = "−"


def day(value: date | None) -> str:
    """Return a date as 14 Jan 2027, in every locale alike."""
    return MISSING if value is None else f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def whole(value: float | None) -> str:
    """Return a rounded number with thousands separators."""
    return MISSING if _missing(value) else f"{_rounded(value):,}".replace("-", MINUS)


def money(value: float | None, currency: str) -> str:
    """Return an amount in whole units of its currency."""
    return MISSING if _missing(value) else _signed(whole(value), currency)


def short_money(value: float | None, currency: str) -> str:
    """Return an amount in thousands or millions, with three digits that matter."""
    if _missing(value):
        return MISSING
    for size, letter in ((1e9, " bn"), (1e6, " M"), (1e3, " k")):
        if abs(value or 0.0) >= size * 0.9995:
            scaled = abs(value or 0.0) / size
            places = 2 if scaled < 9.995 else 1 if scaled < 99.95 else 0
            text = f"{scaled:,.{places}f}{letter}"
            return _signed(text if (value or 0.0) >= 0 else MINUS + text, currency)
    return money(value, currency)


def percent(value: float | None) -> str:
    """Return a share as a percentage: whole from 10 % on, one decimal below, never a bare zero for what is not."""
    if value is None or _missing(value):
        return MISSING
    shown = abs(value) * 100
    if 0 < shown < 0.05:
        return "<0.1%" if value > 0 else f">{MINUS}0.1%"
    text = ">99%" if 99.5 <= shown < 100 else f"{shown:.{1 if 0 < shown < 9.95 else 0}f}%"
    return text if value >= 0 else MINUS + text


def between(low: float | None, high: float | None) -> str:
    """Return the two edges of an interval of shares, or nothing where one is missing."""
    return "" if _missing(low) or _missing(high) else f"{percent(low).removesuffix('%')}–{percent(high)}"


def outcome_window(name: str) -> str:
    """Return the name of a separate outcome's risk, such as contraction_60_90, in words."""
    kind, _, window = name.partition("_")
    while window and not window[0].isdigit():
        more, _, window = window.partition("_")
        kind += f" {more}"
    start, _, end = window.partition("_")
    return f"{kind} in days {int(start) + 1} to {end}" if end else f"{kind} within {start} days"


def points(value: float | None) -> str:
    """Return a difference of two probabilities in percentage points, signed."""
    if value is None or _missing(value):
        return MISSING
    shown = round(value * 100, 1)
    if shown == 0:
        return "±0.0"
    return f"{'+' if shown > 0 else MINUS}{abs(shown):.1f}"


def days_left(deadline: date | None, as_of: date) -> str:
    """Return how far a deadline is from the as-of date, in words."""
    if deadline is None:
        return ""
    days = (deadline - as_of).days
    if days == 0:
        return "today"
    return f"{_days(days)} left" if days > 0 else f"passed {_days(-days)} ago"


def quantity(value: float | None, unit: str, currency: str = "") -> str:
    """Return a feature's value with its unit; a share becomes a percentage, the unit `currency` the currency's sign."""
    if value is None or _missing(value):
        return "not known"
    kind, _, per = unit.partition(" ")
    if kind in ("share", "ratio"):
        return f"{percent(value)} {per}".strip()
    if kind == "currency":
        return f"{money(value, currency)} {per}".strip()
    text = f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:,.1f}"
    return f"{text.replace('-', MINUS)} {unit}".strip()


def plain(text: str) -> str:
    """Return text without control characters, which could rewrite a terminal or hide part of a name."""
    if text.isprintable():
        return text
    return "".join("�" if unicodedata.category(letter) in ("Cc", "Cf", "Cs") else letter for letter in text)


def _days(days: int) -> str:
    return f"{days:,} day{'' if days == 1 else 's'}"


def _signed(text: str, currency: str) -> str:
    return f"{MINUS}{currency}{text[1:]}" if text.startswith(MINUS) else f"{currency}{text}"


def _missing(value: float | None) -> bool:
    return value is None or math.isnan(value)


def _rounded(value: float | None) -> int:
    return math.floor((value or 0.0) + 0.5)
