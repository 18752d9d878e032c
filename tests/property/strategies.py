"""Small books with everything in them that goes wrong: late, repeated, skewed, unicode, on the boundary."""

from collections.abc import Mapping
from itertools import product
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.property.corrections import Rows, corrected
from tests.property.dealings import DEALINGS, DELAYS, LAST, OFFSETS, later
from tests.property.records import ACCOUNTS, contacts, terms, tickets, versions
from tests.property.told import EVENT, TICK, WEEK, Tables

FEATURES = ("login", "reports", "export", "Größe")
AS_OF_WEEKS = (0, 1, 5, 13, 27)
"""Weeks before LAST at which a snapshot may be asked for."""

ANCHOR = "first user"
"""An account that was there long ago, so that every book has some use before each as-of date."""

USERS = ([None], ["u1"], ["u2"], ["u1", "u2"], ["ü3", "u1", "u4"])


def _usage(dice: Random, account: str, moves: bool) -> Rows:
    """Return habits that some users kept up for some weeks; late ones, ones sent twice, and ones put right later."""
    rows: Rows = []
    delays = dice.choice([DELAYS, DELAYS, [9 * WEEK]])
    for habit in range(dice.choice([0, 2, 3, 4, 5])):
        last = LAST - dice.choice([-2, 1, 2, 4, 5, 9, 13, 14, 20, 30, 53]) * WEEK + dice.choice(OFFSETS)
        every, turns = dice.choice([1, 1, 1, 2, 3]), dice.choice([1, 3, 5, 8, 13, 20, 40, 70])
        delay, quantity = dice.choice(delays), dice.choice([None, None, 0.0, 0.25, 3.0])
        copies = dice.choice([None, None, WEEK, 6 * WEEK])
        named = copies is not None or dice.random() < 0.3
        habits = list(product(range(turns), dice.choice(USERS), dice.sample(FEATURES, dice.choice([1, 1, 2]))))
        kept: Rows = []
        for turn, user, feature in habits:
            when = last - turn * every * WEEK
            row: dict[str, Any] = {
                "account_id": account,
                "occurred_at": when,
                "feature": feature,
                "user_id": user,
                "quantity": quantity,
                "event_id": f"{account}-{habit}-{turn}-{user}-{feature}" if named else None,
                "available_at": later(when, delay),
            }
            kept.append(row)
            if copies is not None:
                kept.append(row | {"available_at": (row["available_at"] or when) + copies})
        change = _put_right(dice, moves)
        rows += corrected(dice, "usage", kept, lambda dice, row: change, dice.choice([0, 0.1, 0.5, 1]))  # noqa: B023
    return rows + _straggler(dice, account)


def _straggler(dice: Random, account: str) -> Rows:
    """Return for some accounts one event from long before the others that became known only lately."""
    when = LAST - dice.choice([58, 70, 100]) * WEEK
    row = {
        "account_id": account,
        "occurred_at": when,
        "feature": dice.choice(FEATURES),
        "available_at": LAST - dice.choice([-1, 0, 1, 3, 5, 9]) * WEEK + dice.choice(OFFSETS),
    }
    return [row] if dice.random() < 0.4 else []


def _put_right(dice: Random, moves: bool) -> dict[str, Any]:
    """Return what a correction says differently: the week, who it was, what it was, how much, or of which account."""
    changes: Rows = [
        {"occurred_at": LAST - dice.choice([2, 5, 9, 14, 30, 53, 70]) * WEEK + dice.choice(OFFSETS)},
        {"user_id": dice.choice([None, "u1", "u5"])},
        {"feature": dice.choice(FEATURES)},
        {"quantity": dice.choice([None, 0.0, 7.0])},
        {"account_id": dice.choice(ACCOUNTS)} if moves else {"quantity": 2.0},
    ]
    return dice.choice(changes) | (dice.choice(changes) if dice.random() < 0.3 else {})


class SmallBook(dict[str, list[dict[str, Any]]]):
    """Tables that print as what they hold: one row a line, without its nulls."""

    def __repr__(self) -> str:
        told = [
            f"{table}: " + ", ".join(f"{key}={value}" for key, value in row.items() if value is not None)
            for table, rows in self.items()
            for row in rows
        ]
        return "\n".join(told)[:12_000]


def _entitlements(dice: Random) -> Rows:
    """Return what the plans include: some of it only from some time on."""
    included = [(plan, feature) for plan in ("basic", "full") for feature in ("reports", "export", "forecast", "login")]
    since = (None, LAST - 20 * WEEK, LAST - 5 * WEEK, LAST - 3 * WEEK, LAST - TICK, LAST)
    return [
        {"plan": plan, "feature": feature, "valid_from": dice.choice(since)}
        for plan, feature in included
        if plan == "full" or feature == "reports"
    ]


BEGUN: Mapping[str, dict[str, Any]] = {
    "contacts": {"contact_id": "first", "role": "admin"},
    "tickets": {"ticket_id": "first"},
    "surveys": {"kind": "ces", "score": 5.0},
    "trainings": {},
    "touchpoints": {"kind": "survey"},
    "invoices": {"amount": 1.0},
}
"""A row of every table that must have begun before it says anything."""


def anchor(dice: Random, anchored: bool) -> dict[str, Rows]:
    """Return the account that was there first, though perhaps known late.

    Anchored, it is known and began every table and product feature long ago.
    """
    began = LAST - (220 if anchored else dice.choice([29, 30, 64, 64, 130])) * WEEK
    known = None if anchored else dice.choice([None, None, LAST - dice.choice([-1, 0, 3, 5, 9]) * WEEK])
    rows: dict[str, Rows] = {
        "accounts": [{"account_id": ANCHOR, "created_at": began, "valid_from": known}],
        "usage": [{"account_id": ANCHOR, "occurred_at": began, "feature": "login" if anchored else "setup"}],
    }
    for feature in sorted(set(FEATURES)):
        since = began if anchored else LAST - dice.choice([-1, 4, 12, 13, 20, 21, 26, 27, 57, 90, 90, 90]) * WEEK
        rows["usage"].append({"account_id": ANCHOR, "occurred_at": since, "feature": feature})
    for table, row in BEGUN.items():
        since = began if anchored else LAST - dice.choice([-1, -1, 0, 1, 5, 28]) * WEEK + dice.choice(OFFSETS)
        rows[table] = [{"account_id": ANCHOR, EVENT[table]: since} | row]
    return rows


TABLES = ("accounts", "subscriptions", "usage", "contacts", "tickets", *DEALINGS)


def small_book(dice: Random, anchored: bool = False) -> SmallBook:
    """Return the tables of a small book; an anchored one has begun long ago, and no correction moves to an account."""
    tables = SmallBook({table: [] for table in TABLES} | {"entitlements": _entitlements(dice)})
    for account in ACCOUNTS:
        tables["accounts"] += versions(dice, account)
    for account in ACCOUNTS[: dice.randint(1, len(ACCOUNTS))]:
        tables["subscriptions"] += terms(dice, account)
        tables["usage"] += _usage(dice, account, not anchored)
        tables["contacts"] += contacts(dice, account)
        tables["tickets"] += tickets(dice, account, not anchored)
        for table, throw in DEALINGS.items():
            tables[table] += throw(dice, account)
    for table, rows in anchor(dice, anchored).items():
        tables[table] += rows
    return tables


def books(anchored: bool = False) -> st.SearchStrategy[Tables]:
    """Return small books, each thrown by dice of its own: drawing every cell through Hypothesis repeats itself."""
    return st.builds(small_book, st.randoms(use_true_random=True), st.just(anchored))


def as_of_weeks() -> st.SearchStrategy[list[int]]:
    """Return one to three of AS_OF_WEEKS."""
    return st.lists(st.sampled_from(AS_OF_WEEKS), min_size=1, max_size=3, unique=True)
