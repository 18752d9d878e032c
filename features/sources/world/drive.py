"""Drive: how much of an account's usual activity is there in each week."""

from dataclasses import dataclass

import numpy as np

from features.sources.world.arrays import Bools, Floats, Ints
from features.sources.world.book import Accounts, Calendar
from features.sources.world.health import CAUSES, Lives, cause_of, level_of

ENTITLED = (12, 18, 25)
"""How many of the product features a plan includes, from the most popular on."""
SHOWS = np.array([0.85, 0.8, 1.0, 0.7, 1.0, 0.15])
"""How much of the health shows in the use, by cause: of a tight budget hardly anything."""
USERS_LEFT = np.array([1.0, 0.96, 0.78, 0.56, 0.40])
SESSIONS_LEFT = np.array([1.0, 0.97, 0.82, 0.62, 0.46])
FEATURES_LEFT = np.array([1.0, 0.96, 0.83, 0.66, 0.50])
ADOPTION_FEATURES_LEFT = np.array([1.0, 0.88, 0.64, 0.42, 0.26])
ADOPTION, BAD_FIT = CAUSES.index("adoption"), CAUSES.index("fit")
USUAL_SESSIONS = 0.49
PAUSES_WEEKLY = 0.006
"""Weekly chance that an account pauses for some weeks without meaning anything by it."""
PAUSED = 0.4


@dataclass(frozen=True)
class Drive:
    """Accounts × weeks, and each account's features in the order in which it takes them up."""

    engaged: Floats
    """Share of users still there."""
    sessions: Floats
    """Factor on each user's own rate."""
    adopted: Floats
    """Number of product features in use."""
    order: Ints
    """accounts × features: what is adopted first and lost last."""


def draw_drive(
    rng: np.random.Generator, accounts: Accounts, lives: Lives, calendar: Calendar, activity: float
) -> Drive:
    """Draw what makes use go up and down: health, learning, season, pauses and plain noise."""
    count, weeks = lives.state.shape
    state = np.maximum(lives.state, 0)
    cause, level = cause_of(state), level_of(state)
    shows = SHOWS[cause]
    features_left = np.where(cause == ADOPTION, ADOPTION_FEATURES_LEFT[level], FEATURES_LEFT[level])
    age = np.maximum(np.arange(weeks) - accounts.joins[:, None], 0)
    own = np.exp(rng.normal(0.0, 0.5, (count, 1))) * np.exp(rng.normal(0.0, 0.10, (count, 1)) * age / 52)
    sessions = own * season(accounts.region, calendar) * _noise(rng, count, weeks) * _pauses(rng, count, weeks)
    return Drive(
        engaged=_follow(1 - shows * (1 - USERS_LEFT[level])),
        sessions=USUAL_SESSIONS * activity * sessions * _follow(1 - shows * (1 - SESSIONS_LEFT[level])),
        adopted=_learning(rng, accounts, cause == BAD_FIT, age) * _follow(1 - shows * (1 - features_left)),
        order=_orders(rng, accounts),
    )


def season(region: Ints, calendar: Calendar) -> Floats:
    """Return regions' share of usual use by week: August and the end of December are quiet."""
    middle = calendar.start + 7 * np.arange(calendar.weeks) + 3
    month = middle.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day = (middle - middle.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1
    august = np.where(month == 8, np.array([0.74, 0.88, 0.92])[region][:, None], 1.0)
    december = np.where(month == 12, np.where(day > 20, 0.45, 0.92), 1.0)
    january = np.where((month == 1) & (day <= 5), 0.7, 1.0)
    return august * december * january


def _follow(target: Floats) -> Floats:
    """Let use follow the health over some weeks instead of at once."""
    followed = target.copy()
    for week in range(1, target.shape[1]):
        followed[:, week] = 0.55 * followed[:, week - 1] + 0.45 * target[:, week]
    return followed


def _noise(rng: np.random.Generator, count: int, weeks: int) -> Floats:
    """Return accounts' own ups and downs: log-normal, correlated over some weeks."""
    shocks = rng.normal(0.0, 0.13, (count, weeks))
    for week in range(1, weeks):
        shocks[:, week] += 0.8 * shocks[:, week - 1]
    return np.exp(shocks)


def _pauses(rng: np.random.Generator, count: int, weeks: int) -> Floats:
    starts = rng.random((count, weeks)) < PAUSES_WEEKLY
    lasts = rng.integers(2, 7, (count, weeks))
    paused: Bools = np.zeros((count, weeks), dtype=np.bool_)
    for lag in range(6):
        paused[:, lag:] |= starts[:, : weeks - lag] & (lasts[:, : weeks - lag] > lag)
    return np.where(paused, PAUSED, 1.0)


def _learning(rng: np.random.Generator, accounts: Accounts, bad_fit: Bools, age: Ints) -> Floats:
    """Return how many features an account has taken up; a bad fit learns slowly and gets less far."""
    ceiling = np.array(ENTITLED)[accounts.plan] * rng.uniform(0.55, 1.0, len(accounts))
    speed = rng.uniform(4.0, 14.0, len(accounts))[:, None] * np.where(bad_fit, 2.6, 1.0)
    reach = _follow(np.where(bad_fit, 0.6, 1.0))
    return np.maximum(ceiling[:, None] * reach * (0.25 + 0.75 * (1 - np.exp(-age / speed))), 1.0)


def _orders(rng: np.random.Generator, accounts: Accounts) -> Ints:
    """Return 1 … 25 shuffled by taste, entitled features first; rank 25 repeats the last to keep indexes inside."""
    popularity = np.arange(ENTITLED[-1])[None, :] + rng.normal(0, 4, (len(accounts), ENTITLED[-1]))
    popularity += 1000 * (np.arange(ENTITLED[-1]) >= np.array(ENTITLED)[accounts.plan][:, None])
    order = 1 + np.argsort(popularity, axis=1)
    return np.concatenate([order, order[:, -1:]], axis=1)
