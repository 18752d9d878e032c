"""Thrown surveys, trainings, touchpoints and invoices of one account: late, corrected, nameless, on the boundary."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.property.corrections import Rows, corrected
from tests.property.told import DAY, TICK, WEEK

LAST = datetime(2026, 3, 2)  # noqa: DTZ001 - every time here is naive UTC
OFFSETS = (timedelta(0), timedelta(0), TICK, -TICK, timedelta(days=3, hours=7))
DELAYS = (None, None, TICK, -2 * DAY, DAY, WEEK, 3 * WEEK, 9 * WEEK, 20 * WEEK)
EDGES = (0, 1, 2, 4, 8, 12, 13, 14, 17, 25, 26, 27, 39, 40, 51, 52, 53, 65, 66, 67, 90, 100)
"""Weeks at which some window begins or ends, and their neighbours."""
PEOPLE = (None, "c1", "c2", "ç3 客")


def time(dice: Random, first: int, last: int) -> datetime:
    """Return an instant on, just before, just after or between the week ends from `first` to `last` before LAST."""
    return LAST - dice.randint(last, first) * WEEK + dice.choice(OFFSETS)


def edge(dice: Random) -> datetime:
    """Return an instant near a week end where windows begin or end, or somewhere in the future."""
    return LAST - dice.choice([*EDGES, -1, -2, dice.randint(0, 40)]) * WEEK + dice.choice(OFFSETS)


def later(time: datetime | None, delay: timedelta | None) -> datetime | None:
    """Return a time some delay after another; None without either."""
    return None if time is None or delay is None else time + delay


def _named(dice: Random, account: str, number: int, when: datetime) -> dict[str, Any]:
    """Return who the row is about, its own name if it has one, and when it was recorded."""
    return {
        "account_id": account,
        "event_id": dice.choice([None, f"{account}-{number}", f"{account}-{number}"]),
        "recorded_at": later(when, dice.choice(DELAYS)),
    }


def _once(rows: Rows) -> Rows:
    """Return the rows without those that say nothing new: nameless twins are one row."""
    return [row for place, row in enumerate(rows) if row not in rows[:place]]


def _answer(dice: Random) -> dict[str, Any]:
    kind = dice.choice(["nps", "nps", "NPS", "csat", "Csat", "ces"])
    return {
        "kind": kind,
        "score": dice.choice([0.0, 5.5, 6.0, 7.0, 8.0, 9.0, 10.0]),
        "contact_id": dice.choice(PEOPLE),
    }


def surveys(dice: Random, account: str) -> Rows:
    """Return up to seven answers."""
    rows: Rows = []
    for number in range(dice.randint(0, 7)):
        when = rows[-1]["answered_at"] if rows and dice.random() < 0.2 else edge(dice)
        rows.append({"answered_at": when} | _answer(dice) | _named(dice, account, number, when))
    return corrected(dice, "surveys", _once(rows), lambda dice, row: _answer(dice) | _moved(dice, "answered_at", row))


def _moved(dice: Random, column: str, row: dict[str, Any]) -> dict[str, Any]:
    """Sometimes return another time for the event, which a correction tells."""
    return {column: row[column] + dice.choice([-9, -1, 1, 13]) * WEEK} if dice.random() < 0.3 else {}


def _course(dice: Random) -> dict[str, Any]:
    course = dice.choice([None, "Basics", "Certified user", "ADMIN CERTIFICATION", "zertif"])
    return {"contact_id": dice.choice(PEOPLE), "course": course}


def trainings(dice: Random, account: str) -> Rows:
    """Return up to seven trainings."""
    rows: Rows = []
    for number in range(dice.randint(0, 7)):
        when = edge(dice)
        rows.append({"completed_at": when} | _course(dice) | _named(dice, account, number, when))
    return corrected(
        dice, "trainings", _once(rows), lambda dice, row: _course(dice) | _moved(dice, "completed_at", row)
    )


def _touch(dice: Random) -> dict[str, Any]:
    return {
        "kind": dice.choice(["qbr", "QBR", "call", "Call", "email", "survey", "survey"]),
        "initiated_by": dice.choice([None, "us", "account", "Customer", "them", "client"]),
        "kept": dice.choice([None, True, False]),
        "contact_id": dice.choice(PEOPLE),
    }


def touchpoints(dice: Random, account: str) -> Rows:
    """Return up to ten touches, missed ones and invitations to surveys among them."""
    rows: Rows = []
    for number in range(dice.randint(0, 10)):
        when = edge(dice)
        rows.append({"occurred_at": when} | _touch(dice) | _named(dice, account, number, when))
    return corrected(
        dice, "touchpoints", _once(rows), lambda dice, row: _touch(dice) | _moved(dice, "occurred_at", row)
    )


def _payment(dice: Random, due: datetime) -> dict[str, Any]:
    delays = (None, None, timedelta(0), TICK, -3 * DAY, 4 * DAY, WEEK, 13 * WEEK, 40 * WEEK)
    paid = edge(dice) if dice.random() < 0.3 else later(due, dice.choice(delays))
    return {"amount": dice.choice([None, 0.0, 100.0, 250.5]), "paid_at": paid}


def invoices(dice: Random, account: str) -> Rows:
    """Return up to seven invoices, paid early, on time, late or never."""
    rows: Rows = []
    for number in range(dice.randint(0, 7)):
        when = edge(dice)
        rows.append({"due_at": when} | _payment(dice, when) | _named(dice, account, number, when))
    return corrected(
        dice, "invoices", _once(rows), lambda dice, row: _payment(dice, row["due_at"]) | _moved(dice, "due_at", row)
    )


DEALINGS = {"surveys": surveys, "trainings": trainings, "touchpoints": touchpoints, "invoices": invoices}
"""What is thrown for each of these tables."""
