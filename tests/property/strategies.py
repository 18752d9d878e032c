"""Small books with everything in them that goes wrong: late, repeated, skewed, unicode, on the boundary."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.property.reference import TICK, WEEK, Tables

LAST = datetime(2026, 3, 2)  # noqa: DTZ001 - every time here is naive UTC
ACCOUNTS = ("A1", "Ünï 客户", "o'Neil; --")
FEATURES = ("login", "login", "reports", "export", "Größe")
AS_OF_WEEKS = (0, 1, 5, 13, 27)
"""Weeks before LAST at which a snapshot may be asked for."""

ANCHOR = "first user"
"""An account that logged in once, years ago, so that every book has the same weeks."""

_OFFSETS = st.sampled_from([timedelta(0), timedelta(0), TICK, -TICK, timedelta(days=3, hours=7)])
_DELAYS = st.sampled_from(
    [None, None, TICK, -timedelta(days=2), timedelta(days=1), WEEK, 3 * WEEK, 9 * WEEK, 20 * WEEK]
)


def times(first: int, last: int) -> st.SearchStrategy[datetime]:
    """Return instants on, just before, just after or between the week ends from `first` to `last` weeks before LAST."""
    return st.builds(lambda weeks, offset: LAST - weeks * WEEK + offset, st.integers(last, first), _OFFSETS)


def _later(time: datetime | None, delay: timedelta | None) -> datetime | None:
    return None if time is None or delay is None else time + delay


@st.composite
def usage(draw: st.DrawFn, account: str) -> list[dict[str, Any]]:
    """Return weekly habits, some with holes, some late, some sent twice, and single events."""
    rows: list[dict[str, Any]] = []
    for habit in range(draw(st.integers(0, 5))):
        first = draw(times(70, -1))
        feature, user = draw(st.sampled_from(FEATURES)), draw(st.sampled_from([None, "u1", "u2", "ü3"]))
        delay, quantity = draw(_DELAYS), draw(st.sampled_from([None, None, 0.0, 0.25, 3.0]))
        every, copies = draw(st.sampled_from([1, 1, 2, 3])), draw(st.sampled_from([None, None, WEEK, 6 * WEEK]))
        for turn in range(draw(st.sampled_from([1, 2, 5, 9, 14, 30]))):
            when = first + turn * every * WEEK
            name = None if copies is None else f"{account}-{habit}-{turn}"
            row = {
                "account_id": account,
                "occurred_at": when,
                "feature": feature,
                "user_id": user,
                "quantity": quantity,
                "event_id": name,
                "available_at": _later(when, delay),
            }
            rows.append(row)
            if copies is not None:
                rows.append(row | {"available_at": (row["available_at"] or when) + copies})
    return rows


@st.composite
def terms(draw: st.DrawFn, account: str) -> list[dict[str, Any]]:
    """Return one to three contracts: in a row, overlapping, with gaps, open-ended, recorded early or late."""
    rows = []
    for number in range(draw(st.integers(1, 3))):
        started = draw(times(90, -6))
        length = draw(st.sampled_from([None, 4 * WEEK, 13 * WEEK, 52 * WEEK, 53 * WEEK, timedelta(days=365)]))
        rows.append(
            {
                "account_id": account,
                "subscription_id": f"{account}-{number}",
                "started_at": started + number * TICK,
                "ends_at": _later(started, length),
                "mrr": draw(st.sampled_from([0.0, 10.0, 25.5])),
                "seats": draw(st.sampled_from([None, 1.0, 4.0, 10.0])),
                "auto_renew": draw(st.sampled_from([None, True, False])),
                "notice_days": draw(st.sampled_from([None, 0.0, 30.0, 90.0])),
                "noticed_at": draw(st.one_of(st.none(), st.none(), st.none(), times(20, -2))),
                "recorded_at": _later(started, draw(st.sampled_from([None, None, -4 * WEEK, 2 * WEEK]))),
            }
        )
    return rows


@st.composite
def contacts(draw: st.DrawFn, account: str) -> list[dict[str, Any]]:
    """Return up to three contacts, most of them sponsors, some recorded late, some gone."""
    rows = []
    for number in range(draw(st.integers(0, 3))):
        started = draw(times(70, -2))
        rows.append(
            {
                "account_id": account,
                "contact_id": f"c{number}",
                "role": draw(st.sampled_from(["sponsor", "sponsor", "Sponsor", "admin"])),
                "started_at": started,
                "ended_at": _later(started, draw(st.sampled_from([None, timedelta(0), WEEK, 9 * WEEK, 26 * WEEK]))),
                "recorded_at": _later(started, draw(_DELAYS)),
            }
        )
    return rows


@st.composite
def tickets(draw: st.DrawFn, account: str) -> list[dict[str, Any]]:
    """Return up to five tickets, some closed, rated or reopened."""
    rows = []
    for number in range(draw(st.integers(0, 5))):
        opened = draw(times(40, -1))
        closed = _later(opened, draw(st.sampled_from([None, timedelta(0), TICK, timedelta(days=2), 5 * WEEK])))
        rows.append(
            {
                "account_id": account,
                "ticket_id": f"{account}-{number}",
                "opened_at": opened,
                "closed_at": closed,
                "severity": draw(st.sampled_from([None, "High", "URGENT", "low", "p1"])),
                "csat": None if closed is None else draw(st.sampled_from([None, 0.0, 3.0, 5.0])),
                "reopened_at": _later(opened, draw(st.sampled_from([None, WEEK, 8 * WEEK]))),
            }
        )
    return rows


@st.composite
def versions(draw: st.DrawFn, account: str) -> list[dict[str, Any]]:
    """Return the account's attributes and one or two later versions of them."""
    created = LAST - 120 * WEEK
    changes = draw(st.lists(times(40, -1), max_size=2, unique=True))
    return [
        {
            "account_id": account,
            "created_at": created,
            "name": account,
            "owner": draw(st.sampled_from(["Kim", "Ola"])),
            "plan": draw(st.sampled_from(["basic", "full", "bespoke"])),
            "valid_from": valid_from,
        }
        for valid_from in [created, *changes]
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


@st.composite
def books(draw: st.DrawFn) -> Tables:
    """Return the tables of a small book."""
    long_ago = LAST - 130 * WEEK
    tables = SmallBook(
        {
            "accounts": [{"account_id": ANCHOR, "created_at": long_ago}],
            "subscriptions": [],
            "usage": [{"account_id": ANCHOR, "occurred_at": long_ago, "feature": "login"}],
            "contacts": [],
            "tickets": [],
            "entitlements": list(ENTITLEMENTS),
        }
    )
    for account in ACCOUNTS:
        tables["accounts"] += draw(versions(account))
    for account in ACCOUNTS[: draw(st.integers(1, len(ACCOUNTS)))]:
        tables["subscriptions"] += draw(terms(account))
        tables["usage"] += draw(usage(account))
        tables["contacts"] += draw(contacts(account))
        tables["tickets"] += draw(tickets(account))
    return tables


def as_of_weeks() -> st.SearchStrategy[list[int]]:
    """Return one to three of AS_OF_WEEKS."""
    return st.lists(st.sampled_from(AS_OF_WEEKS), min_size=1, max_size=3, unique=True)
