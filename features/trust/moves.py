"""What is no count: a table's last row, its rows so far, the usual hour of its rows and the usual value of a number.

Each function returns series with what was found, expected and allowed in every week; limits come from earlier weeks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.trust.bands import quiet_weeks
from features.trust.limits import TrustLimits
from features.trust.panel import Bools, Floats, by_week

YEAR, HALF_YEAR = 52, 26
SILENCE = 14.0
"""A silence is no chance when so many rows were expected in it: e to the power of −14 is one in a million."""
SLACK_DAYS, LEAST_DAYS, YOUNG_DAYS, QUIET_DAYS = 2.0, 4.0, 10.0, 7.0
"""Days more than the longest silence so far; days that are never too long: ever, in a young table, at a quiet time."""
LEVEL = 8
"""Earlier weeks whose median is the level."""
HOURS = 1.75
"""A smaller shift of the usual hour is a change to summer time or of habit."""
VALUE_CHANGE, VALUE_ROWS = 6.0, 20
"""Factor by which a usual value must change, and rows that a week needs to have one."""


@dataclass(frozen=True)
class Move:
    """One series by week: what was found, what was expected, between which limits, and what is out."""

    table: str
    measure: str
    key: str
    found: Floats
    expected: Floats
    low: Floats
    high: Floats
    out: Bools


def moves(
    profile: pd.DataFrame, weeks: pd.DatetimeIndex, limits: TrustLimits, usual: Mapping[str, Floats]
) -> list[Move]:
    """Return every such series of a profile; `usual` holds the rows per week that each table's history expects."""
    made: list[Move] = []
    quiet = quiet_weeks(weeks, limits)
    for name, of_table in profile.groupby("table", sort=False):
        table = str(name)
        made.append(_shrinking(table, of_table, weeks, limits))
        if table in usual:
            made.append(_silence(table, of_table, weeks, usual[table], quiet))
        made += [_hours(table, key, values, limits) for key, values in _keyed(of_table, "hour", weeks)]
        rows = by_week(of_table, "rows", "", weeks)
        for key, values in _keyed(of_table, "middle", weeks):
            made.append(_values(table, key, np.where(rows >= VALUE_ROWS, values, np.nan), limits))
    return [_without_accepted(move, weeks, limits) for move in made]


def _keyed(of_table: pd.DataFrame, measure: str, weeks: pd.DatetimeIndex) -> Iterator[tuple[str, Floats]]:
    for key in of_table.loc[of_table["measure"] == measure, "key"].unique():
        yield str(key), by_week(of_table, measure, str(key), weeks)


def _silence(table: str, of_table: pd.DataFrame, weeks: pd.DatetimeIndex, usual: Floats, quiet: Floats) -> Move:
    """Days without a row at the end of a week: out when longer than ever in a year and more than chance."""
    last = by_week(of_table, "last", "", weeks)
    place = np.arange(len(weeks))
    latest = np.maximum.accumulate(np.where(np.isnan(last), -1, place))
    days = np.where(latest >= 0, last[latest] + 7 * (place - latest), np.nan)
    chance = SILENCE * 7 / np.where(usual > 0, usual, np.nan)
    allowed = np.full(len(weeks), np.inf)
    out = np.zeros(len(weeks), dtype=np.bool_)
    for week in range(1, len(weeks)):
        before = slice(max(0, week - YEAR), week)
        ordinary = days[before][~out[before] & ~np.isnan(days[before])]
        if len(ordinary) and not np.isnan(chance[week]):
            least = LEAST_DAYS if len(ordinary) >= YEAR - 1 else YOUNG_DAYS
            allowed[week] = max(ordinary.max() + SLACK_DAYS, least, chance[week]) + QUIET_DAYS * quiet[week]
            out[week] = days[week] > allowed[week]
    return Move(table, "last", "", days, np.full(len(weeks), np.nan), np.zeros(len(weeks)), allowed, out)


def _shrinking(table: str, of_table: pd.DataFrame, weeks: pd.DatetimeIndex, limits: TrustLimits) -> Move:
    """Rows so far: out when there are fewer than a week ago."""
    total = by_week(of_table, "total", "", weeks)
    before = np.concatenate([[np.nan], total[:-1]])
    low = before * (1 - limits.shrink_share) - 1
    return Move(table, "total", "", total, before, low, np.full(len(weeks), np.inf), total < low)


def _hours(table: str, key: str, values: Floats, limits: TrustLimits) -> Move:
    """The usual hour: out when it has moved along the clock by more than it ever does."""
    turns = values * np.pi / 12
    level = np.full(len(values), np.nan)
    for week in range(1, len(values)):
        past = turns[max(0, week - LEVEL) : week]
        past = past[~np.isnan(past)]
        if len(past) >= LEVEL // 2:
            level[week] = np.angle(np.median(np.cos(past)) + 1j * np.median(np.sin(past))) * 12 / np.pi % 24
    moved = (values - level + 12) % 24 - 12
    reach = np.maximum(_reach(moved, limits), HOURS)
    return Move(table, "hour", key, values, level, level - reach, level + reach, np.abs(moved) > reach)


def _values(table: str, key: str, values: Floats, limits: TrustLimits) -> Move:
    """The usual value of a number: out when it has changed by a factor that it never changes by."""
    level = np.full(len(values), np.nan)
    for week in range(1, len(values)):
        past = values[max(0, week - 2 * LEVEL) : week]
        past = past[~np.isnan(past)]
        if len(past) >= LEVEL // 2:
            level[week] = np.median(past)
    level = np.where(level > 0, level, np.nan)
    moved = np.log(np.maximum(values, 1e-12) / level)
    factor = np.exp(np.clip(_reach(moved, limits), np.log(VALUE_CHANGE), 500.0))
    low, high = level / factor, level * factor
    return Move(table, "middle", key, values, level, low, high, (values < low) | (values > high))


def _reach(moved: Floats, limits: TrustLimits) -> Floats:
    """Return how far a series moves by itself, from the year before each week; without one, infinitely far."""
    reach = np.full(len(moved), np.inf)
    for week in range(1, len(moved)):
        past = np.abs(moved[max(0, week - YEAR) : week])
        past = past[~np.isnan(past)]
        if len(past) >= HALF_YEAR:
            spread = max(1.4826 * float(np.median(past)), float(np.quantile(past, 0.9)) / 1.645)
            reach[week] = limits.deviations * spread
    return reach


def _without_accepted(move: Move, weeks: pd.DatetimeIndex, limits: TrustLimits) -> Move:
    """Take back what somebody accepted; a new level is judged again when the weeks before it are forgotten."""
    out = move.out.copy()
    days = weeks.to_numpy().astype("datetime64[D]")
    for change in limits.accept:
        if change.covers(move.table, move.measure, move.key):
            last = np.datetime64(change.until) if change.until else np.datetime64(change.since) + 7 * YEAR
            out &= ~((days >= np.datetime64(change.since)) & (days <= last))
    return Move(move.table, move.measure, move.key, move.found, move.expected, move.low, move.high, out)
