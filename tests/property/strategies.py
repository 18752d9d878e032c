"""Small books with everything in them that goes wrong: late, repeated, skewed, unicode, on the boundary."""

from datetime import datetime, timedelta
from itertools import product
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.property.reference import TICK, WEEK, Tables

LAST = datetime(2026, 3, 2)  # noqa: DTZ001 - every time here is naive UTC
ACCOUNTS = ("A1", "Ünï 客户", "o'Neil; --")
FEATURES = ("login", "login", "reports", "export", "Größe")
AS_OF_WEEKS = (0, 1, 5, 13, 27)
"""Weeks before LAST at which a snapshot may be asked for."""

ANCHOR = "first user"
"""An account that logged in once, long ago, so that every book has some use before each as-of date."""

_OFFSETS = [timedelta(0), timedelta(0), TICK, -TICK, timedelta(days=3, hours=7)]
_DELAYS = [None, None, TICK, -timedelta(days=2), timedelta(days=1), WEEK, 3 * WEEK, 9 * WEEK, 20 * WEEK]


def _time(dice: Random, first: int, last: int) -> datetime:
    """Return an instant on, just before, just after or between the week ends from `first` to `last` before LAST."""
    return LAST - dice.randint(last, first) * WEEK + dice.choice(_OFFSETS)


def _later(time: datetime | None, delay: timedelta | None) -> datetime | None:
    return None if time is None or delay is None else time + delay


USERS = ([None], ["u1"], ["u2"], ["u1", "u2"], ["ü3", "u1", "u4"])


def _usage(dice: Random, account: str) -> list[dict[str, Any]]:
    """Return habits that some users kept up for some weeks until some weeks ago; late ones, and ones sent twice."""
    rows: list[dict[str, Any]] = []
    delays = dice.choice([_DELAYS, _DELAYS, [9 * WEEK]])
    for habit in range(dice.randint(0, 5)):
        last = LAST - dice.choice([-2, 1, 2, 4, 5, 9, 13, 14, 20, 30]) * WEEK + dice.choice(_OFFSETS)
        every, turns = dice.choice([1, 1, 1, 2, 3]), dice.choice([1, 3, 5, 8, 13, 20, 40])
        delay, quantity = dice.choice(delays), dice.choice([None, None, 0.0, 0.25, 3.0])
        copies = dice.choice([None, None, WEEK, 6 * WEEK])
        feature, users = dice.choice(FEATURES), dice.choice(USERS)
        for turn, user in product(range(turns), users):
            when = last - turn * every * WEEK
            row = {
                "account_id": account,
                "occurred_at": when,
                "feature": feature,
                "user_id": user,
                "quantity": quantity,
                "event_id": None if copies is None else f"{account}-{habit}-{turn}-{user}",
                "available_at": _later(when, delay),
            }
            rows.append(row)
            if copies is not None:
                rows.append(row | {"available_at": (row["available_at"] or when) + copies})
    return rows


def _terms(dice: Random, account: str) -> list[dict[str, Any]]:
    """Return one to three contracts: in a row, overlapping, with gaps, open-ended, recorded early or late."""
    rows = []
    for number in range(dice.randint(1, 3)):
        first = number == 0
        weeks = dice.choice([90, 80, 65] if first else [65, 58, 57, 53, 52, 51, 40, 18, 13, 5, 1, 0, -2])
        started = LAST - weeks * WEEK + dice.choice(_OFFSETS)
        lengths = [None, None, 78 * WEEK, 90 * WEEK] if first else [None, 4 * WEEK, 13 * WEEK, 52 * WEEK]
        recorded = dice.choice([None, None, -4 * WEEK, 2 * WEEK, 9 * WEEK, 30 * WEEK])
        rows.append(
            {
                "account_id": account,
                "subscription_id": f"{account}-{number}",
                "started_at": started + number * TICK,
                "ends_at": _later(started, dice.choice([*lengths, timedelta(days=365)])),
                "mrr": dice.choice([0.0, 10.0, 25.5]),
                "seats": dice.choice([None, 1.0, 4.0, 10.0]),
                "auto_renew": dice.choice([None, True, False]),
                "notice_days": dice.choice([None, 0.0, 30.0, 90.0]),
                "noticed_at": dice.choice([None, None, None, _time(dice, 20, -2)]),
                "recorded_at": _later(started, recorded),
            }
        )
    return rows


def _contacts(dice: Random, account: str) -> list[dict[str, Any]]:
    """Return up to three contacts, most of them sponsors, some recorded late, some gone."""
    rows = []
    for number in range(dice.randint(0, 3)):
        started = _time(dice, 40, -2)
        recorded = dice.choice([None, TICK, -WEEK, 3 * WEEK, 9 * WEEK, 30 * WEEK])
        rows.append(
            {
                "account_id": account,
                "contact_id": f"c{number}",
                "role": dice.choice(["sponsor", "sponsor", "Sponsor", "admin"]),
                "started_at": started,
                "ended_at": _later(started, dice.choice([None, timedelta(0), WEEK, 9 * WEEK, 26 * WEEK])),
                "recorded_at": _later(started, recorded),
            }
        )
    return rows


def _tickets(dice: Random, account: str) -> list[dict[str, Any]]:
    """Return up to five tickets, some closed, rated or reopened."""
    rows = []
    for number in range(dice.randint(0, 5)):
        opened = _time(dice, 40, -1)
        closed = _later(opened, dice.choice([None, timedelta(0), TICK, timedelta(days=2), 5 * WEEK]))
        rows.append(
            {
                "account_id": account,
                "ticket_id": f"{account}-{number}",
                "opened_at": opened,
                "closed_at": closed,
                "severity": dice.choice([None, "High", "URGENT", "low", "p1"]),
                "csat": None if closed is None else dice.choice([None, 0.0, 3.0, 5.0]),
                "reopened_at": _later(opened, dice.choice([None, WEEK, 8 * WEEK])),
            }
        )
    return rows


def _versions(dice: Random, account: str) -> list[dict[str, Any]]:
    """Return the account's attributes and one or two later versions of them."""
    created = LAST - 120 * WEEK
    changes = {_time(dice, 30, -1), _time(dice, 30, -1)}
    return [
        {
            "account_id": account,
            "created_at": created,
            "name": account,
            "owner": dice.choice(["CSM 1", "CSM 2"]),
            "plan": dice.choice(["basic", "full", "bespoke"]),
            "valid_from": valid_from,
        }
        for valid_from in [created, *sorted(changes)]
    ]


class SmallBook(dict[str, list[dict[str, Any]]]):
    """Tables that print as what they hold: one row a line, without its nulls."""

    def __repr__(self) -> str:
        told = [
            f"{table}: " + ", ".join(f"{key}={value}" for key, value in row.items() if value is not None)
            for table, rows in self.items()
            for row in rows
        ]
        return "\n".join(told)[:12_000]


ENTITLEMENTS = [
    {"plan": "basic", "feature": "reports"},
    {"plan": "full", "feature": "reports"},
    {"plan": "full", "feature": "export"},
    {"plan": "full", "feature": "forecast"},
    {"plan": "full", "feature": "login"},
]


def small_book(dice: Random) -> SmallBook:
    """Return the tables of a small book."""
    tables = SmallBook(
        {
            "accounts": [],
            "subscriptions": [],
            "usage": [],
            "contacts": [],
            "tickets": [],
            "entitlements": list(ENTITLEMENTS),
        }
    )
    for account in ACCOUNTS:
        tables["accounts"] += _versions(dice, account)
    for account in ACCOUNTS[: dice.randint(1, len(ACCOUNTS))]:
        tables["subscriptions"] += _terms(dice, account)
        tables["usage"] += _usage(dice, account)
        tables["contacts"] += _contacts(dice, account)
        tables["tickets"] += _tickets(dice, account)
    long_ago = LAST - dice.choice([30, 47, 130]) * WEEK
    tables["accounts"].append({"account_id": ANCHOR, "created_at": long_ago})
    tables["usage"].append({"account_id": ANCHOR, "occurred_at": long_ago, "feature": "login"})
    return tables


def books() -> st.SearchStrategy[Tables]:
    """Return small books, each thrown by dice of its own: drawing every cell through Hypothesis repeats itself."""
    return st.builds(small_book, st.randoms(use_true_random=True))


def as_of_weeks() -> st.SearchStrategy[list[int]]:
    """Return one to three of AS_OF_WEEKS."""
    return st.lists(st.sampled_from(AS_OF_WEEKS), min_size=1, max_size=3, unique=True)
