"""Rows told once more, later and differently: what a source does when it puts something right."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

from tests.property.told import AVAILABLE, DAY, TICK, WEEK, key_of, known_at

Rows = list[dict[str, Any]]
Change = Callable[[Random, dict[str, Any]], dict[str, Any]]

LATER = (TICK, DAY, WEEK, WEEK, 3 * WEEK, 6 * WEEK, 20 * WEEK)


def corrected(dice: Random, table: str, rows: Rows, change: Change, share: float = 0.3) -> Rows:
    """Return the rows and, for a share of those with a name, one or two corrections; no two are known at once."""
    told = {(key_of(table, row), known_at(table, row)) for row in rows}
    more: Rows = []
    for row in rows:
        if key_of(table, row) is None or dice.random() > share:
            continue
        last = row
        for _ in range(dice.choice([1, 1, 2])):
            changed = change(dice, last) if dice.random() < 0.8 else row
            version = correction(table, last | changed, dice.choice(LATER), last)
            moment = (key_of(table, version), known_at(table, version))
            if moment not in told and known_at(table, version) > known_at(table, last):
                told.add(moment)
                more.append(version)
                last = version
    return rows + more


def correction(table: str, row: dict[str, Any], delay: timedelta, of: dict[str, Any]) -> dict[str, Any]:
    """Return the row as it was told `delay` after the row that it corrects was known."""
    return row | {AVAILABLE[table]: known_at(table, of) + delay}
