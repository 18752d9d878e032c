"""What anybody had told by an instant: plain loops over plain rows, and the clocks of every table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from features.contract import TABLES

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
TICK = timedelta(microseconds=1)
ALWAYS = datetime.min  # noqa: DTZ901 - every time here is naive UTC

EVENT = {
    "accounts": "created_at",
    "usage": "occurred_at",
    "tickets": "opened_at",
    "outcomes": "effective_at",
    "surveys": "answered_at",
    "trainings": "completed_at",
    "touchpoints": "occurred_at",
    "invoices": "due_at",
    "subscriptions": "started_at",
    "contacts": "started_at",
}
AVAILABLE = dict.fromkeys(EVENT, "recorded_at") | {
    "accounts": "valid_from",
    "usage": "available_at",
    "entitlements": "valid_from",
}
STATES = ("accounts", "subscriptions", "contacts", "outcomes")
"""Tables whose rows may be known before they begin."""
KEY = {
    "usage": ("event_id",),
    "tickets": ("ticket_id",),
    "surveys": ("event_id",),
    "trainings": ("event_id",),
    "touchpoints": ("event_id",),
    "invoices": ("event_id",),
    "subscriptions": ("account_id", "subscription_id", "started_at"),
    "contacts": ("account_id", "contact_id", "role", "started_at"),
    "outcomes": ("account_id", "kind", "effective_at"),
}
"""What names a row; a row with the same name that became known later is its correction."""


def event_time(table: str, row: Row) -> datetime:
    """Return when the row's event happened, or its state began."""
    found: datetime = row[EVENT[table]]
    return found


def known_at(table: str, row: Row) -> datetime:
    """Return the first instant at which the row may be seen."""
    told: datetime | None = row.get(AVAILABLE[table])
    if table == "entitlements":
        return told or ALWAYS
    happened = event_time(table, row)
    return told or happened if table in STATES else max(happened, told or happened)


def key_of(table: str, row: Row) -> tuple[Any, ...] | None:
    """Return what names the row; None where nothing does."""
    key = tuple(row.get(column) for column in KEY.get(table, ()))
    return None if not key or None in key else key


def _in_order(table: str, row: Row) -> list[tuple[bool, Any]]:
    """Return what orders rows that were known at once: their values, column by column, those not given last."""
    values = [row.get(name) for name in TABLES[table].names]
    return [(value is None, 0 if value is None else value) for value in values]


@dataclass
class Told:
    """Everything that anybody ever told, asked for what was known before an instant.

    `first`: tables whose available column is not mapped; of several rows with one name the first one counts there.
    """

    tables: Tables
    first: frozenset[str] = frozenset()
    _dated: dict[str, list[tuple[datetime, tuple[Any, ...] | None, Row]]] = field(default_factory=dict)
    _seen: dict[tuple[str, datetime], list[Row]] = field(default_factory=dict)
    _mine: dict[tuple[str, datetime], dict[str, list[Row]]] = field(default_factory=dict)

    @classmethod
    def without(cls, tables: Tables, absent: Sequence[str]) -> "Told":
        """Return what was told in tables that lack some columns, named as table.column."""
        gone = [name.split(".") for name in absent]
        kept = {
            table: [{name: value for name, value in row.items() if [table, name] not in gone} for row in rows]
            for table, rows in tables.items()
        }
        return cls(kept, frozenset(table for table, column in gone if AVAILABLE[table] == column))

    def dated(self, table: str) -> list[tuple[datetime, tuple[Any, ...] | None, Row]]:
        """Return when each row of a table became known, its name, and the row; the earliest known first."""
        if table not in self._dated:
            rows = [(known_at(table, row), key_of(table, row), row) for row in self.tables.get(table, ())]
            self._dated[table] = sorted(rows, key=lambda each: (each[0], _in_order(table, each[2])))
        return self._dated[table]

    def seen(self, table: str, instant: datetime) -> list[Row]:
        """Return the rows of everybody that were known: of several with one name the one that was known last."""
        if (table, instant) not in self._seen:
            nameless: list[Row] = []
            named: dict[tuple[Any, ...], Row] = {}
            for known, name, row in self.dated(table):
                if known >= instant:
                    break
                if name is None:
                    nameless.append(row)
                elif name not in named or table not in self.first:
                    named[name] = row
            self._seen[table, instant] = nameless + list(named.values())
        return self._seen[table, instant]

    def of(self, account: str, table: str, instant: datetime) -> list[Row]:
        """Return an account's rows that were known."""
        if (table, instant) not in self._mine:
            mine = self._mine[table, instant] = {}
            for row in self.seen(table, instant):
                mine.setdefault(row["account_id"], []).append(row)
        return self._mine[table, instant].get(account, [])

    def on_record(self, instant: datetime) -> set[str]:
        """Return the accounts that were known."""
        return {row["account_id"] for row in self.seen("accounts", instant)}

    def anybody(self, table: str, instant: datetime) -> list[Row]:
        """Return the known rows of all accounts on record."""
        known = self.on_record(instant)
        return [row for row in self.seen(table, instant) if row["account_id"] in known]
