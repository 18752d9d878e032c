"""Usage rolled up: one pass over the events leaves account-weeks, user-weeks and feature-weeks on the grid."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.book import Book
from features.calendar import WeekGrid
from features.grid import NEVER, Floats, Flow, Ints, exact, running_latest, week_of
from features.presence import ON_TIME, Presence
from features.stream import Codes, code, stream

LOGIN = "login"


@dataclass(frozen=True)
class Activity:
    """What the usage table says, on the grid."""

    events: Flow
    logins: Flow
    last_event: Ints
    """Time of the latest event known by the end of each week, in microseconds; NEVER before the first."""
    last_login: Ints
    first_week: Ints
    """Per account and week the earliest week with an event known by then; the grid's length before the first."""
    users: Presence | None
    features: Presence
    """Every product feature of every account, used or not: feature `k` of an account is its member `k`."""
    feature_names: tuple[str, ...]

    def part(self, first: int, stop: int) -> "Activity":
        """Return the accounts `first` to `stop`."""
        return replace(
            self,
            events=self.events.part(first, stop),
            logins=self.logins.part(first, stop),
            last_event=self.last_event[first:stop],
            last_login=self.last_login[first:stop],
            first_week=self.first_week[first:stop],
            users=self.users.part(first, stop) if self.users else None,
            features=self.features.part(first, stop),
        )


def epoch_us(grid: WeekGrid) -> int:
    """Return the grid's first instant in microseconds since the epoch."""
    return int(np.datetime64(grid.start, "us").astype(np.int64))


def roll_up(book: Book, grid: WeekGrid, accounts: NDArray[np.object_]) -> Activity:
    """Read all usage that was known before `grid.last` in one pass; events of unknown accounts are left out."""
    codes = code(book, accounts)
    rollup = Rollup(grid, codes)
    for batch in stream(book, "usage", grid):
        rollup.add(batch)
    for batch in stream(book, "usage_repeats", grid):
        rollup.take_back(batch)
    for batch in stream(book, "usage_versions", grid):
        rollup.add_versions(batch)
    return rollup.activity()


@dataclass(frozen=True)
class Events:
    """Coded events: when each happened (`time`, microseconds, and its `week`) and the week in which it was `known`.

    `user` is −1 where there is none.
    """

    account: Ints
    feature: Ints
    user: Ints
    time: Ints
    week: Ints
    known: Ints
    amount: Floats

    @classmethod
    def of(cls, batch: pa.RecordBatch, start: int) -> "Events":
        """Return the events of a batch of the stream; `start` is the grid's first instant."""
        account, feature, user, time, known, amount = (column.to_numpy() for column in batch.columns[:6])
        time, known = time.view(np.int64), known.view(np.int64)
        week = week_of(time, start)
        seen, later = week.copy(), np.flatnonzero(known != time)
        seen[later] = week_of(known[later], start)
        return cls(account, feature, user, time, week, seen, exact(amount))

    @classmethod
    def joined(cls, parts: "Sequence[Events]") -> "Events":
        """Return the events of all parts."""
        count = np.empty(0, dtype=np.int64)
        none = cls(count, count, count, count, count, count, np.empty(0))
        columns = zip(*(vars(part).values() for part in (none, *parts)), strict=True)
        return cls(*(np.concatenate(column) for column in columns))

    def __len__(self) -> int:
        return len(self.account)

    def chosen(self, rows: Ints | NDArray[np.bool_]) -> "Events":
        """Return the chosen events."""
        return Events(*(column[rows] for column in vars(self).values()))

    def taken_back(self, known: Ints | None = None) -> "Events":
        """Return the events with their amounts negated, from another week on if one is given."""
        return replace(self, amount=-self.amount, known=self.known if known is None else known)


class Rollup:
    """Events collected into dense accounts × weeks and weeks × members arrays."""

    def __init__(self, grid: WeekGrid, codes: Codes) -> None:
        self.grid, self.codes = grid, codes
        self.shape = (len(codes.accounts), grid.weeks)
        self.start = epoch_us(grid)
        self.login = codes.features.index(LOGIN) if LOGIN in codes.features else -1
        cells = self.shape[0] * self.shape[1]
        self.events, self.logins = np.zeros(cells), np.zeros(cells)
        self.last_event, self.last_login = np.full(cells, NEVER), np.full(cells, NEVER)
        self.counts = np.zeros(grid.weeks, dtype=np.int64)
        """How many events became known in each week."""
        # Members lie in the order of their accounts; one place more takes the rows that have none.
        order = np.argsort(codes.user_account, kind="stable")
        self.user_account = codes.user_account[order]
        self.user_place = np.empty(len(order) + 1, dtype=np.int64)
        self.user_place[order], self.user_place[-1] = np.arange(len(order)), -1
        self.users = np.zeros(len(order) * grid.weeks + 1, dtype=np.uint16)
        self.features = np.zeros(cells * len(codes.features) + 1, dtype=np.uint16)
        self.late: list[Events] = []
        """Events that became known in a later week than they happened."""
        self.settled: list[Events] = []
        """Late changes of amounts alone: what was sent again, or stood until it was corrected."""
        self.passing: list[tuple[Events, Ints]] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """Add a batch of events."""
        self._add(Events.of(batch, self.start))

    def take_back(self, batch: pa.RecordBatch) -> None:
        """Take back the amounts of events that were sent again; when they were first seen, and by whom, stands."""
        self._settle(Events.of(batch, self.start).taken_back())

    def add_versions(self, batch: pa.RecordBatch) -> None:
        """Add a batch of events with a seventh column: from when on a correction is seen instead (null: never)."""
        events, weeks = Events.of(batch, self.start), self.shape[1]
        superseded = batch.column(6).to_numpy(zero_copy_only=False).astype("datetime64[us]").view(np.int64)
        gone = np.where(superseded == NEVER, weeks, np.minimum(week_of(superseded, self.start), weeks))
        self._add(events.chosen(gone == weeks))
        rows = (gone < weeks) & (events.known < gone)
        passing = events.chosen(rows)
        self.passing.append((passing, gone[rows]))
        self._settle(passing)
        self._settle(passing.taken_back(known=gone[rows]))

    def _add(self, events: Events) -> None:
        accounts, weeks = self.shape
        late, amount, known = np.flatnonzero(events.known != events.week), events.amount, events.known
        if len(late):
            self.late.append(events.chosen(late))
            amount = amount.copy()
            amount[late] = 0.0
        self._add_amounts(events.account * weeks + known, events.feature, amount)
        cell, login = events.account * weeks + known, np.flatnonzero(events.feature == self.login)
        np.maximum.at(self.last_event, cell, events.time)
        np.maximum.at(self.last_login, cell[login], events.time[login])
        self.counts += np.bincount(known, minlength=weeks)
        place, members = self.user_place[events.user], len(self.codes.features)
        _mark(self.features, (known * accounts + events.account) * members + events.feature, late)
        _mark(self.users, np.where(place >= 0, known * len(self.user_account) + place, -1), late)

    def _add_amounts(self, cell: Ints, feature: Ints, amount: Floats) -> None:
        login = np.flatnonzero(feature == self.login)
        _add_at(self.events, cell, amount)
        _add_at(self.logins, cell[login], amount[login])

    def _settle(self, events: Events) -> None:
        """Change amounts, now where they were known in time, else when all has been collected."""
        on_time = events.known == events.week
        now = events.chosen(on_time)
        self._add_amounts(now.account * self.shape[1] + now.week, now.feature, now.amount)
        self.settled.append(events.chosen(~on_time))

    def activity(self) -> Activity:
        """Return what has been collected; nothing can be added afterwards."""
        seen = Events.joined(self.late)
        late = Events.joined([seen, *self.settled])
        seen, late = seen.chosen(seen.week >= 0), late.chosen(late.week >= 0)
        self._add_amounts(late.account * self.shape[1] + late.week, late.feature, late.amount)
        self._mark_late(seen)
        passing = Events.joined([events for events, _ in self.passing])
        gone = np.concatenate([np.empty(0, dtype=np.int64), *(until for _, until in self.passing)])
        features = self._used(passing, gone)
        return Activity(
            events=self._flow(self.events, late),
            logins=self._flow(self.logins, late.chosen(late.feature == self.login)),
            last_event=self._latest(self.last_event, passing, gone),
            last_login=self._latest(self.last_login, passing, gone, passing.feature == self.login),
            first_week=self._first_week(features, passing, gone),
            users=self._people(passing, gone) if self.codes.users is not None else None,
            features=features,
            feature_names=self.codes.features,
        )

    def _mark_late(self, seen: Events) -> None:
        """Keep the greatest promptness per member-week."""
        prompt = ON_TIME - (seen.known - seen.week).astype(np.uint16)
        member = (seen.week * self.shape[0] + seen.account) * len(self.codes.features) + seen.feature
        np.maximum.at(self.features, member, prompt)
        place = self.user_place[seen.user]
        named = place >= 0
        np.maximum.at(self.users, seen.week[named] * len(self.user_account) + place[named], prompt[named])

    def _used(self, passing: Events, gone: Ints) -> Presence:
        accounts, weeks = self.shape
        owner = np.repeat(np.arange(accounts), len(self.codes.features))
        member = passing.account * len(self.codes.features) + passing.feature
        found = Presence(self.features[:-1].reshape(weeks, len(owner)), owner, accounts)
        return found.with_spells(member, passing.week, passing.known, gone)

    def _people(self, passing: Events, gone: Ints) -> Presence:
        accounts, weeks = self.shape
        named = passing.user >= 0
        people = passing.chosen(named)
        found = Presence(self.users[:-1].reshape(weeks, len(self.user_account)), self.user_account, accounts)
        return found.with_spells(self.user_place[people.user], people.week, people.known, gone[named])

    def _flow(self, amount: Floats, late: Events) -> Flow:
        return Flow(amount.reshape(self.shape), late.account, late.week, late.known, late.amount)

    def _latest(self, known: Ints, passing: Events, gone: Ints, which: NDArray[np.bool_] | slice = slice(None)) -> Ints:
        """Return the latest time known by the end of each week, with what corrections have taken back since."""
        found = np.maximum.accumulate(known.reshape(self.shape), axis=1)
        if len(passing):
            rows = (passing.account[which], passing.known[which], passing.time[which], gone[which])
            np.maximum(found, running_latest(self.shape, *rows), out=found)
        return found

    def _first_week(self, features: Presence, passing: Events, gone: Ints) -> Ints:
        """Return per account and week the earliest event week known by then; the grid's length before the first."""
        accounts, weeks = self.shape
        soonest = features.prompt.reshape(weeks, accounts, len(self.codes.features)).max(axis=2, initial=0)
        week, account = np.nonzero(soonest)
        known = week + (ON_TIME - soonest[week, account]).astype(np.int64)
        earliest = running_latest(
            self.shape,
            np.r_[account, passing.account],
            np.r_[known, passing.known],
            -np.r_[week, passing.week],
            np.r_[np.full(len(week), weeks), gone],
        )
        return np.where(earliest == NEVER, weeks, -earliest)


def _add_at(total: Floats, cell: Ints, amount: Floats) -> None:
    """Add amounts to cells; where a batch touches a short stretch of them, only that stretch is counted."""
    if not len(cell):
        return
    low, high = int(cell.min()), int(cell.max())
    if high - low > 8 * len(cell):
        np.add.at(total, cell, amount)
    else:
        total[low : high + 1] += np.bincount(cell - low, weights=amount)


def _mark(prompt: NDArray[np.uint16], cell: Ints, late: Ints) -> None:
    """Mark cells as seen in time; the last place takes what was late, or has no member."""
    cell[late] = -1
    prompt[cell] = ON_TIME
