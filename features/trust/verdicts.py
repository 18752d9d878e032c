"""The verdict on a book's tables: what left its own history, in sentences that say since when and the way out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from features.sources.problems import Problem
from features.trust.bands import Bands, learn, sees
from features.trust.limits import TrustLimits
from features.trust.measures import MEASURES
from features.trust.moves import Move, moves
from features.trust.panel import Bools, Panel, counted, weeks_until
from features.trust.sentences import Deviation, sentence

ORDER = ("total", "last", "rows", "unknown", "part", "filled", "empty", "users", "late", "weekend", "hour", "middle")
"""Which deviation of a table is told first: the cause before what follows from it."""


HALF = 0.5


@dataclass(frozen=True)
class Examination:
    """Every series of a profile with its limits, up to one as-of date."""

    weeks: pd.DatetimeIndex
    panel: Panel
    bands: Mapping[int, Bands]
    moves: tuple[Move, ...]
    limits: TrustLimits


def examine(profile: pd.DataFrame, as_of: date, limits: TrustLimits) -> Examination:
    """Hold a profile against its own history; weeks after `as_of` are not looked at."""
    profile = profile[profile["week"] <= pd.Timestamp(as_of)]
    weeks = weeks_until(profile, as_of)
    panel = counted(profile, weeks)
    bands = learn(panel, limits)
    usual = {table: bands[1].expected[i] for i, (table, measure, _) in enumerate(panel.names) if measure == "rows"}
    return Examination(weeks, panel, bands, tuple(moves(profile, weeks, limits, usual)), limits)


def judge(profile: pd.DataFrame, as_of: date, limits: TrustLimits) -> list[Problem]:
    """Return what is wrong with the weeks just before an as-of date; an error stops the run."""
    return verdict(examine(profile, as_of, limits))


def verdict(made: Examination) -> list[Problem]:
    """Return the problems of an examination's last weeks, a table's cause before its consequences."""
    found = sorted(_deviations(made), key=lambda each: (each.table, ORDER.index(each.measure), each.key))
    told: list[Deviation] = []
    for each in found:
        if not any(_explains(earlier, each) for earlier in told if earlier.table == each.table):
            told.append(each)
    return [sentence(each, severity="warning" if each.measure in made.limits.warn else "error") for each in told]


def sight(made: Examination) -> dict[str, int | None]:
    """Return per table within how many weeks the loss of half its rows would be seen; None when it would not."""
    seen: dict[str, int | None] = {}
    for i, (table, measure, _) in enumerate(made.panel.names):
        if measure == "rows" and len(made.weeks):
            seen[table] = next((each.span for each in made.bands.values() if sees(each, HALF)[i, -1]), None)
    return seen


def _deviations(made: Examination) -> Iterator[Deviation]:
    """Yield each series that was out in one of the weeks looked at, by its shortest span."""
    for i, (table, measure, key) in enumerate(made.panel.names):
        for bands in made.bands.values():
            week = _latest(bands.out[i], made.limits.look_back)
            if week is not None:
                figures = (bands.found[i, week], bands.expected[i, week], bands.low[i, week], bands.high[i, week])
                base = float(made.panel.base[i, week])
                yield _deviation(made, table, measure, key, bands.span, bands.out[i], week, figures, base)
                break
    for move in made.moves:
        week = _latest(move.out, made.limits.look_back)
        if week is not None:
            figures = (move.found[week], move.expected[week], move.low[week], move.high[week])
            yield _deviation(made, move.table, move.measure, move.key, 1, move.out, week, figures, 1.0)


def _deviation(
    made: Examination,
    table: str,
    measure: str,
    key: str,
    span: int,
    out: Bools,
    week: int,
    figures: tuple[float, float, float, float],
    base: float,
) -> Deviation:
    days = [stamp.date() for stamp in made.weeks[[_since(out, week), week]]]
    found, expected, low, high = (float(figure) for figure in figures)
    share = MEASURES[measure].share
    return Deviation(table, measure, key, span, days[0], days[1], found, expected, low, high, base if share else 1.0)


def _latest(out: Bools, look_back: int) -> int | None:
    """Return the last week that is out among those looked at."""
    places = np.nonzero(out[-look_back:])[0]
    return int(places[-1]) + max(0, len(out) - look_back) if len(places) else None


def _since(out: Bools, week: int) -> int:
    """Return the first of the weeks in a row that are out."""
    while week > 0 and out[week - 1]:
        week -= 1
    return week


def _explains(cause: Deviation, other: Deviation) -> bool:
    """Say whether one deviation of a table is told well enough by another."""
    if cause.measure == "last":
        return True
    if cause.measure == "rows":
        return other.measure == "users" and cause.falls == other.falls
    return {cause.measure, other.measure} == {"filled", "empty"} and cause.key == other.key
