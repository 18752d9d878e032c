"""Arrivals: events reach the record within minutes, some days late, some twice, and a few are put right later."""

from dataclasses import dataclass

import numpy as np

from features.sources.world.arrays import DAY, Bools, Floats, Ints
from features.sources.world.book import Calendar
from features.sources.world.people import Users

FEATURES = (
    *("login", "dashboard", "search", "reports", "export", "alerts", "comments", "tasks", "calendar", "files"),
    *("templates", "approvals", "import", "mobile", "audit_log", "workflows", "integrations", "api", "forecasts"),
    *("segments", "scheduled_reports", "sso", "roles", "custom_fields", "benchmarks", "assistant"),
)
"""The login, then the product features from the most to the least popular."""
LAUNCHED = FEATURES.index("mobile")
"""Came out two thirds into the data."""
LATE = 0.03
LATE_DAYS = 10
TWICE = 0.005
CORRECTED = 0.001
CORRECTED_DAYS = 20


@dataclass(frozen=True)
class Events:
    """Events ordered by account and user; times in microseconds since day 0."""

    account: Ints
    user: Ints
    feature: Ints
    occurred: Ints
    available: Ints
    quantity: Floats
    copy: Bools
    """True for a later arrival of the event before it: the same once more, or corrected."""


def arrive(
    rng: np.random.Generator, columns: tuple[Ints, Ints, Ints, Ints, Floats], users: Users, calendar: Calendar
) -> Events:
    """Let events arrive within minutes, some days late, some twice.

    What has not arrived by the end is left out, and uses of a product feature before it came out.
    """
    account, user, feature, occurred, quantity = columns
    total = len(account)
    delay = 60e6 + rng.random(total) * 840e6
    late = np.nonzero(rng.random(total, dtype=np.float32) < LATE)[0]
    delay[late] = rng.random(len(late)) * (LATE_DAYS * DAY)
    available = occurred + delay.astype(np.int64)
    twice = rng.random(total, dtype=np.float32) < TWICE
    row = np.repeat(np.arange(total), 1 + twice)
    copy = np.zeros(len(row), dtype=np.bool_)
    copy[1:] = row[1:] == row[:-1]
    available = available[row]
    available[copy] += rng.integers(60_000_000, 2 * DAY, int(copy.sum()))
    out = (feature[row] != LAUNCHED) | (occurred[row] >= calendar.launch * DAY)
    keep = (available < calendar.days * DAY) & out
    row = row[keep]
    number = users.number[user[row]]
    return Events(account[row], number, feature[row], occurred[row], available[keep], quantity[row], copy[keep])


def put_right(rng: np.random.Generator, events: Events, users: Users, order: Ints, calendar: Calendar) -> Events:
    """Let a few events that came once come again later with another quantity, product feature or user."""
    total = len(events.account)
    rows = np.unique(rng.integers(0, max(total, 1), rng.binomial(total, CORRECTED)))
    available = events.available[rows] + (rng.uniform(1, CORRECTED_DAYS, len(rows)) * DAY).astype(np.int64)
    once = ~events.copy[rows] & ~np.append(events.copy[1:], False)[rows]
    keep = once & (available < calendar.days * DAY)
    rows, available = rows[keep], available[keep]
    account, user, feature = events.account[rows], events.user[rows], events.feature[rows]
    what = rng.integers(0, 3, len(rows))
    first = users.number[np.searchsorted(users.account, account)]
    moved, renamed = (what == 1) & (first != user), (what == 2) & (feature > 0)
    changed = {
        "account": account,
        "user": np.where(moved, first, user),
        "feature": np.where(renamed, _another(order[account], feature), feature),
        "occurred": events.occurred[rows],
        "available": available,
        "quantity": events.quantity[rows] + np.where(moved | renamed, 0, rng.integers(1, 4, len(rows))),
        "copy": np.ones(len(rows), dtype=np.bool_),
    }
    return Events(**{name: np.insert(getattr(events, name), rows + 1, values) for name, values in changed.items()})


def _another(order: Ints, feature: Ints) -> Ints:
    """Return the first product feature that the account took up, or the next that is neither `feature` nor young."""
    fits = (order[:, :3] != feature[:, None]) & (order[:, :3] != LAUNCHED)
    another: Ints = order[np.arange(len(order)), fits.argmax(axis=1)]
    return another
