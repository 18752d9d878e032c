"""Books of many plain accounts, in which comparisons with others have enough of them, or just too few."""

from collections.abc import Sequence
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.property.corrections import Rows, corrected
from tests.property.dealings import LAST, OFFSETS, later
from tests.property.strategies import SmallBook, anchor
from tests.property.told import DAY, TICK, WEEK, Tables


def _attributes(dice: Random) -> dict[str, Any]:
    return {
        "segment": dice.choice([None, *["Small"] * 5, "Groß", "Groß"]),
        "industry": dice.choice([None, *["Mining"] * 5, "客"]),
        "acquired_via": dice.choice([None, *["partner"] * 4, "fair"]),
        "owner": dice.choice([None, "CSM 1", "CSM 2"]),
    }


def _versions(dice: Random, account: str, mark: str) -> Rows:
    """Return how the account is classed, and for some how it was classed later; some are known late."""
    created = LAST - 120 * WEEK
    changes = [LAST - weeks * WEEK + dice.choice(OFFSETS) for weeks in dice.sample([0, 1, 5, 9, 52, 53], 2)]
    known = dice.choice([None, None, None, created + TICK, LAST - 6 * WEEK])
    since = [known, *(change for change in changes if dice.random() < 0.2)]
    rows: Rows = []
    for valid_from in since:
        words = {name: text and text + mark for name, text in _attributes(dice).items()}
        rows.append({"account_id": account, "created_at": created, "valid_from": valid_from} | words)
    return rows


def _terms(dice: Random, account: str) -> Rows:
    """Return a contract that began about a year ago or earlier and mostly runs on."""
    started = LAST - dice.choice([*[100] * 8, 58, 57, 53, 52, 51, 26]) * WEEK + dice.choice(OFFSETS)
    ended = LAST - dice.choice([53, 52, 51, 50, 26, 5, 2, 1, 0, -4]) * WEEK + dice.choice(OFFSETS)
    row = {
        "account_id": account,
        "subscription_id": account,
        "started_at": started,
        "ends_at": ended if dice.random() < 0.3 and ended > started else None,
        "mrr": 10.0,
        "noticed_at": dice.choice([None, None, None, None, LAST - 3 * WEEK]),
        "seats": dice.choice([None, 4.0, 8.0, 8.0]),
        "recorded_at": later(started, dice.choice([None, None, None, -2 * WEEK, 3 * WEEK, 20 * WEEK])),
    }
    return corrected(dice, "subscriptions", [row], lambda dice, row: {"ends_at": dice.choice([None, ended])}, 0.2)


def _usage(dice: Random, account: str) -> Rows:
    """Return some weeks of logins and of use, waning for some."""
    rows: Rows = []
    for feature in ("login", "reports", "export"):
        for user in dice.choice([["u1"], ["u1", "u2"], ["u1", "u2", "u3"]]):
            last, every = dice.choice([0, 0, 0, 1, 4, 5, 8]), dice.choice([1, 1, 2])
            for week in range(last, dice.choice([14, 18, 26]), every):
                when = LAST - week * WEEK - DAY
                late = dice.choice([None, None, None, 2 * WEEK])
                rows.append(
                    {
                        "account_id": account,
                        "occurred_at": when,
                        "feature": feature,
                        "user_id": user,
                        "available_at": later(when, late),
                    }
                )
    return rows


def crowd(dice: Random, marks: Sequence[str] = ("",), size: int = 24) -> SmallBook:
    """Return per mark a crowd of accounts; crowds of different marks share no segment, owner or the like."""
    tables = SmallBook({"accounts": [], "subscriptions": [], "usage": []})
    for mark in marks:
        for number in range(size):
            account = f"{mark or 'c'}{number:02d}"
            tables["accounts"] += _versions(dice, account, mark)
            tables["subscriptions"] += _terms(dice, account)
            tables["usage"] += _usage(dice, account)
    for table, rows in anchor(dice, anchored=True).items():
        if table in tables:
            tables[table] += rows
    return tables


def crowds() -> st.SearchStrategy[Tables]:
    """Return books of one crowd, each thrown by dice of its own."""
    return st.builds(crowd, st.randoms(use_true_random=True))
