"""Use: events of users, session by session, as far as the account's health lets them."""

import numpy as np

from features.sources.world.arrays import DAY, Ints
from features.sources.world.arrivals import FEATURES, Events, arrive, put_right
from features.sources.world.book import Accounts, Calendar
from features.sources.world.drive import Drive
from features.sources.world.people import Users

BULK = np.isin(FEATURES, ("export", "import", "api"))
"""Features whose rows may stand for several events at once."""
FEATURES_PER_SESSION = 2.6
WEEKDAYS = np.array([0.195, 0.205, 0.205, 0.195, 0.165, 0.02, 0.015])
OPENS = np.array([6, 12, 0])
"""First working hour by region, UTC."""


def draw_events(
    rng: np.random.Generator,
    fixes: np.random.Generator,
    accounts: Accounts,
    users: Users,
    drive: Drive,
    leaves: Ints,
    calendar: Calendar,
) -> Events:
    """Draw every event that is available before the data end."""
    user, week = _sessions(rng, users, drive)
    account = users.account[user]
    start = _session_starts(rng, week, accounts.region[account])
    day = start // DAY
    seen = (day >= np.maximum(accounts.begins, accounts.tracked_from)[account]) & (day < leaves[account])
    user, week, account, start = user[seen], week[seen], account[seen], start[seen]
    size = 1 + rng.geometric(1 / FEATURES_PER_SESSION, len(user))
    total = int(size.sum())
    session = np.repeat(np.arange(len(user)), size)
    position = np.arange(total) - np.repeat(np.cumsum(size) - size, size)
    known = np.ceil(drive.adopted[account, week] * users.breadth[user])
    rank = (known[session] * rng.random(total, dtype=np.float32) ** 1.7).astype(np.int64)
    feature = np.where(position == 0, 0, drive.order[account[session], rank])
    occurred = start[session] + position * 95_000_000 + (rng.random(total, dtype=np.float32) * 9e7).astype(np.int64)
    quantity = np.ones(total)
    bulk = np.nonzero(BULK[feature])[0]
    quantity[bulk] = rng.geometric(0.6, len(bulk))
    events = arrive(rng, (account[session], user[session], feature, occurred, quantity), users, calendar)
    return put_right(fixes, events, users, drive.order, calendar)


def _sessions(rng: np.random.Generator, users: Users, drive: Drive) -> tuple[Ints, Ints]:
    """Return the user (row) and the week of every session."""
    lasts = np.maximum(users.last_week - users.first_week, 0)
    cell_user = np.repeat(np.arange(len(lasts)), lasts)
    week = np.arange(len(cell_user)) - np.repeat(np.cumsum(lasts) - lasts - users.first_week, lasts)
    account = users.account[cell_user]
    engaged = users.patience[cell_user] < drive.engaged[account, week]
    cell_user, week, account = cell_user[engaged], week[engaged], account[engaged]
    sessions = rng.poisson(users.rate[cell_user] * drive.sessions[account, week])
    return np.repeat(cell_user, sessions), np.repeat(week, sessions)


def _session_starts(rng: np.random.Generator, week: Ints, region: Ints) -> Ints:
    """Return working-day instants; weekends are quiet."""
    count = len(week)
    weekday = np.searchsorted(np.cumsum(WEEKDAYS)[:-1], rng.random(count))
    hours = OPENS[region] + 5.5 * (rng.random(count) + rng.random(count))
    return (7 * week + weekday) * DAY + (hours * 3600e6).astype(np.int64)
