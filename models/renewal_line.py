"""The line beside the trees: where a contract ends inside an interval, half of the log-odds are a linear model's.

Few accounts leave, and nearly all of them when a contract ends. Trees must first find those rows and have few churns
left to learn signals from; a ridge regression of those rows alone, one for all intervals, spreads the little evidence
over many weak signals. The mean of both log-odds ranks better than either (docs/models.md has the figures). Being
linear, the line's share of each feature is exact.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from features.outcome import INTERVALS
from models.recalibration import fit_logistic, logistic, logit
from models.scaling import CLIP

RENEWAL = "days_to_renewal"
"""The feature that says in which interval a contract ends; without it there is no line."""
PENALTY = 1000.0
"""Inverse of scikit-learn's C: strong, as there are more weak signals than churned accounts."""
MOST_STRETCH = 1.5
"""So strong a penalty leaves the line timid where churns are few. Its log-odds are stretched by the slope that lines
of half of the accounts show on the other half, at least 1 and at most this."""
TOLERANCE = 1e-3
LEAST_CHURNS = 30
"""Fewest churned rows to fit the line on."""


@dataclass(frozen=True)
class RenewalLine:
    """log-odds = base + Σ over features; one number per feature in the model's order."""

    share: float
    """The line's share of the log-odds; the trees have the rest."""
    columns: tuple[str, ...]
    base: float
    fill: np.ndarray
    """What a missing value is taken for: the median."""
    centre: np.ndarray
    spread: np.ndarray
    weight: np.ndarray
    absent_centre: np.ndarray
    """Share of missing values among the rows it learnt from; the indicator's own spread and weight follow."""
    absent_spread: np.ndarray
    absent_weight: np.ndarray

    @classmethod
    def fit(cls, frame: pd.DataFrame, targets: Sequence[pd.Series], share: float) -> "RenewalLine | None":
        """Fit on the rows whose contract ends inside an interval and their target in it (1.0, 0.0, NaN: not used).

        None without the feature RENEWAL, with too few churned rows, or with no share.
        """
        if RENEWAL not in frame or share <= 0:
            return None
        ends = ends_inside(frame)
        happened = np.full(len(frame), np.nan)
        for inside, target in zip(ends.T, targets, strict=True):
            happened[inside] = target.to_numpy(dtype=float)[inside]
        used = ~np.isnan(happened)
        churns = int(happened[used].sum())
        if min(churns, int(used.sum()) - churns) < LEAST_CHURNS:
            return None
        inside, came = frame[used], happened[used]
        whole = cls._fitted(inside, came, share)
        return whole._stretched(_slope(inside, came, share), inside, came)

    @classmethod
    def _fitted(cls, frame: pd.DataFrame, happened: np.ndarray, share: float) -> "RenewalLine":
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        # One layout in memory, or the same rows would be added up in another order.
        values = np.ascontiguousarray(frame.to_numpy(dtype=float))
        absent = np.isnan(values)
        known = ~absent.all(axis=0)
        fill = np.zeros(values.shape[1])
        fill[known] = np.nanmedian(values[:, known], axis=0)
        filled = np.where(absent, fill, values)
        blank = cls(
            share, tuple(map(str, frame.columns)), 0.0, fill,
            filled.mean(axis=0), _spread(filled), np.zeros(len(fill)),
            absent.mean(axis=0), _spread(absent.astype(float)), np.zeros(len(fill)),
        )  # fmt: skip
        design = np.hstack(blank._scaled(values))
        # One thread: the same rows must give the same numbers, whatever the machine's number of cores.
        with threadpool_limits(1):
            model = LogisticRegression(C=1 / PENALTY, max_iter=500, tol=TOLERANCE).fit(design, happened)
        weight, absent_weight = np.split(model.coef_[0], 2)
        # Shares are told against a usual account whose contract ends: the mean row's scaled values.
        middle, absent_middle = np.split(design.mean(axis=0), 2)
        return cls(
            share, blank.columns, float(model.intercept_[0] + design.mean(axis=0) @ model.coef_[0]), fill,
            blank.centre + middle * blank.spread, blank.spread, weight,
            blank.absent_centre + absent_middle * blank.absent_spread, blank.absent_spread, absent_weight,
        )  # fmt: skip

    def odds(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the line's log-odds per row."""
        return np.asarray(self.base + self.shares(frame).sum(axis=1))

    def _stretched(self, slope: float, frame: pd.DataFrame, happened: np.ndarray) -> "RenewalLine":
        """Return the line stretched around a usual account, at the level that makes its mean what happened."""
        wide = replace(self, weight=slope * self.weight, absent_weight=slope * self.absent_weight, base=0.0)
        return replace(wide, base=_level(wide.odds(frame), happened))

    def shares(self, frame: pd.DataFrame) -> np.ndarray:
        """Return rows × features: what each feature adds to the line's base, in log-odds."""
        value, absent = self._scaled(np.ascontiguousarray(frame.to_numpy(dtype=float)))
        return np.asarray(value * self.weight + absent * self.absent_weight)

    def mixed(self, hazards: np.ndarray, frame: pd.DataFrame) -> np.ndarray:
        """Return the trees' hazards (rows × intervals), mixed with the line's where a contract ends inside."""
        ends = ends_inside(frame)
        here = ends.any(axis=1)
        if not here.any():
            return hazards
        line = np.zeros(len(frame))
        line[here] = self.odds(frame.iloc[np.flatnonzero(here)])
        together = (1 - self.share) * logit(hazards) + self.share * line[:, None]
        return np.where(ends, logistic(together), hazards)

    def mixed_shares(self, base: np.ndarray, values: np.ndarray, frame: pd.DataFrame) -> np.ndarray:
        """Return intervals × rows × features: the trees' shares of the log-odds, mixed likewise.

        The bases of trees and line differ; what an account gains by standing inside the interval is the share of
        RENEWAL, so that base + Σ shares stays the row's log-odds.
        """
        ends = ends_inside(frame)
        place = self.columns.index(RENEWAL)
        own = self.shares(frame) if ends.any() else np.zeros(frame.shape)
        out = values.copy()
        for interval, inside in enumerate(ends.T):
            mixed = (1 - self.share) * values[interval, inside] + self.share * own[inside]
            mixed[:, place] += self.share * (self.base - base[interval])
            out[interval, inside] = mixed
        return out

    def to_json(self) -> dict[str, Any]:
        """Return every number."""
        lists = {name: getattr(self, name).tolist() for name in NUMBERS}
        return {"share": self.share, "columns": list(self.columns), "base": self.base, **lists}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "RenewalLine":
        """Return the line that `to_json` wrote; raises ValueError when its parts do not fit together."""
        columns = tuple(stored["columns"])
        numbers = {name: np.array(stored[name], dtype=float) for name in NUMBERS}
        if any(each.shape != (len(columns),) for each in numbers.values()) or RENEWAL not in columns:
            raise ValueError("the line's numbers are not one per column")
        return cls(share=float(stored["share"]), columns=columns, base=float(stored["base"]), **numbers)

    def _scaled(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        absent = np.isnan(values)
        value = (np.where(absent, self.fill, values) - self.centre) / self.spread
        missing = (absent - self.absent_centre) / self.absent_spread
        return np.clip(value, -CLIP, CLIP), np.clip(missing, -CLIP, CLIP)


NUMBERS = ("fill", "centre", "spread", "weight", "absent_centre", "absent_spread", "absent_weight")


def ends_inside(frame: pd.DataFrame) -> np.ndarray:
    """Say per row and interval whether the contract ends inside the interval."""
    days = frame[RENEWAL].to_numpy(dtype=float)
    return np.column_stack([(days >= start) & (days < end) for start, end in INTERVALS])


def _slope(frame: pd.DataFrame, happened: np.ndarray, share: float) -> float:
    """Return the slope of what happened on the log-odds of lines of the other half of the accounts, within bounds."""
    accounts = frame.index.get_level_values(0)
    half = np.array([zlib.crc32(str(account).encode()) >> 8 & 1 for account in accounts], dtype=bool)
    if min(_rarer(happened[half]), _rarer(happened[~half])) < LEAST_CHURNS / 2:
        return 1.0
    odds = np.empty(len(happened))
    for one in (half, ~half):
        odds[~one] = RenewalLine._fitted(frame[one], happened[one], share).odds(frame[~one])
    try:
        slope = fit_logistic(np.column_stack([np.ones(len(odds)), odds]), happened)[1]
    except np.linalg.LinAlgError:
        # The halves separate each other's churns: there is nothing to stretch.
        return 1.0
    return float(np.clip(slope, 1.0, MOST_STRETCH))


def _rarer(happened: np.ndarray) -> float:
    return float(min(happened.sum(), len(happened) - happened.sum()))


def _level(odds: np.ndarray, happened: np.ndarray) -> float:
    """Return what to add to the log-odds so that their mean chance is the share that happened: stretching moved it."""
    base = float(logit(happened.mean()))
    for _ in range(100):
        chance = logistic(base + odds)
        step = float((happened.mean() - chance.mean()) / (chance * (1 - chance)).mean())
        base += step
        if abs(step) < 1e-12:
            break
    return base


def _spread(values: np.ndarray) -> np.ndarray:
    spread = values.std(axis=0)
    return np.where(spread > 0, spread, 1.0)
