"""Kernels bound to the as-of dates: every window ends there or earlier, and none reaches further back than REACH."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.calendar import REACH
from features.grid import AsOfs, Floats, Flow, Ints
from features.presence import FEW, Presence


def _within_reach(weeks: int) -> None:
    """Refuse a window that would depend on where the data begin."""
    if weeks > REACH:
        raise ValueError(f"a window reaches {weeks} weeks back; raise REACH ({REACH}) in features/calendar.py")


class Amounts:
    """Amounts per week, summed over windows that end at the as-of dates."""

    def __init__(self, flow: Flow, at: AsOfs) -> None:
        self._flow, self._at = flow, at
        self._sums: dict[tuple[int, int], Floats] = {}

    def sum(self, weeks: int, lag: int = 0) -> Floats:
        """Return the sum over the `weeks` that ended `lag` weeks before the as-of date."""
        _within_reach(weeks + lag)
        key = (weeks, lag)
        if key not in self._sums:
            self._sums[key] = self._flow.sum(self._at, weeks, lag)
        return self._sums[key]

    def slope(self, weeks: int) -> Floats:
        """Return the least-squares slope per week over the last `weeks`."""
        _within_reach(weeks)
        centred = (weeks - 1) / 2 - np.arange(weeks)
        return self._flow.weighted(self._at, centred.tolist()) / float(np.sum(centred**2))

    def weeks_with(self, weeks: int) -> Floats:
        """Return in how many of the last `weeks` there was any amount, as known at the as-of date."""
        with_any: Floats = np.stack([self.sum(1, lag) > 0 for lag in range(weeks)]).sum(axis=0, dtype=np.float64)
        return with_any


class Either(Amounts):
    """One of two amounts, by as-of date."""

    def __init__(self, first: NDArray[np.bool_], one: Amounts, other: Amounts) -> None:
        self._first, self._one, self._other = first, one, other

    def sum(self, weeks: int, lag: int = 0) -> Floats:
        """Return the sum of the one that counts at each as-of date."""
        return np.where(self._first, self._one.sum(weeks, lag), self._other.sum(weeks, lag))

    def slope(self, weeks: int) -> Floats:
        """Return the slope of the one that counts at each as-of date."""
        return np.where(self._first, self._one.slope(weeks), self._other.slope(weeks))


class Members:
    """Users or product features of each account, counted over windows that end at the as-of dates."""

    def __init__(self, presence: Presence, at: AsOfs) -> None:
        self._presence, self._at = presence if len(at) < FEW else presence.ordered(), at
        self._active: dict[tuple[int, int], NDArray[np.int16]] = {}
        self._distinct: dict[tuple[int, int], Floats] = {}

    def active_weeks(self, weeks: int, lag: int = 0) -> NDArray[np.int16]:
        """Return per member in how many weeks of the window it was there (as-of dates × members)."""
        _within_reach(weeks + lag)
        return self._counted(weeks, lag)

    def ever_active(self) -> NDArray[np.bool_]:
        """Say per member whether it was ever there so far (as-of dates × members)."""
        return self._counted(self._at.total, 0) > 0

    def _counted(self, weeks: int, lag: int) -> NDArray[np.int16]:
        key = (weeks, lag)
        if key not in self._active:
            self._active[key] = self._presence.active_weeks(self._at, weeks, lag)
        return self._active[key]

    @property
    def account(self) -> Ints:
        """The account of each member."""
        return self._presence.account

    def count(self, which: NDArray[np.bool_]) -> Floats:
        """Return per account how many members are marked (accounts × as-of dates)."""
        return self._presence.count(which)

    def distinct(self, weeks: int, lag: int = 0) -> Floats:
        """Return how many different members were there in the window."""
        key = (weeks, lag)
        if key not in self._distinct:
            self._distinct[key] = self.count(self.active_weeks(weeks, lag) > 0)
        return self._distinct[key]

    def greatest(self, weeks: int, lag: int = 0) -> Floats:
        """Return the number of weeks of the window with the most regular member in them; 0 without members."""
        return self._presence.joined(np.maximum, self.active_weeks(weeks, lag), np.dtype(np.int16))

    def total(self, weeks: int, lag: int = 0) -> Floats:
        """Return the number of weeks with each member in them, summed over the members."""
        return self._presence.joined(np.add, self.active_weeks(weeks, lag), np.dtype(np.int64))

    @cached_property
    def ever_by_week(self) -> Floats:
        """Return how many members there had been when each week ended (accounts × weeks), as known then."""
        weeks, first = self._at.total, self._presence.first_known.copy()
        passing = np.unique(self._presence.spells.member)
        first[passing] = weeks
        size = (self._presence.accounts, weeks + 1)
        came = np.bincount(self._presence.account * size[1] + first, minlength=size[0] * size[1]).reshape(size)
        found = np.cumsum(came[:, :weeks], axis=1).astype(np.float64)
        if len(passing):
            rest, every = self._presence.only(passing), AsOfs(np.arange(weeks), weeks)
            found += rest.count(rest.active_weeks(every, weeks) > 0)
        return found


class ProductFeatures(Members):
    """Product features, each with the time since when its use is recorded."""

    def __init__(self, presence: Presence, at: AsOfs, tracked_weeks: NDArray[np.int16]) -> None:
        super().__init__(presence, at)
        self._tracked_weeks = tracked_weeks
        """For how many weeks the account's use of the feature has been recorded (as-of dates × members)."""
        self._tracked: dict[int, NDArray[np.bool_]] = {}

    def tracked(self, weeks: int) -> NDArray[np.bool_]:
        """Say per member whether its use has been recorded for at least `weeks` (as-of dates × members)."""
        if weeks not in self._tracked:
            self._tracked[weeks] = self._tracked_weeks >= weeks
        return self._tracked[weeks]
