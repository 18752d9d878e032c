"""Why an account has its risk: the steps from the base to it, and the facts behind each reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import isfinite
from typing import TYPE_CHECKING

from markupsafe import Markup

from serving.acting.plays import play_for
from serving.formats import MINUS, day, percent, plain, points, quantity
from serving.web.svg import spread, step_bar, trend, two_bars

if TYPE_CHECKING:
    from serving.explanation import Explanation
    from serving.list_row import PublishedReason
    from serving.scoring import ScoredFeature
    from serving.web.account_found import FoundAccount
    from serving.web.account_peers import PeerNumbers, Quartiles

PAIRS = {
    ("recent", "baseline"): ("Lately", "Compared with"),
    ("recent", "before"): ("Lately", "Before"),
    ("users", "before"): ("Lately", "Before"),
    ("own", "median"): ("This account", "Segment’s median"),
    ("now", "then"): ("Now", "A year ago"),
}
"""Facts that are compared with each other, and what they are called; lengths of time are in the sentence above."""
SAME_UNIT = frozenset({("own", "median"), ("now", "then")})
IN_WORDS = 3
SMALL = 0.0005
"""Contributions below are not named in words."""


@dataclass(frozen=True, slots=True)
class Step:
    """One driver's step; `exact` is the contribution as a probability, `value` in points."""

    driver: str
    exact: float
    value: str
    tone: str
    bar: Markup


@dataclass(frozen=True)
class Waterfall:
    """The steps from the base to the account's risk; base and all `exact` add up to `risk`."""

    title: str
    base: float
    risk: float
    steps: tuple[Step, ...]
    base_bar: Markup
    risk_bar: Markup
    words: str


@dataclass(frozen=True, slots=True)
class Behind:
    """The facts behind one reason; pictures are empty where there is nothing to compare with."""

    driver: str
    driver_name: str
    """The driver exactly as the list has it."""
    title: str
    text: str
    share: str
    value: str
    pair: tuple[tuple[str, str], tuple[str, str]] | None
    pair_bars: Markup | str
    peers: str
    peer_picture: Markup | str
    earlier: str
    trend: Markup | str
    play: str
    """What to do about the driver, with its first reason only."""


def waterfalls(found: FoundAccount, explained: Explanation) -> tuple[Waterfall, Waterfall]:
    """Return the steps to the risk within 90 days and to that in days 61 to 90."""
    drivers = explained.by_driver()
    row = found.row
    assert row is not None  # noqa: S101  only a scored account is explained
    near = [(driver, share) for driver, share, _ in drivers]
    window = sorted(((driver, share) for driver, _, share in drivers), key=lambda each: (-abs(each[1]), each[0]))
    return (
        _waterfall("within 90 days", found.published.base_90, row.risk_90, near),
        _waterfall("in days 61 to 90", found.published.base_60_90, row.risk_60_90, window),
    )


def behind(
    found: FoundAccount,
    explained: Explanation,
    peers: PeerNumbers,
    earlier: Sequence[tuple[date, Mapping[str, float]]],
    plays: Mapping[str, str],
) -> list[Behind]:
    """Return the facts behind each reason of a scored account, in the order of the reasons."""
    place = {feature.name: at for at, feature in enumerate(explained.features)}
    known = [reason for reason in (found.row.reasons if found.row else ()) if reason.feature in place]
    first = {reason.driver: reason.feature for reason in reversed(known)}
    return [
        replace(
            _behind(found, explained, place[reason.feature], reason, peers, earlier),
            play=(play_for(reason.driver, plays) or "") if first[reason.driver] == reason.feature else "",
        )
        for reason in known
    ]


def value_of(feature: ScoredFeature, value: float | None, currency: str) -> str:
    """Return a feature's value with its unit."""
    if feature.unit == "yes or no" and value is not None and isfinite(value):
        return "yes" if value > 0 else "no"
    return quantity(value, feature.unit, currency)


def _waterfall(title: str, base: float, risk: float, shares: Sequence[tuple[str, float]]) -> Waterfall:
    levels = [base]
    for _, share in shares:
        levels.append(levels[-1] + share)
    low, high = min(0.0, *levels, risk), max(*levels, risk)
    steps = tuple(
        Step(
            plain(driver), share, points(share), "raises" if share >= 0 else "lowers",
            step_bar(levels[at], levels[at + 1], low, high, "raises" if share >= 0 else "lowers"),
        )
        for at, (driver, share) in enumerate(shares)
    )  # fmt: skip
    return Waterfall(
        title, base, risk, steps, step_bar(0.0, base, low, high, "fill-muted"),
        step_bar(0.0, risk, low, high, "fill-accent"), _words(title, base, risk, shares),
    )  # fmt: skip


def _words(title: str, base: float, risk: float, shares: Sequence[tuple[str, float]]) -> str:
    more = [f"{plain(driver)} {points(share)}" for driver, share in shares if share >= SMALL][:IN_WORDS]
    less = [f"{plain(driver)} {points(share)}" for driver, share in shares if share <= -SMALL][:IN_WORDS]
    said = f"The model starts every account at {percent(base)} {title}"
    if more:
        said += f"; most is added by {_listed(more)} percentage points"
    if less:
        said += f"{', and' if more else ';'} most is taken off by {_listed(less)} percentage points"
    return f"{said}. All drivers together lead to {percent(risk)}."


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _behind(
    found: FoundAccount,
    explained: Explanation,
    at: int,
    reason: PublishedReason,
    peers: PeerNumbers,
    earlier: Sequence[tuple[date, Mapping[str, float]]],
) -> Behind:
    feature, currency = explained.features[at], found.published.settings.currency
    value = explained.values[at] if isfinite(explained.values[at]) else None
    said = value_of(feature, value, currency)
    pair = _pair(feature, explained.facts.get(feature.name, {}), currency)
    quartiles = peers.quartiles.get(feature.name)
    around = _around(feature, quartiles, peers, found, currency)
    before = [
        (week, values[feature.name]) for week, values in earlier if isfinite(values.get(feature.name, float("nan")))
    ]
    series = [number for _, number in before] + ([] if value is None else [value])
    over = _over(feature, before, currency) if value is not None else ""
    title = plain(feature.title)
    return Behind(
        driver=plain(reason.driver),
        driver_name=reason.driver,
        title=title,
        text=plain(reason.text),
        share=points(reason.contribution),
        value=said,
        pair=None if pair is None else pair[0],
        pair_bars="" if pair is None else pair[1],
        peers=around,
        peer_picture="" if quartiles is None else spread(value, quartiles, f"{title}: {said}; {around}"),
        earlier=over,
        trend=trend(series, f"{title} over {len(series)} lists: {over}; now {said}") if over else "",
        play="",
    )


def _pair(
    feature: ScoredFeature, facts: Mapping[str, float], currency: str
) -> tuple[tuple[tuple[str, str], tuple[str, str]], Markup] | None:
    for names, titles in PAIRS.items():
        first, second = (facts.get(name, float("nan")) for name in names)
        if isfinite(first) and isfinite(second):
            unit = feature.unit if names in SAME_UNIT else ""
            said = [quantity(number, unit, currency) if unit else _number(number) for number in (first, second)]
            bars = two_bars(first, second) if first >= 0 and second >= 0 else Markup("")
            return ((titles[0], said[0]), (titles[1], said[1])), bars
    return None


def _number(value: float) -> str:
    text = f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:,.1f}"
    return text.replace("-", MINUS)


def _around(
    feature: ScoredFeature, quartiles: Quartiles | None, peers: PeerNumbers, found: FoundAccount, currency: str
) -> str:
    whom = f"{plain(found.segment)} accounts" if found.segment else "accounts without a segment"
    if quartiles is None:
        return f"too few of the {peers.accounts:,} {whom} have this number to compare with"
    low, median, high = (value_of(feature, edge, currency) for edge in quartiles)
    if low == high:
        return f"{median} for the middle half of {peers.accounts:,} {whom}"
    return f"{low} to {high} for the middle half of {peers.accounts:,} {whom}, median {median}"


def _over(feature: ScoredFeature, before: Sequence[tuple[date, float]], currency: str) -> str:
    if not before:
        return ""
    week, first = before[0]
    return f"{value_of(feature, first, currency)} on {day(week)}"
