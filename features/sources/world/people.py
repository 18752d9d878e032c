"""People: the users of an account, and the contacts we know by role."""

from dataclasses import dataclass

import numpy as np

from features.sources.world.arrays import DAY, NEVER, Floats, Ints, instants, segments
from features.sources.world.book import Accounts
from features.sources.world.health import CAUSES, Lives, cause_of, level_of

ROLES = ("admin", "billing", "sponsor", "key user")
SPONSOR, KEY_USER = ROLES.index("sponsor"), ROLES.index("key user")
USER_LEAVES_WEEKLY = 0.003
SPONSORLESS = 0.15
"""Share of accounts whose sponsors nobody recorded."""
ROTATION_WEEKLY = 0.0045
"""Weekly chance that a sponsor leaves and is replaced before it matters."""
REPLACED = 0.85
"""Share of recoveries from a sponsor's leaving that show as a new sponsor on record."""
STRANGER = 0.25
"""Share of leavings after which somebody is recorded as sponsor who never engages."""
MOST_KEY_USERS = 6
KEY_USER_LEAVES = np.array([0.0015, 0.0020, 0.0040, 0.0100, 0.0160])
"""Weekly chance by level."""


@dataclass(frozen=True)
class Users:
    """A shard's users, ordered by account; weeks are half-open and clipped to the data."""

    account: Ints
    number: Ints
    first_week: Ints
    last_week: Ints
    rate: Floats
    """Sessions in a usual week, before the account's own activity."""
    patience: Floats
    """0 … 1: users whose patience exceeds the engaged share of their account stop."""
    breadth: Floats


def draw_users(rng: np.random.Generator, accounts: Accounts, weeks: int) -> Users:
    """Draw users: most start within the first two months, later ones replace those who leave."""
    span = weeks - np.maximum(accounts.joins, 0)
    joiners = rng.poisson(accounts.users * USER_LEAVES_WEEKLY * np.maximum(span, 0))
    account, position = segments(accounts.users + joiners)
    early = position < accounts.users[account]
    count = len(account)
    delay = np.where(position == 0, 0, rng.geometric(0.28, count) - 1)
    later = np.maximum(accounts.joins[account], 0) + rng.random(count) * span[account]
    first = np.where(early, accounts.joins[account] + delay, later.astype(np.int64))
    first = np.maximum(first, 0)
    stays = np.where(position == 0, weeks, rng.geometric(USER_LEAVES_WEEKLY, count))
    return Users(
        account=account,
        number=accounts.number[account] * 10_000 + position,
        first_week=first,
        last_week=np.minimum(first + stays, weeks),
        rate=rng.gamma(0.9, 1.0, count) + 0.08,
        patience=np.where(position == 0, 0.0, rng.random(count)),
        breadth=rng.uniform(0.35, 1.0, count),
    )


@dataclass(frozen=True)
class Contacts:
    """Contact rows; `started` and `ended` are days, NEVER where open."""

    account: Ints
    role: Ints
    started: Ints
    ended: Ints


def draw_contacts(rng: np.random.Generator, accounts: Accounts, lives: Lives, leaves: Ints) -> Contacts:
    """Draw the contacts with their days; everybody leaves our records some weeks after the account does."""
    parts = [_chain(rng, accounts, lives), _second_sponsors(rng, accounts)]
    recorded = rng.random(len(accounts)) >= SPONSORLESS
    sponsors = np.concatenate(parts)
    sponsors = sponsors[recorded[sponsors[:, 0]]]
    others = [_staying(accounts, ROLES.index(role)) for role in ("admin", "billing")]
    rows = np.concatenate([sponsors, *others])
    account, role, started, ended = rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))].T
    gone = leaves[account] + rng.integers(5, 60, len(account))
    keep = started < np.minimum(leaves[account], 7 * lives.state.shape[1])
    ended = np.where((leaves[account] < NEVER) & (gone < ended), gone, ended)
    return Contacts(account[keep], role[keep], started[keep], ended[keep])


def draw_key_users(rng: np.random.Generator, accounts: Accounts, lives: Lives, leaves: Ints) -> Contacts:
    """Draw further contacts: more in larger accounts; they leave sooner when things go badly."""
    weeks = lives.state.shape[1]
    account, _ = segments(np.minimum(rng.poisson(0.4 * np.sqrt(accounts.users)), MOST_KEY_USERS))
    count = len(account)
    started = accounts.begins[account] + rng.exponential(150, count).astype(np.int64)
    level = level_of(np.maximum(lives.state[account], 0))
    goes = (rng.random((count, weeks)) < KEY_USER_LEAVES[level]) & (7 * np.arange(weeks) > started[:, None])
    ended = np.where(goes.any(axis=1), 7 * goes.argmax(axis=1) + rng.integers(0, 5, count), NEVER)
    gone = leaves[account] + rng.integers(5, 60, count)
    ended = np.where((leaves[account] < NEVER) & (gone < ended), gone, ended)
    keep = started < np.minimum(leaves[account], 7 * weeks)
    return Contacts(account[keep], np.full(int(keep.sum()), KEY_USER), started[keep], ended[keep])


@dataclass(frozen=True)
class Staff:
    """All contacts of a shard, ordered by account and role; microseconds since day 0, NEVER days where open."""

    account: Ints
    role: Ints
    started: Ints
    ended: Ints
    recorded: Ints

    @property
    def position(self) -> Ints:
        """The place of each contact among those of its account."""
        return np.arange(len(self.account)) - np.searchsorted(self.account, self.account)


def record_contacts(rng: np.random.Generator, contacts: Contacts) -> Staff:
    """Give contacts their hours and the time at which they were recorded."""
    started, ended = instants(rng, contacts.started), instants(rng, np.minimum(contacts.ended, NEVER))
    recorded = started + (rng.exponential(4.0, len(started)) * DAY).astype(np.int64)
    return Staff(contacts.account, contacts.role, started, ended, recorded)


def together(one: Staff, other: Staff) -> Staff:
    """Return the contacts of both."""
    joined = [np.concatenate([getattr(one, name), getattr(other, name)]) for name in Staff.__dataclass_fields__]
    order = np.lexsort((joined[1], joined[0]))
    return Staff(*(column[order] for column in joined))


def _staying(accounts: Accounts, role: int) -> Ints:
    ended = np.full(len(accounts), NEVER)
    return np.stack([np.arange(len(accounts)), np.full(len(accounts), role), accounts.signed, ended], axis=1)


def _second_sponsors(rng: np.random.Generator, accounts: Accounts) -> Ints:
    """Return one or two further sponsors for a third of the accounts; they come and go without harm."""
    account, _ = segments(rng.choice(3, len(accounts), p=[0.66, 0.24, 0.10]))
    started = accounts.begins[account] + rng.integers(0, 200, len(account))
    ended = started + rng.exponential(900, len(account)).astype(np.int64) + 30
    return np.stack([account, np.full(len(account), SPONSOR), started, ended], axis=1)


def _chain(rng: np.random.Generator, accounts: Accounts, lives: Lives) -> Ints:
    """Return the first sponsors and their successors.

    A sponsor ends when the cause `sponsor` begins or by harmless rotation; the successor comes when the cause ends,
    soon after a rotation, or as a stranger who changes nothing.
    """
    trouble = (lives.state >= 0) & (cause_of(lives.state) == CAUSES.index("sponsor"))
    before = np.zeros_like(trouble)
    before[:, 1:] = trouble[:, :-1]
    alive = lives.state >= 0
    rotates = alive & ~trouble & (rng.random(trouble.shape) < ROTATION_WEEKLY)
    shape = trouble.shape
    leaves = trouble & ~before
    recovers = before & ~trouble & (rng.random(shape) < REPLACED)
    strange = leaves & (rng.random(shape) < STRANGER)
    gap = np.where(rotates, rng.integers(-14, 28, shape), 0) + np.where(strange, rng.integers(28, 90, shape), 0)
    first = np.stack([np.arange(len(accounts)), accounts.signed], axis=1)
    comes = np.nonzero(rotates | recovers | strange)
    goes = np.nonzero(rotates | leaves)
    day = rng.integers(0, 7, shape)
    arrive = np.concatenate([first, np.stack([comes[0], 7 * comes[1] + day[comes] + gap[comes]], axis=1)])
    leave = np.stack([goes[0], 7 * goes[1] + day[goes]], axis=1)
    return _spells(arrive, leave)


def _spells(arrive: Ints, leave: Ints) -> Ints:
    """Pair each arrival with the account's first leaving that is more than 20 days later; rows as for contacts."""
    arrive = arrive[np.lexsort((arrive[:, 1], arrive[:, 0]))]
    leave = leave[np.lexsort((leave[:, 1], leave[:, 0]))]
    scale = 1 << 24
    offset = 1 << 22
    keys = leave[:, 0] * scale + leave[:, 1] + offset
    at = np.searchsorted(keys, arrive[:, 0] * scale + arrive[:, 1] + offset + 20)
    padded = np.append(leave, [[-1, NEVER]], axis=0)
    ended = np.where(padded[at, 0] == arrive[:, 0], padded[at, 1], NEVER)
    return np.stack([arrive[:, 0], np.full(len(arrive), SPONSOR), arrive[:, 1], ended], axis=1)
