"""Thrown contracts, contacts, tickets and versions of one account: overlapping, recorded late, corrected, gone."""

from random import Random
from typing import Any

from tests.property.corrections import Rows, corrected
from tests.property.dealings import DELAYS, LAST, OFFSETS, later, time
from tests.property.told import DAY, TICK, WEEK

ACCOUNTS = ("A1", "Ünï 客户", "o'Neil; --")


def terms(dice: Random, account: str) -> Rows:
    """Return one to three contracts: in a row, overlapping, with gaps, open-ended, recorded early or late."""
    rows = []
    for number in range(dice.randint(1, 3)):
        first = number == 0
        weeks = dice.choice(
            [90, 80, 65, 65, 30, 20, 14, 13, 12] if first else [65, 58, 57, 53, 52, 51, 40, 18, 13, 5, 1, 0, -2]
        )
        started = LAST - weeks * WEEK + dice.choice(OFFSETS)
        lengths = [None, None, 78 * WEEK, 90 * WEEK] if first else [None, 4 * WEEK, 13 * WEEK, 52 * WEEK]
        recorded = dice.choice([None, None, -4 * WEEK, 2 * WEEK, 9 * WEEK, 30 * WEEK])
        rows.append(
            {
                "account_id": account,
                "subscription_id": f"{account}-{number}",
                "started_at": started + 3 * number * TICK,
                "ends_at": later(started, dice.choice([*lengths, 365 * DAY])),
                "mrr": dice.choice([0.0, 10.0, 25.5]),
                "seats": dice.choice([None, 1.0, 4.0, 10.0]),
                "auto_renew": dice.choice([None, True, False]),
                "notice_days": dice.choice([None, 0.0, 30.0, 90.0]),
                "noticed_at": dice.choice([None, None, time(dice, 6, -2)]),
                "discount_ends_at": dice.choice([None, None, time(dice, 30, -20)]),
                "recorded_at": later(started, recorded),
            }
        )
    return corrected(dice, "subscriptions", rows, _other_terms)


def _other_terms(dice: Random, row: dict[str, Any]) -> dict[str, Any]:
    return dice.choice(
        [
            {"ends_at": later(row["started_at"], dice.choice([None, 0 * DAY, 26 * WEEK, 52 * WEEK, 80 * WEEK]))},
            {"mrr": dice.choice([None, 0.0, 99.0]), "seats": dice.choice([None, 0.0, 7.0])},
            {"noticed_at": dice.choice([None, time(dice, 20, -2)]), "notice_days": 60.0},
            {"auto_renew": dice.choice([None, True, False]), "discount_ends_at": time(dice, 30, -20)},
        ]
    )


def contacts(dice: Random, account: str) -> Rows:
    """Return up to three contacts, most of them sponsors, some recorded late, some gone."""
    rows = []
    for number in range(dice.randint(0, 3)):
        started = time(dice, dice.choice([40, 40, 100]), -2)
        recorded = dice.choice([None, TICK, -WEEK, 3 * WEEK, 9 * WEEK, 30 * WEEK])
        rows.append(
            {
                "account_id": account,
                "contact_id": f"c{number}",
                "role": dice.choice(["sponsor", "sponsor", "Sponsor", "admin"]),
                "started_at": started,
                "ended_at": later(started, dice.choice([None, 0 * DAY, WEEK, 9 * WEEK, 26 * WEEK])),
                "recorded_at": later(started, recorded),
            }
        )
    return corrected(
        dice,
        "contacts",
        rows,
        lambda dice, row: {"ended_at": later(row["started_at"], dice.choice([None, TICK, WEEK, 20 * WEEK, 30 * WEEK]))},
    )


def tickets(dice: Random, account: str, moves: bool) -> Rows:
    """Return up to five tickets, some closed, rated or reopened."""
    rows = []
    for number in range(dice.randint(0, 5)):
        opened = time(dice, dice.choice([40, 40, 100]), -1)
        closed = later(opened, dice.choice([None, 0 * DAY, TICK, 2 * DAY, 5 * WEEK, 20 * WEEK]))
        rows.append(
            {
                "account_id": account,
                "ticket_id": f"{account}-{number}",
                "opened_at": opened,
                "closed_at": closed,
                "severity": dice.choice([None, "High", "URGENT", "low", "p1"]),
                "csat": None if closed is None else dice.choice([None, 0.0, 3.0, 5.0]),
                "reopened_at": later(opened, dice.choice([None, WEEK, 8 * WEEK])),
                "recorded_at": later(opened, dice.choice([None, None, *DELAYS])),
            }
        )
    return corrected(dice, "tickets", rows, lambda dice, row: _other_ticket(dice, row, moves))


def _other_ticket(dice: Random, row: dict[str, Any], moves: bool) -> dict[str, Any]:
    changes: Rows = [
        {"closed_at": later(row["opened_at"], dice.choice([None, DAY, 9 * WEEK])), "csat": 4.0},
        {"severity": dice.choice([None, "critical", "low"]), "csat": None if row["closed_at"] is None else 1.0},
        {"reopened_at": later(row["opened_at"], dice.choice([None, 2 * WEEK]))},
        {"account_id": dice.choice(ACCOUNTS)} if moves else {"closed_at": None, "csat": None},
    ]
    return dice.choice(changes)


def versions(dice: Random, account: str) -> Rows:
    """Return the account's attributes and one or two later versions of them; some accounts are known late."""
    created = LAST - 120 * WEEK
    known = dice.choice([None, created, created, time(dice, 30, -1)])
    changes = {time(dice, 30, -1), time(dice, 30, -1)} - {known}
    return [
        {
            "account_id": account,
            "created_at": created + dice.choice([0, 0, 30]) * (DAY if valid_from else 0 * DAY),
            "name": account,
            "owner": dice.choice([None, "CSM 1", "CSM 2"]),
            "plan": dice.choice(["basic", "full", "bespoke"]),
            "segment": dice.choice([None, "Small", "Groß"]),
            "industry": dice.choice([None, "Mining"]),
            "acquired_via": dice.choice([None, "partner"]),
            "icp_fit": dice.choice([None, "A", " b", "C ", "d", "E", "", "ab"]),
            "valid_from": valid_from,
        }
        for valid_from in [known, *sorted(changes)]
    ]
