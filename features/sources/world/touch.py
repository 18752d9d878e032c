"""Touch: what passes between an account and us: tickets, trainings, reviews and calls."""

from dataclasses import dataclass

import numpy as np

from features.sources.world.arrays import DAY, NEVER, Bools, Ints, instants
from features.sources.world.book import Accounts
from features.sources.world.health import CAUSES, Lives, cause_of, level_of

SEVERITIES = ("low", "normal", "high", "urgent")
COURSES = ("getting started", "administration", "reporting", "workflows", "integrations", "certified administrator")
CERTIFIED = COURSES.index("certified administrator")
CERTIFIED_SHARE = 0.16
"""Share of the trainings that end in a certificate."""
KINDS = ("qbr", "call", "email", "survey")
HAD = ("qbr", "call", "email")
SURVEY = KINDS.index("survey")
SPONSOR, SUPPORT, BAD_FIT = CAUSES.index("sponsor"), CAUSES.index("support"), CAUSES.index("fit")
TROUBLE = np.array([1.6, 2.2, 3.4, 4.2, 4.2])
"""Factor on the tickets of an account in support trouble, by level."""
FEWER = np.array([1.0, 1.0, 1.0, 0.9, 0.8])
HELD = np.array([0.90, 0.88, 0.72, 0.52, 0.40])
"""Share of quarterly reviews that are held, by level."""
CALLS = 0.12
"""Calls a week that are agreed; half of the share of reviews that are missed is missed of them."""


@dataclass(frozen=True)
class Moment:
    """Rows of one table: the account, the day and hour (microseconds since day 0) and how it stood at that time."""

    account: Ints
    at: Ints
    cause: Ints
    level: Ints


MOMENT = tuple(Moment.__dataclass_fields__)


def moments(rng: np.random.Generator, counts: Ints, accounts: Accounts, lives: Lives, leaves: Ints) -> Moment:
    """Return a moment for each count of an accounts × weeks array, while the account is under contract."""
    account, week = np.nonzero(counts)
    repeats = counts[account, week]
    account, week = np.repeat(account, repeats), np.repeat(week, repeats)
    day = 7 * week + np.minimum(rng.integers(0, 6, len(week)), 4)
    at = instants(rng, day)
    inside = (day >= accounts.begins[account]) & (day < leaves[account])
    state = np.maximum(lives.state[account, week], 0)[inside]
    return Moment(account[inside], at[inside], cause_of(state), level_of(state))


@dataclass(frozen=True)
class Tickets:
    """Ticket rows; microseconds since day 0, NEVER days where still open or never reopened; csat 0 without answer."""

    moment: Moment
    closed: Ints
    reopened: Ints
    severity: Ints
    csat: Ints


def draw_tickets(rng: np.random.Generator, accounts: Accounts, lives: Lives, leaves: Ints) -> Tickets:
    """Draw tickets: more, worse and slower ones in support trouble."""
    state = np.maximum(lives.state, 0)
    cause, level = cause_of(state), level_of(state)
    usual = 0.05 * np.sqrt(accounts.users) * rng.gamma(2.0, 0.5, len(accounts))
    factor = np.where(cause == SUPPORT, TROUBLE[level], FEWER[level])
    young = np.arange(state.shape[1]) - accounts.joins[:, None] < 10
    moment = moments(rng, rng.poisson(usual[:, None] * factor * np.where(young, 1.8, 1.0)), accounts, lives, leaves)
    trouble = moment.cause == SUPPORT
    count = len(moment.at)
    severity = np.minimum(rng.choice(4, count, p=[0.3, 0.45, 0.19, 0.06]) + (trouble & (rng.random(count) < 0.4)), 3)
    days = np.exp(rng.normal(0.6, 1.0, count)) * np.where(trouble, 2.2, 1.0)
    closed = moment.at + (days * DAY).astype(np.int64)
    reopens = rng.random(count) < np.where(trouble, 0.26, 0.06)
    reopened = closed + (rng.uniform(0.2, 6, count) * DAY).astype(np.int64)
    mood = 4.3 - 0.35 * moment.level - 0.5 * trouble - 0.5 * reopens + rng.normal(0, 0.9, count)
    answers = rng.random(count) < 0.35
    return Tickets(
        moment,
        closed=closed,
        reopened=np.where(reopens, reopened, NEVER * DAY),
        severity=severity,
        csat=np.where(answers, np.clip(np.round(mood), 1, 5), 0).astype(np.int64),
    )


def draw_trainings(
    rng: np.random.Generator, extra: np.random.Generator, accounts: Accounts, lives: Lives, leaves: Ints
) -> tuple[Moment, Ints]:
    """Draw trainings with their courses: most in the first quarter, fewer where the fit is bad."""
    state = np.maximum(lives.state, 0)
    age = np.arange(state.shape[1]) - accounts.joins[:, None]
    rate = np.where(age < 12, 0.22, 0.016) * np.array([1.0, 1.0, 0.7, 0.45, 0.25])[level_of(state)]
    rate = rate * np.where(cause_of(state) == BAD_FIT, 0.5, 1.0) * rng.gamma(3.0, 1 / 3, (len(accounts), 1))
    moment = moments(rng, rng.poisson(rate), accounts, lives, leaves)
    course = rng.integers(0, CERTIFIED, len(moment.at))
    return moment, np.where(extra.random(len(course)) < CERTIFIED_SHARE, CERTIFIED, course)


@dataclass(frozen=True)
class Touchpoints:
    """Touchpoint rows; `ours` is 1 where we began, `kept` 0 for a missed meeting and −1 where nothing can be missed."""

    moment: Moment
    kind: Ints
    ours: Ints
    kept: Ints


def draw_touchpoints(
    rng: np.random.Generator,
    extra: np.random.Generator,
    accounts: Accounts,
    lives: Lives,
    leaves: Ints,
    invitations: Moment,
) -> Touchpoints:
    """Draw quarterly reviews and calls, which are missed when things go badly, and emails; add the invitations."""
    state = np.maximum(lives.state, 0)
    cause, level = cause_of(state), level_of(state)
    due, held = _reviews(rng, accounts, cause, level)
    had = {
        "qbr": held,
        "call": rng.poisson(CALLS * (0.5 + 0.5 * HELD[level]), level.shape),
        "email": rng.poisson(0.20 * (0.4 + 0.6 * HELD[level]), level.shape),
    }
    missed = {"qbr": due & ~held, "call": extra.poisson(CALLS * 0.5 * (1 - HELD[level]), level.shape)}
    parts = [moments(rng, had[kind].astype(np.int64), accounts, lives, leaves) for kind in HAD]
    chance = rng.random(sum(len(part.at) for part in parts))
    parts += [moments(extra, counts.astype(np.int64), accounts, lives, leaves) for counts in missed.values()]
    parts.append(invitations)
    sizes = [len(part.at) for part in parts]
    moment = Moment(*(np.concatenate([getattr(part, name) for part in parts]) for name in MOMENT))
    ours = np.append(chance, extra.random(sum(sizes[3:]))) < 0.65 + 0.06 * moment.level
    kind = np.repeat([KINDS.index(each) for each in (*HAD, *missed, "survey")], sizes)
    order = np.lexsort((kind, moment.at, moment.account))
    return Touchpoints(
        Moment(*(getattr(moment, name)[order] for name in MOMENT)),
        kind[order],
        np.where(kind == SURVEY, 1, ours)[order],
        np.repeat([1, 1, -1, 0, 0, -1], sizes)[order],
    )


def _reviews(rng: np.random.Generator, accounts: Accounts, cause: Ints, level: Ints) -> tuple[Bools, Bools]:
    """Return in which weeks a quarterly review is due, and in which it is held."""
    quarter = (np.arange(level.shape[1]) - accounts.joins[:, None]) % 13
    due = quarter == rng.integers(3, 13, (len(accounts), 1))
    managed = (accounts.segment > 0)[:, None] | (rng.random((len(accounts), 1)) < 0.5)
    due = due & managed
    held = HELD[level] * np.where(cause == SPONSOR, 0.7, 1.0)
    return due, due & (rng.random(level.shape) < held)
