"""What a table's own history leads one to expect of a week, and between which limits.

Every limit of a week is made of the weeks before it only, so the limits of a past week never change. The statistic and
what it costs in false stops stand in docs/decisions/0007-table-trust.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.trust.limits import TrustLimits
from features.trust.panel import Bools, Floats, Panel

Ints = NDArray[np.int64]
WINDOWS: Mapping[int, int] = {1: 8, 5: 4, 13: 2}
"""Weeks that are judged together, and how many such spans before them make the level."""
MEMORY = 26
"""Weeks after which a change that nobody accepted becomes the level, so that old history never stops a new user."""
YEAR = 52
PRIOR_WEEKS, PRIOR_SHARE = 8, 0.2
"""A young series counts as moving by a fifth a week, with the weight of eight weeks of its own."""
RARE = 0.5
"""What is expected of a count that was always zero: a first row is no fault."""
YOUNG = 26
"""Weeks of its own before too many rows of a series can be told from its growth."""
FEW = 8
"""A lower limit below so many rows is none: one busy user of a rare product feature who is away."""
QUIET_SHARE = 0.25
"""What a quiet week may hold of a usual one when no earlier year shows it."""


@dataclass(frozen=True)
class Bands:
    """Per series and week: what was found over `span` weeks, what was expected and the limits; NaN where unjudged."""

    span: int
    found: Floats
    expected: Floats
    low: Floats
    high: Floats
    out: Bools


def learn(panel: Panel, limits: TrustLimits) -> dict[int, Bands]:
    """Return the bands of every span; a longer span is judged only where no shorter one would see a halving."""
    made: dict[int, Bands] = {}
    blind = np.ones(panel.found.shape, dtype=np.bool_)
    left = np.array([[measure.left] for measure in panel.measures()]).reshape(-1, 1)
    for span in WINDOWS:
        bands = _Learner(panel, span, limits).learn()
        made[span] = bands if span == 1 else _only_where(bands, blind)
        blind &= ~sees(bands, left)
    return made


def sees(bands: Bands, left: Floats | float) -> Bools:
    """Say whether a span would see that only this share of what is expected is left, chance (two sigma) included."""
    remainder = left * bands.expected
    seen: Bools = (bands.low > 0) & (bands.low >= remainder + 2 * np.sqrt(remainder))
    return seen


def quiet_weeks(weeks: pd.DatetimeIndex, limits: TrustLimits) -> Floats:
    """Return 1 for the weeks that hold a day of a quiet period, else 0."""
    days = weeks.to_numpy()[:, None] - np.arange(1, 8).astype("timedelta64[D]")[None, :]
    of_year = pd.DatetimeIndex(days.ravel()).strftime("%m-%d").to_numpy().reshape(days.shape)
    found = np.zeros(len(weeks), dtype=np.bool_)
    for period in limits.quiet:
        first, last = period.split("/")
        after, before = of_year >= first, of_year <= last
        found |= ((after & before) if first <= last else (after | before)).any(axis=1)
    return found.astype(np.float64)


def _change(panel: Panel, limits: TrustLimits) -> Floats:
    """Return, as a column, the factor by which a series must change to be wrong."""
    return np.array([[measure.change or limits.change] for measure in panel.measures()]).reshape(-1, 1)


def _only_where(bands: Bands, blind: Bools) -> Bands:
    expected, low, high = (np.where(blind, values, np.nan) for values in (bands.expected, bands.low, bands.high))
    return Bands(bands.span, bands.found, expected, low, high, bands.out & blind)


class _Learner:
    """One pass over the weeks, oldest first: each week's band from the weeks before it."""

    def __init__(self, panel: Panel, span: int, limits: TrustLimits) -> None:
        self.span, self.limits, self.spans = span, limits, WINDOWS[span]
        self.found, self.base = (_sums(values, span) for values in (panel.found, panel.base))
        self.accepted, self.begins = _accepted(panel, limits)
        if span > 1:
            inside = np.arange(panel.found.shape[1])[None, :] - span + 1 >= self.begins
            self.found = np.where(inside, self.found, np.nan)
        if span > 1:
            self.found = np.where(_sums(self.accepted.astype(float), span) > 0, np.nan, self.found)
        self.quiet = np.nan_to_num(_sums(quiet_weeks(panel.weeks, limits)[None, :], span)[0]) / span
        self.days = panel.weeks.day.to_numpy()
        self.falls, self.rises = panel.flag("falls"), panel.flag("rises")
        self.change = _change(panel, limits)[:, 0]
        self.least = np.array([[measure.least] for measure in panel.measures()]).reshape(-1, 1)
        shape = self.found.shape
        self.out = np.zeros(shape, dtype=np.bool_)
        self.expected, self.low, self.high, self.ratio, self.unusual = (np.full(shape, np.nan) for _ in range(5))

    def learn(self) -> Bands:
        """Go through the weeks."""
        for week in range(self.found.shape[1]):
            self._week(week)
        return Bands(self.span, self.found, self.expected, self.low, self.high, self.out)

    def _week(self, week: int) -> None:
        found, base = self.found[:, week], self.base[:, week]
        level = self._level(week) * base
        least, most = self._season(week, level)
        expected = np.clip(found, level * least, level * most)
        spread = self._spread(week, level)
        low = level * least * _gamma(-self.limits.deviations, level * least / spread)
        most_likely = np.maximum(level * most, RARE)
        high = most_likely * _gamma(self.limits.deviations, most_likely / spread)
        low = np.minimum(low, level * least / self.change)
        high = np.maximum(np.maximum(high, level * most * self.change), level * most + self.least[:, 0] * base)
        # A long span of a short history is no better than a rare part.
        grown = self._age(week) >= YOUNG + 3 * self.span
        low = np.where(self.falls[:, 0] & (low >= FEW) & (grown | (self.span == 1)), low, 0.0)
        high = np.where(self.rises[:, 0] & grown, high, np.inf)
        self.expected[:, week] = level
        self.low[:, week], self.high[:, week] = low, high
        self.out[:, week] = ((found < low) | (found > high)) & ~self.accepted[:, week]
        self.ratio[:, week] = np.log((found + 0.5) / (level + 0.5))
        # A quiet week of the first year says nothing about how regular the series is.
        known = (self.quiet[week] == 0) | (week >= YEAR + 8)
        self.unusual[:, week] = 2 * (np.sqrt(found) - np.sqrt(expected)) if known else np.nan

    def _age(self, week: int) -> Ints:
        """Return how many weeks before this one the series has been learnt from."""
        age: Ints = (~np.isnan(self.base[:, :week]) & (np.arange(week) >= self.begins[:, [week]])).sum(axis=1)
        return age

    def _level(self, week: int) -> Floats:
        """Return the median share (or count) of the last spans before a week that were not out themselves."""
        ends = np.arange(week - self.span, -1, -self.span)[: MEMORY if self.span == 1 else self.spans]
        found, base = self.found[:, ends], self.base[:, ends]
        good = ~np.isnan(found) & (base > 0) & (ends - self.span + 1 >= self.begins[:, [week]])
        usual = good & ~self.out[:, ends] if self.span == 1 else good
        few = usual.sum(axis=1, keepdims=True) < self.spans / 2
        usual = np.where(few, good, usual)
        usual &= np.cumsum(usual, axis=1) <= self.spans
        shares = np.where(usual, found / np.where(good, base, 1.0), np.nan)
        enough = self.spans // 2 if self.span == 1 else max(2, self.spans - 1)
        return np.where(usual.sum(axis=1) >= enough, _quantile(shares, 0.5), np.nan)

    def _season(self, week: int, level: Floats) -> tuple[Floats, Floats]:
        """Return the least and the most that the season makes of the level: as usual, or as it was a year ago."""
        ratios = np.where(self.out, np.nan, self.ratio)
        year = ratios[:, max(0, week - YEAR - 1) : max(0, week - YEAR + 2)]
        # Bills and terms come by the month: a span may hold one first of a month or two.
        month = ratios[
            :, [each for each in range(max(0, week - YEAR), week - self.span + 1) if self._same_days(each, week)]
        ]
        quiet = np.log(1 - (1 - QUIET_SHARE) * self.quiet[week])
        lower = np.concatenate([year, month], axis=1) if self.span > 1 else year
        least = np.fmin(_extreme(lower, np.fmin), 0.0)
        known = (~np.isnan(year)).sum(axis=1) == 3
        least = np.where(known, least, np.minimum(least, quiet))
        most = np.fmax(_extreme(np.concatenate([year, month], axis=1), np.fmax), 0.0)
        return np.exp(least), np.exp(most)

    def _same_days(self, place: int, week: int) -> bool:
        """Say whether two weeks end on about the same day of the month."""
        apart = abs(int(self.days[place]) - int(self.days[week]))
        return min(apart, 30 - apart) <= 4

    def _spread(self, week: int, level: Floats) -> Floats:
        """Return variance over mean: 1 for pure chance (Poisson), more where the series moves by itself."""
        # Spans that share a week with this one would take its own fault for a habit.
        past = np.arange(max(0, week - YEAR - self.span + 1), max(0, week - self.span + 1))
        learnt = past - self.span + 1 >= self.begins[:, [week]]
        moves = np.where(learnt, np.abs(self.unusual[:, past]), np.nan)
        # Weeks of a longer span overlap, so they are worth less than they count.
        count = (~np.isnan(moves)).sum(axis=1) / np.sqrt(self.span)
        own = np.fmax(_quantile(moves, 0.5) * 1.4826, _quantile(moves, 0.9) / 1.645) ** 2
        usual = _quantile(self.expected[:, past], 0.5)
        own = np.nan_to_num(own * np.fmax(level / np.fmax(usual, 1.0), 1.0))
        young = 1 + PRIOR_SHARE**2 * level / self.span
        spread: Floats = (count * own + PRIOR_WEEKS * young) / (count + PRIOR_WEEKS)
        return np.fmax(spread, np.ones_like(spread))


def _gamma(deviations: float, shape: Floats) -> Floats:
    """Return the quantile of a gamma distribution of mean 1 (Wilson and Hilferty 1931), never below 0."""
    shape = np.maximum(shape, 1e-9)
    root: Floats = 1 - 1 / (9 * shape) + deviations / (3 * np.sqrt(shape))
    return np.maximum(root, 0.0) ** 3


def _sums(values: Floats, span: int) -> Floats:
    """Return the sums over the last `span` weeks, NaN where one of them is."""
    if span == 1:
        return values.astype(np.float64)
    sums = np.full(values.shape, np.nan)
    if values.shape[1] >= span:
        sums[:, span - 1 :] = np.lib.stride_tricks.sliding_window_view(values, span, axis=1).sum(axis=2)
    return sums


def _extreme(values: Floats, pick: np.ufunc) -> Floats:
    """Return the least or the greatest of every row, NaN where it has none."""
    found: Floats = pick.reduce(values, axis=1, initial=np.nan)
    return found


def _quantile(values: Floats, share: float) -> Floats:
    """Return a quantile of every row without its NaNs, NaN for a row that has nothing else."""
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    ordered = np.sort(values, axis=1)
    place = np.maximum((~np.isnan(ordered)).sum(axis=1) - 1, 0) * share
    below = place.astype(np.int64)
    row = np.arange(len(values))
    low, high = ordered[row, below], ordered[row, np.ceil(place).astype(np.int64)]
    made: Floats = low + (high - low) * (place - below)
    return made


def _accepted(panel: Panel, limits: TrustLimits) -> tuple[Bools, Ints]:
    """Return, series × weeks, whether a week is accepted as it is, and from which week on the series is learnt."""
    accepted = np.zeros(panel.found.shape, dtype=np.bool_)
    begins = np.zeros(panel.found.shape, dtype=np.int64)
    days = panel.weeks.to_numpy().astype("datetime64[D]")
    for change in limits.accept:
        # `filled` and `empty` are two sides of one measure.
        rows = [
            i
            for i, (table, measure, key) in enumerate(panel.names)
            if change.covers(table, measure, key) or (measure == "filled" and change.covers(table, "empty", key))
        ]
        from_then = days >= np.datetime64(change.since)
        if change.until:
            accepted[rows] |= from_then & (days <= np.datetime64(change.until))
        elif from_then.any():
            begins[rows] = np.maximum(begins[rows], np.where(from_then, int(from_then.argmax()), 0))
    return accepted, begins
