"""What moved an account's risk between two lists, split exactly: new data, time that passed, another model.

The model's part is what both models say of the account as it is now. The rest is what the old model says of the
account now and then: the features that only time can have moved and all others are two players, and each gets the
average of moving first and moving last (Shapley 1953, *A value for n-person games*), so that the order decides nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from math import floor

import numpy as np
import pandas as pd

from features.catalogue import Feature
from models.hazard import FittedHazards
from models.protocol import WINDOWS, Rows

PARTS = ("data", "clock", "model")
CATALOGUE_CHANGED = "the feature catalogue changed with the model, so its part and the data's cannot be told apart"
WORDS = {"data": "from new data", "clock": "as time passed", "model": "from the new model"}
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
SHOWN = 0.0005
"""Parts below half of a tenth of a point are not said, so nobody asks for their driver."""
SAME_MOVE = 1e-6
"""Days by which a feature's move may miss the elapsed time: the rounding of instants, no more."""


def changes(
    old: FittedHazards,
    new: FittedHazards,
    frame_old: pd.DataFrame,
    frame_new: pd.DataFrame,
    features: Sequence[Feature],
    days: int,
    window: tuple[int, int],
) -> pd.DataFrame:
    """Return per account of `frame_new` the parts of its change in the risk of `window`, the driver and a note.

    Frames: one row per account, as the old and the new model read them, `days` apart. data + clock + model =
    P_new(new row) − P_old(old row). `driver` is the one whose new data moved the risk most in the direction of the
    data part, null where that is too small to be said. An account that was not there before has null in every column.
    Where the old model cannot read the new frame everything is left to `model`, and `note` says so.
    """
    here = frame_new.index[frame_new.index.isin(frame_old.index)]
    then, now = frame_old.loc[here], frame_new.loc[here]
    risk = next(name for name, span in WINDOWS.items() if span == window)
    if tuple(now.columns) == old.columns:
        split = _split(_Move(old, then, now, by_clock(then, now, features, days), risk), features)
        split["model"] = _risk(new, now, risk) - _risk(old, now, risk)
        split["note"] = None
    else:
        gained = _risk(new, now, risk) - _risk(old, then, risk)
        split = pd.DataFrame({"data": 0.0, "clock": 0.0, "driver": None, "model": gained}, here)
        split["note"] = CATALOGUE_CHANGED
    return split[[*PARTS, "driver", "note"]].reindex(frame_new.index)


def said(split: pd.DataFrame, since: date) -> pd.Series:
    """Return per account its change since the as-of date `since` in one sentence, null where there is none."""
    rows = split[["data", "clock", "model", "driver", "note"]].astype(object).to_numpy()
    texts = [
        None if pd.isna(row[0]) else sentence(dict(zip(PARTS, map(float, row[:3]), strict=True)), since, row[3], row[4])
        for row in rows
    ]
    return pd.Series(texts, split.index, dtype=object)


def sentence(parts: Mapping[str, float], since: date, driver: str | None = None, note: str | None = None) -> str:
    """Return a change in points of probability in words; the parts are rounded so that they add up as shown."""
    total = sum(parts.values())
    scale = 100 if abs(total) >= 0.0995 else 1000
    whole = round(total * scale)
    shown = dict(zip(parts, _apportion([value * scale for value in parts.values()], whole), strict=True))
    when = f"since {since.day} {MONTHS[since.month - 1]}"
    start = f"{'Up' if whole > 0 else 'Down'} {_points(abs(whole), scale)} points {when}" if whole else f"Level {when}"
    if note:
        return f"{start}: {note}."
    words = WORDS | ({"data": f"{WORDS['data']} ({driver} most)"} if driver else {})
    tell = [(words[name], value) for name, value in shown.items() if value]
    if len(tell) == 1:
        return f"{start}, all {tell[0][0]}."
    parts_said = ", ".join(f"{'+' if value > 0 else '−'}{_points(abs(value), scale)} {said}" for said, value in tell)
    return f"{start}{': ' if tell else ''}{parts_said}."


def by_clock(then: pd.DataFrame, now: pd.DataFrame, features: Sequence[Feature], days: int) -> np.ndarray:
    """Say per account and feature whether only time can have moved it: by exactly the days (weeks) that passed."""
    units = {feature.name: feature.unit for feature in features}
    lasted = {"days": float(days), "weeks": days / 7}
    elapsed = np.array([lasted.get(units.get(str(name), ""), np.nan) for name in now.columns])
    return np.asarray(np.abs(np.abs(now.to_numpy(float) - then.to_numpy(float)) - elapsed) <= SAME_MOVE)


@dataclass(frozen=True)
class _Move:
    """One model's rows of the same accounts at two dates, and which of their moves were the clock's."""

    model: FittedHazards
    then: pd.DataFrame
    now: pd.DataFrame
    timed: np.ndarray
    risk: str

    def part(self, mine: np.ndarray) -> np.ndarray:
        """Return per account what the features of the mask did: the average of moving first and moving last."""
        was, both = self._ends
        first = _risk(self.model, self.then.mask(mine, self.now), self.risk)
        before_last = _risk(self.model, self.now.mask(mine, self.then), self.risk)
        return np.asarray((first - was + both - before_last) / 2)

    @cached_property
    def _ends(self) -> tuple[np.ndarray, np.ndarray]:
        return _risk(self.model, self.then, self.risk), _risk(self.model, self.now, self.risk)

    def of(self, some: np.ndarray) -> "_Move":
        """Return the move of some of the accounts."""
        return _Move(self.model, self.then[some], self.now[some], self.timed[some], self.risk)


def _split(move: _Move, features: Sequence[Feature]) -> pd.DataFrame:
    """Return clock, data and the driver of the data: two players share exactly, a driver is only compared."""
    clock, data = move.part(move.timed), move.part(~move.timed)
    driver = np.full(len(data), None, dtype=object)
    shown = np.abs(data) >= SHOWN
    if shown.any():
        driver[shown] = _leading(move.of(shown), np.sign(data[shown]), features)
    return pd.DataFrame({"data": data, "clock": clock, "driver": driver}, move.now.index)


def _leading(move: _Move, direction: np.ndarray, features: Sequence[Feature]) -> np.ndarray:
    """Return per account the driver whose data moved the risk most in the direction, None where none did."""
    drivers = {feature.name: feature.driver for feature in features}
    own = np.array([drivers[str(name)] for name in move.now.columns], dtype=object)
    names = list(dict.fromkeys(own))
    along = np.column_stack([move.part(~move.timed & (own == name)) for name in names]) * direction[:, None]
    first = np.array(names, dtype=object)[along.argmax(axis=1)]
    return np.asarray(np.where(along.max(axis=1) > 0, first, None))


def _risk(model: FittedHazards, frame: pd.DataFrame, risk: str) -> np.ndarray:
    return model.predict(Rows(frame, frame[[]]))[risk].to_numpy()


def _apportion(values: Sequence[float], total: int) -> list[int]:
    """Round the values to whole numbers that add up to `total`: the largest remainders are rounded up."""
    floors = [floor(value) for value in values]
    order = sorted(range(len(values)), key=lambda i: floors[i] - values[i])
    for i in order[: max(0, total - sum(floors))]:
        floors[i] += 1
    return floors


def _points(value: int, scale: int) -> str:
    return str(value) if scale == 100 else f"{value / 10:.1f}"
