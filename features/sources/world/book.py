"""The book: accounts, what they are like, and their contract terms."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from features.sources.world.arrays import NEVER, Floats, Ints
from features.sources.world.health import BEFORE, DECISION_WEEKS, FITS

SEGMENTS = ("small", "mid-market", "enterprise")
REGIONS = ("EMEA", "Americas", "APAC")
INDUSTRIES = ("manufacturing", "retail", "logistics", "health", "finance", "education", "public sector", "media")
CHANNELS = ("outbound", "inbound", "partner", "referral", "event")
PLANS = ("starter", "team", "business")
PRICES = np.array([24.0, 42.0, 75.0])
"""Monthly price per seat by plan."""
KINDS = ("monthly", "annual", "two years", "three years")
MONTHS = np.array([1, 12, 24, 36])
KIND_SHARES = (0.20, 0.65, 0.09, 0.06)
MONTHLY_NOTICE = 14
AT_START = 0.5
"""Share of the accounts that were customers before the data begin."""
PAST_DAYS = 3 * 365
ACCOUNTS_PER_OWNER = 42


@dataclass(frozen=True)
class Calendar:
    """The days of a world: day 0 is the first day in the data, day `days` the first one not in it."""

    until: date
    weeks: int

    @property
    def days(self) -> int:
        """How many days the data hold."""
        return 7 * self.weeks

    @property
    def launch(self) -> int:
        """The day on which the youngest product feature came out: two thirds into the data."""
        return 7 * (2 * self.weeks // 3) + 1

    @property
    def start(self) -> np.datetime64:
        """Day 0."""
        return np.datetime64(self.until, "D") - self.days

    @property
    def epoch(self) -> int:
        """Day 0 in microseconds since 1970."""
        return int(self.start.astype("datetime64[us]").astype(np.int64))


@dataclass(frozen=True)
class Accounts:
    """A shard's accounts as columns; categories are codes into the tuples above."""

    number: Ints
    kind: Ints
    notice: Ints
    auto_renew: Ints
    fit: Ints
    segment: Ints
    region: Ints
    industry: Ints
    channel: Ints
    plan: Ints
    owner: Ints
    users: Ints
    seats: Ints
    discount: Floats
    signed: Ints
    """Day the account was created; the first contract begins on `begins`."""
    begins: Ints
    tracked_from: Ints
    """Day of the first event that can be seen: a few accounts were instrumented late."""

    def __len__(self) -> int:
        return len(self.number)

    @property
    def monthly(self) -> Ints:
        """1 for monthly contracts."""
        return np.where(self.kind == 0, 1, 0)

    @property
    def joins(self) -> Ints:
        """Week in which the contract begins; negative before the data."""
        return np.floor_divide(self.begins, 7)


@dataclass(frozen=True)
class Terms:
    """Contract terms, accounts × terms; term n runs from `starts[:, n]` to `ends[:, n]` (days), NEVER where unused."""

    starts: Ints
    ends: Ints
    deadline_week: Ints
    """Last week that lies wholly before the notice deadline: the last one in which to decide."""
    decision_weeks: Ints
    """How many weeks up to and with `deadline_week` belong to the decision on this term."""

    def decision_term(self, weeks: int) -> Ints:
        """Return accounts × (BEFORE + weeks): the term that is decided upon in a week, −1 for none.

        Nobody left before the data begin, so terms that ended by then are not decided upon.
        """
        term = np.full((len(self.ends), BEFORE + weeks), -1, dtype=np.int64)
        week = np.arange(-BEFORE, weeks)
        for n in range(self.ends.shape[1]):
            last = self.deadline_week[:, n, None]
            inside = (week <= last) & (week > last - self.decision_weeks[:, n, None]) & (self.ends[:, n, None] >= 0)
            term[inside] = n
        return term


def draw_accounts(rng: np.random.Generator, first: int, count: int, calendar: Calendar) -> Accounts:
    """Draw the accounts first … first + count − 1."""
    users = np.clip(np.exp(rng.normal(2.05, 0.95, count)), 2, 400).astype(np.int64)
    kind = rng.choice(4, count, p=KIND_SHARES)
    segment = np.digitize(users * np.exp(rng.normal(0, 0.25, count)), [12, 40])
    fit = rng.choice(len(FITS), count, p=[0.30, 0.36, 0.22, 0.12])
    old = rng.random(count) < AT_START
    begins = np.where(old, -rng.integers(1, PAST_DAYS, count), rng.integers(0, calendar.days, count))
    begins = _first_days(begins, kind, calendar)
    late = rng.random(count) < 0.04
    tracked = np.where(late, np.maximum(begins, 0) + rng.integers(60, 400, count), begins)
    owners = max(1, round(count / ACCOUNTS_PER_OWNER))
    return Accounts(
        number=np.arange(first, first + count),
        kind=kind,
        notice=np.where(kind == 0, MONTHLY_NOTICE, rng.choice([30, 60, 90], count, p=[0.45, 0.30, 0.25])),
        auto_renew=((rng.random(count) < 0.8) | (kind == 0)).astype(np.int64),
        fit=fit,
        segment=segment,
        region=rng.choice(3, count, p=[0.5, 0.35, 0.15]),
        industry=rng.integers(0, len(INDUSTRIES), count),
        channel=rng.choice(5, count, p=[0.30, 0.34, 0.14, 0.12, 0.10]),
        plan=np.clip(segment + rng.choice([-1, 0, 1], count, p=[0.2, 0.6, 0.2]), 0, 2),
        owner=rng.integers(0, owners, count),
        users=users,
        seats=np.ceil(users * rng.uniform(1.0, 1.6, count)).astype(np.int64),
        discount=rng.uniform(0.8, 1.0, count),
        signed=begins - rng.integers(0, 21, count),
        begins=begins,
        tracked_from=tracked,
    )


def _first_days(begins: Ints, kind: Ints, calendar: Calendar) -> Ints:
    """Return contract starts on days 1 … 28 of a month; monthly contracts begin on the first."""
    days = calendar.start + begins
    months = days.astype("datetime64[M]")
    day = np.minimum((days - months.astype("datetime64[D]")).astype(np.int64), 27)
    snapped = months.astype("datetime64[D]") + np.where(kind == 0, 0, day)
    return (snapped - calendar.start).astype(np.int64)


def draw_terms(accounts: Accounts, calendar: Calendar) -> Terms:
    """Lay out each account's terms until some months past the data: a contract's end is known ahead."""
    horizon = calendar.days + 130
    length = MONTHS[accounts.kind]
    most = int(((horizon - accounts.begins) / (28 * length)).max()) + 2
    first = calendar.start + accounts.begins
    month = first.astype("datetime64[M]")
    offset = (first - month.astype("datetime64[D]")).astype(np.int64)
    steps = np.arange(most + 1)[None, :] * length[:, None]
    edges = (month[:, None] + steps).astype("datetime64[D]") + offset[:, None]
    days = (edges - calendar.start).astype(np.int64)
    starts, ends = days[:, :-1], days[:, 1:]
    deadline_week = np.floor_divide(ends - accounts.notice[:, None], 7) - 1
    before = np.floor_divide(starts - accounts.notice[:, None], 7) - 1
    decision = np.where(accounts.monthly[:, None] == 1, deadline_week - before, DECISION_WEEKS)
    unused = starts >= horizon
    return Terms(
        starts=np.where(unused, NEVER, starts),
        ends=np.where(unused, NEVER, ends),
        deadline_week=np.where(unused, NEVER, deadline_week),
        decision_weeks=decision,
    )
