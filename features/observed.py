"""What a feature may see: kernels bound to the as-of dates asked for, and nothing at or past them.

Everything is an array of accounts × as-of dates, and states (`at`, `before`, `days_since`, `days_until`) lead to one.
There is no name here for a later week.
"""

from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from features.beginnings import Beginnings, beginnings
from features.engagement import (
    Contacts,
    Invoices,
    Surveys,
    Touchpoints,
    Trainings,
    contacts,
    invoices,
    surveys,
    touchpoints,
    trainings,
)
from features.grid import NEVER, AsOfs, Floats, Flow, Ints, evenly
from features.history import History
from features.presence import FEW, Presence, in_turns
from features.rollup import LOGIN, epoch_us
from features.rows import Rows
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
from features.windows import Amounts, Either, Members, ProductFeatures

T = TypeVar("T")
YEAR = 52
"""Weeks before the as-of dates at which states are read as well."""


class Observed:
    """All that was known about every account at every as-of date asked for."""

    def __init__(self, history: History, weeks: Ints, book: Beginnings | None = None) -> None:
        self._history = history
        self._rows: dict[str, Rows] = {}
        self._book = book or beginnings(history)
        self.accounts = history.accounts
        self._activity = history.activity
        self._grid = history.grid
        self._at = AsOfs(weeks, history.grid.weeks)
        self._skipped = history.grid.weeks - history.near.weeks
        self._near = AsOfs(weeks - self._skipped, history.near.weeks)
        read = np.unique(np.r_[self._near.weeks, self._near.weeks - YEAR])
        self._read = AsOfs(read[read >= 0], history.near.weeks)
        self._instants = epoch_us(history.grid) + (weeks + 1) * 7 * DAY_US

    @property
    def start(self) -> int:
        """The first instant of the first week, in microseconds."""
        return epoch_us(self._grid)

    def at(self, state: NDArray[T]) -> NDArray[T]:  # type: ignore[type-var]
        """Return what a state was at the as-of dates."""
        return state[:, evenly(self._read.place(self._near.weeks))]

    def before(self, state: Floats, weeks: int) -> Floats:
        """Return what a state was a year (52 weeks) before each as-of date; NaN before the first week."""
        if weeks != YEAR:
            raise ValueError(f"states are read at the as-of dates and {YEAR} weeks before them, not {weeks}")
        column = self._at.weeks - weeks
        found = state[:, evenly(self._read.place(column - self._skipped))]
        return np.where(column >= 0, found, np.nan) if column[0] < 0 else found

    def days_since(self, times: Ints) -> Floats:
        """Return the days from a time (a state, microseconds) to the as-of date; NaN where it never came."""
        return self._days_since(self.at(times))

    def _days_since(self, found: Ints) -> Floats:
        return np.where(found == NEVER, np.nan, (self._instants - found) / DAY_US)

    def _by_then(self, by_week: Ints) -> Ints:
        """Return the as-of columns of what usage says (accounts × weeks)."""
        return by_week[:, evenly(self._at.weeks)]

    def days_until(self, times: Floats) -> Floats:
        """Return the days from the as-of date to a time (a state, microseconds); NaN where it has none."""
        found = self.at(times)
        return np.where(np.isfinite(found), (found - self._instants) / DAY_US, np.nan)

    def weeks_of(self, times: Floats) -> Floats:
        """Return the week of the grid that holds a time (a state, microseconds); NaN where it has none."""
        found = self.at(times)
        return np.floor((found - epoch_us(self._grid)) / (7 * DAY_US))

    def when_ended(self, by_week: Floats, week: Floats) -> Floats:
        """Return what an accounts × weeks array held when the given weeks ended (accounts × as-of dates).

        NaN for weeks that have not ended by the as-of date, that lie before the grid, and for none (NaN).
        """
        ended = (week >= 0) & (week <= self._at.weeks)
        column = np.where(ended, week, 0).astype(np.int64)
        return np.where(ended, np.take_along_axis(by_week, column, axis=1), np.nan)

    def begun(self, table: str, **where: str) -> NDArray[np.bool_]:
        """Say for each as-of date whether any row of the table was known, about any account on record.

        `where` names texts that the row must have: `seen.begun("touchpoints", kind="survey")`.
        """
        return self._book.begun(table, **where)[self._at.weeks]

    @property
    def book_tracked_since(self) -> Ints:
        """The week of the first use of anybody, as known at each as-of date; the grid's length before any."""
        return self._book.use[self._at.weeks]

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
        names = self._activity.feature_names
        if LOGIN not in names:
            return np.zeros(len(self._at), dtype=np.bool_)
        first: Ints = self._book.features[self._at.weeks, names.index(LOGIN)]
        return first < self._grid.weeks

    @cached_property
    def users(self) -> Members:
        """The people who did anything."""
        if self._activity.users is None:
            raise LookupError("usage.user_id is not mapped")
        return Members(self._activity.users, self._at)

    @cached_property
    def features(self) -> ProductFeatures:
        """The product features that were used; the login is not one of them."""
        presence = self._activity.features.only(self._used)
        anybody, account = (
            self._feature_weeks[:, self._used_features],
            self.tracked_weeks.astype(np.int16)[presence.account].T,
        )
        return ProductFeatures(presence, self._at, np.minimum(anybody, account))

    @cached_property
    def _feature_weeks(self) -> NDArray[np.int16]:
        """Weeks since anybody's first recorded use of each product feature (as-of dates × features); 0 before it."""
        first = self._book.features[self._at.weeks]
        return np.where(first < self._grid.weeks, self._at.weeks[:, None] + 1 - first, 0).astype(np.int16)

    @cached_property
    def _used(self) -> Ints:
        """The members of the activity's features that were ever used and are not the login."""
        names = np.array(self._activity.feature_names, dtype=object)
        used = self._activity.features.ever & np.tile(names != LOGIN, len(self._history.accounts))
        members = np.flatnonzero(used)
        if len(self._at) < FEW:
            return members
        return members[in_turns(self._activity.features.account[members], len(self._history.accounts))]

    @property
    def _used_features(self) -> Ints:
        """The product feature of each of them."""
        return self._used % max(len(self._activity.feature_names), 1)

    @cached_property
    def tracked_weeks(self) -> Floats:
        """Weeks since the account's first recorded use, as known at the as-of date; 0 before it."""
        first = self._by_then(self._activity.first_week)
        return np.where(first < self._grid.weeks, self._at.weeks + 1 - first, 0).astype(np.float64)

    @cached_property
    def days_since_login(self) -> Floats:
        """Days since the last login (or any use where logins are not recorded)."""
        return np.where(
            self.has_logins, self._days_since(self._by_then(self._activity.last_login)), self.days_since_use
        )

    @cached_property
    def days_since_use(self) -> Floats:
        """Days since anything was done."""
        return self._days_since(self._by_then(self._activity.last_event))

    @property
    def known(self) -> NDArray[np.bool_]:
        """Say whether the account itself was on record (accounts × as-of dates)."""
        return self.at(self._version) >= 0

    @cached_property
    def contract(self) -> Terms:
        """The contract in force (states)."""
        return terms(self.rows("subscriptions"))

    @cached_property
    def sponsors(self) -> Sponsors:
        """The sponsors on record (states)."""
        return sponsors(self.rows("contacts"))

    @cached_property
    def tickets(self) -> Tickets:
        """The support tickets."""
        return tickets(self.rows("tickets"))

    def rows(self, table: str) -> Rows:
        """Return the rows of a small table."""
        if table not in self._rows:
            self._rows[table] = self._history.tables[table].read_at(self._read)
        return self._rows[table]

    def amounts(self, flow: Flow) -> Amounts:
        """Return a flow of a small table bound to the as-of dates."""
        return Amounts(flow, self._near)

    def attribute(self, name: str) -> NDArray[np.object_]:
        """Return an attribute of the account as it was at each as-of date; None where it is not given."""
        values = np.append(self.rows("accounts").texts(name).objects(), np.array([None], dtype=object))
        found: NDArray[np.object_] = values[self.at(self._version)]
        return found

    @cached_property
    def _version(self) -> Ints:
        return version(self.rows("accounts"))

    @cached_property
    def created(self) -> Ints:
        """When the account came into being, as on record when each week read ended (a state, microseconds)."""
        return np.append(self.rows("accounts").times("created_at"), NEVER)[self._version]

    def numbered(self, name: str, codes: dict[str, int]) -> Ints:
        """Return an attribute as a number for each text (accounts × as-of dates); −1 where it is not given.

        `codes` is what the texts seen so far stand for, and grows.
        """
        texts = self.rows("accounts").texts(name)
        numbers = np.array([*(codes.setdefault(text, len(codes)) for text in texts.names), -1])
        return np.append(numbers[texts.code], -1)[self.at(self._version)]

    @cached_property
    def surveys(self) -> Surveys:
        """The answers to surveys."""
        return surveys(self.rows("surveys"))

    @cached_property
    def trainings(self) -> Trainings:
        """The completed trainings."""
        return trainings(self.rows("trainings"))

    @cached_property
    def touchpoints(self) -> Touchpoints:
        """The meetings, calls and messages."""
        return touchpoints(self.rows("touchpoints"))

    @cached_property
    def invoices(self) -> Invoices:
        """The invoices and their payments."""
        return invoices(self.rows("invoices"))

    @cached_property
    def contacts(self) -> Contacts:
        """The contacts of any role (states)."""
        return contacts(self.rows("contacts"))

    def people(self, presence: Presence) -> Members:
        """Return the members of a table, such as the contacts whom surveys name, bound to the as-of dates."""
        return Members(presence, self._near)

    @cached_property
    def entitled_unused(self) -> tuple[Floats, Floats]:
        """Return how many entitled features were never used so far, and how many there are that are tracked."""
        return self._entitled(self.features.ever_active(), 1)

    @cached_property
    def entitled_idle(self) -> tuple[Floats, Floats]:
        """Return how many entitled features were not used in the last 13 weeks, of those tracked so long."""
        return self._entitled(self.features.active_weeks(13) > 0, 13)

    def _entitled(self, used: NDArray[np.bool_], weeks: int) -> tuple[Floats, Floats]:
        """Count the plan's features whose use has been recorded for at least `weeks`, and those of them not `used`."""
        numbers = {plan: number for number, plan in enumerate(self._history.entitlements)}
        plan = self.numbered("plan", dict(numbers))
        plan = np.where(plan < len(numbers), plan, -1)
        included = self._included & (self._feature_weeks >= weeks)
        # The last plan, which includes nothing, stands for those that cannot be said.
        plan = np.where((plan >= 0) & (self.tracked_weeks >= weeks), plan, len(numbers))
        cell = plan * len(self._at) + np.arange(len(self._at))
        total = included.sum(axis=2).ravel()[cell].astype(np.float64)
        cell = (cell * included.shape[2]).astype(np.int32).T[:, self.features.account]
        cell += self._used_features.astype(np.int32)
        hit = self.features.count(used & included.ravel()[cell])
        return np.where(total > 0, total - hit, np.nan), np.where(total > 0, total, np.nan)

    @cached_property
    def _included(self) -> NDArray[np.bool_]:
        """Whether each plan includes each product feature (plans × as-of dates × features); of none at the end."""
        names, plans = self._activity.feature_names, self._history.entitlements.values()
        found = np.zeros((len(plans) + 1, len(self._at), len(names)), dtype=bool)
        for number, plan in enumerate(plans):
            since = np.array([plan.get(name, self._grid.weeks) for name in names], dtype=np.int64)
            found[number] = self._at.weeks[:, None] >= since
        return found
