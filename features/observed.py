"""What a feature may see: kernels bound to the as-of dates asked for, and nothing at or past them.

Everything is an array of accounts × as-of dates. There is no name here for a later week.
"""

from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from features.calendar import REACH
from features.grid import NEVER, AsOfs, Floats, Flow, Ints, Presence
from features.history import History
from features.rollup import LOGIN, epoch_us
from features.states import (
    DAY_US,
    Sponsors,
    Terms,
    Tickets,
    sponsors,
    terms,
    tickets,
    version,
)

T = TypeVar("T")


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
        self._presence, self._at = presence, at
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

    def count(self, which: NDArray[np.bool_]) -> Floats:
        """Return per account how many members are marked (accounts × as-of dates)."""
        return self._presence.count(which)

    def distinct(self, weeks: int, lag: int = 0) -> Floats:
        """Return how many different members were there in the window."""
        key = (weeks, lag)
        if key not in self._distinct:
            self._distinct[key] = self.count(self.active_weeks(weeks, lag) > 0)
        return self._distinct[key]


class Observed:
    """All that was known about every account at every as-of date asked for."""

    def __init__(self, history: History, weeks: Ints) -> None:
        self._history = history
        self.accounts = history.accounts
        self._activity = history.activity
        self._grid = history.grid
        self._at = AsOfs(weeks, history.grid.weeks)
        self._instants = epoch_us(history.grid) + (weeks + 1) * 7 * DAY_US

    def at(self, by_week: NDArray[T]) -> NDArray[T]:  # type: ignore[type-var]
        """Return the as-of columns of an accounts × weeks array."""
        return by_week[:, self._at.weeks]

    def before(self, by_week: Floats, weeks: int) -> Floats:
        """Return the columns `weeks` before each as-of date; NaN before the first week."""
        column = self._at.weeks - weeks
        return np.where(column >= 0, by_week[:, np.maximum(column, 0)], np.nan)

    def days_since(self, times: Ints) -> Floats:
        """Return the days from a time (accounts × weeks, microseconds) to the as-of date; NaN where it never came."""
        found = self.at(times)
        return np.where(found == NEVER, np.nan, (self._instants - found) / DAY_US)

    def days_until(self, times: Floats) -> Floats:
        """Return the days from the as-of date to a time (accounts × weeks, microseconds); NaN where it has none."""
        found = self.at(times)
        return np.where(np.isfinite(found), (found - self._instants) / DAY_US, np.nan)

    @cached_property
    def events(self) -> Amounts:
        """Everything that users did."""
        return Amounts(self._activity.events, self._at)

    @cached_property
    def logins(self) -> Amounts:
        """Logins alone; all events at as-of dates by which nobody's login had been recorded."""
        return Either(self.has_logins, Amounts(self._activity.logins, self._at), self.events)

    @property
    def has_logins(self) -> NDArray[np.bool_]:
        """Say for each as-of date whether any login in the book was known by then."""
        return self._at.weeks >= self._activity.logins_since

    @cached_property
    def users(self) -> Members:
        """The people who did anything."""
        if self._activity.users is None:
            raise LookupError("usage.user_id is not mapped")
        return Members(self._activity.users, self._at)

    @cached_property
    def features(self) -> Members:
        """The product features that were used; the login is not one of them."""
        return Members(self._activity.features.only(self._used), self._at)

    @cached_property
    def _used(self) -> Ints:
        """The members of the activity's features that were ever used and are not the login."""
        names = np.array(self._activity.feature_names, dtype=object)
        used = self._activity.features.prompt.any(axis=0)
        return np.flatnonzero(used & np.tile(names != LOGIN, len(self._history.accounts)))

    @cached_property
    def tracked_weeks(self) -> Floats:
        """Weeks since the account's first recorded use, as known at the as-of date; 0 before it."""
        first = self.at(self._activity.first_week)
        return np.where(first < self._grid.weeks, self._at.weeks + 1 - first, 0).astype(np.float64)

    def tracked(self, values: Floats, weeks: int = 1) -> Floats:
        """Return the values where use has been recorded for at least `weeks`; NaN (not tracked) elsewhere."""
        return np.where(self.tracked_weeks >= weeks, values, np.nan)

    @cached_property
    def days_since_login(self) -> Floats:
        """Days since the last login (or any use where logins are not recorded)."""
        return np.where(self.has_logins, self.days_since(self._activity.last_login), self.days_since_use)

    @cached_property
    def days_since_use(self) -> Floats:
        """Days since anything was done."""
        return self.days_since(self._activity.last_event)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Say whether the account itself was on record (accounts × as-of dates)."""
        return self.at(self._version) >= 0

    @cached_property
    def contract(self) -> Terms:
        """The contract in force (accounts × weeks: read it through `at`, `before`, `days_until`)."""
        return terms(self._history.subscriptions)

    @cached_property
    def sponsors(self) -> Sponsors:
        """The sponsors on record (accounts × weeks)."""
        return sponsors(self._history.sponsors)

    @cached_property
    def tickets(self) -> Tickets:
        """The support tickets (accounts × weeks)."""
        return tickets(self._history.tickets)

    def amounts(self, flow: Flow) -> Amounts:
        """Return a flow bound to the as-of dates."""
        return Amounts(flow, self._at)

    def attribute(self, name: str) -> NDArray[np.object_]:
        """Return an attribute of the account as it was at each as-of date; None where it is not given."""
        rows = self._history.attributes
        values = np.append(rows.texts(name), np.array([None], dtype=object))
        found: NDArray[np.object_] = values[self.at(self._version)]
        return found

    @cached_property
    def _version(self) -> Ints:
        return version(self._history.attributes)

    @cached_property
    def entitled_unused(self) -> tuple[Floats, Floats]:
        """Return how many entitled features were never used so far, and how many features the plan includes."""
        return self._entitled(self.features.ever_active())

    @cached_property
    def entitled_idle(self) -> tuple[Floats, Floats]:
        """Return how many entitled features were not used in the last 13 weeks, and how many there are."""
        return self._entitled(self.features.active_weeks(13) > 0)

    def _entitled(self, used: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        plans = self.attribute("plan")
        total, hit = np.zeros(plans.shape), np.zeros(plans.shape)
        names = self._activity.feature_names
        codes, owner = self._used % max(len(names), 1), self._activity.features.account[self._used]
        for plan, features in self._history.entitlements.items():
            on_plan = plans == plan
            inside = np.array([name in features for name in names], dtype=bool)[codes]
            total += on_plan * len(features)
            hit += self.features.count(used & inside & on_plan.T[:, owner])
        return np.where(total > 0, total - hit, np.nan), np.where(total > 0, total, np.nan)
