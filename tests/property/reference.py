"""What one account had shown before one instant, found the slow and obvious way: plain loops over plain rows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
TICK = timedelta(microseconds=1)
SEVERE = {"high", "urgent", "critical", "blocker", "1", "p1", "sev1"}


def event_time(table: str, row: Row) -> datetime:
    """Return when the row's event happened, or its state began."""
    name = {"accounts": "created_at", "usage": "occurred_at", "tickets": "opened_at", "outcomes": "effective_at"}.get(
        table, "started_at"
    )
    found: datetime = row[name]
    return found


def known_at(table: str, row: Row) -> datetime:
    """Return the first instant at which the row may be seen."""
    happened = event_time(table, row)
    if table == "usage":
        return max(happened, row.get("available_at") or happened)
    told: datetime | None = {
        "accounts": row.get("valid_from"),
        "subscriptions": row.get("recorded_at"),
        "contacts": row.get("recorded_at"),
        "outcomes": row.get("recorded_at"),
    }.get(table)
    return told or happened


def first_copies(usage: Iterable[Row]) -> list[Row]:
    """Return the events without their repeats: of each event_id the copy that was known first."""
    kept: list[Row] = []
    named: dict[str, Row] = {}
    for row in usage:
        name = row.get("event_id")
        if name is None:
            kept.append(row)
        elif name not in named or known_at("usage", row) < known_at("usage", named[name]):
            named[name] = row
    return kept + list(named.values())


class Past:
    """What `account` had shown before `instant`."""

    def __init__(self, tables: Tables, account: str, instant: datetime) -> None:
        self.tables, self.account, self.instant = tables, account, instant

    def earlier(self, weeks: int) -> "Past":
        """Return what the account had shown `weeks` before."""
        return Past(self.tables, self.account, self.instant - weeks * WEEK)

    def happened(self, time: datetime | None) -> bool:
        """Say whether a time has come."""
        return time is not None and time < self.instant

    def days_since(self, time: datetime) -> float:
        """Return the days from a time to the instant."""
        return (self.instant - time) / DAY

    def weeks_ago(self, time: datetime) -> int:
        """Return 0 for the last week before the instant, 1 for the one before it, and so on."""
        return (self.instant - time - TICK) // WEEK

    def within(self, time: datetime | None, weeks: int, lag: int = 0) -> bool:
        """Say whether a time lies in the `weeks` that ended `lag` weeks ago."""
        return self.happened(time) and lag <= self.weeks_ago(time) < lag + weeks  # type: ignore[arg-type]

    def rows(self, table: str) -> list[Row]:
        """Return the account's rows that had happened and were known."""
        mine = [row for row in self.tables.get(table, ()) if row["account_id"] == self.account]
        return [row for row in mine if self.happened(event_time(table, row)) and self.happened(known_at(table, row))]

    # Use ----------------------------------------------------------------------------------------------------------

    @cached_property
    def events(self) -> list[Row]:
        """Return the account's events, each once."""
        mine = [row for row in first_copies(self.tables["usage"]) if row["account_id"] == self.account]
        return [row for row in mine if self.happened(known_at("usage", row))]

    @cached_property
    def login_rows(self) -> list[Row]:
        """Return the logins; all events where nobody's logins had been recorded."""
        anybody = [row for row in self.tables["usage"] if self.happened(known_at("usage", row))]
        if not any(row["feature"] == "login" for row in anybody):
            return self.events
        return [row for row in self.events if row["feature"] == "login"]

    def amount(self, rows: Iterable[Row], weeks: int, lag: int = 0) -> float:
        """Return the quantities of a window added up; a row without one counts once."""
        inside = [row for row in rows if self.within(row["occurred_at"], weeks, lag)]
        return sum(1.0 if row.get("quantity") is None else row["quantity"] for row in inside)

    def logins(self, weeks: int, lag: int = 0) -> float:
        """Return the logins of a window."""
        return self.amount(self.login_rows, weeks, lag)

    def tracked(self, weeks: int = 1) -> bool:
        """Say whether use had been recorded for at least `weeks`."""
        return any(self.weeks_ago(row["occurred_at"]) >= weeks - 1 for row in self.events)

    def active_weeks(self, member: str, weeks: int, lag: int = 0) -> dict[str, int]:
        """Return per user or product feature in how many weeks of the window it was there."""
        found: dict[str, set[int]] = {}
        for row in self.events:
            name = row.get(member)
            if name is not None and not (member == "feature" and name == "login"):
                weeks_of = found.setdefault(name, set())
                if self.within(row["occurred_at"], weeks, lag):
                    weeks_of.add(self.weeks_ago(row["occurred_at"]))
        return {name: len(weeks_of) for name, weeks_of in found.items()}

    def distinct(self, member: str, weeks: int, lag: int = 0) -> int:
        """Return how many different users or product features were there in the window."""
        return sum(count > 0 for count in self.active_weeks(member, weeks, lag).values())

    # States -------------------------------------------------------------------------------------------------------

    def terms(self) -> list[Row]:
        """Return the contracts in force."""
        return [row for row in self.rows("subscriptions") if row["ends_at"] is None or row["ends_at"] >= self.instant]

    def main_term(self) -> Row:
        """Return the contract in force that ends last, then the one that began last."""
        return max(
            self.terms(),
            key=lambda row: (row["ends_at"] is None, row["ends_at"] or row["started_at"], row["started_at"]),
        )

    def total(self, column: str, times: float = 1) -> float | None:
        """Return a column of the contracts in force added up; None where none gives it."""
        given = [times * row[column] for row in self.terms() if row.get(column) is not None]
        return sum(given) if given else None

    def sponsors(self) -> list[Row]:
        """Return everybody who had become a sponsor."""
        return [row for row in self.rows("contacts") if row["role"].lower() == "sponsor"]

    def sponsors_left(self) -> list[Row]:
        """Return the sponsors who had left."""
        return [row for row in self.sponsors() if self.happened(row.get("ended_at"))]

    def in_office(self) -> bool:
        """Say whether a sponsor was in office."""
        return len(self.sponsors()) > len(self.sponsors_left())

    def tickets(self, column: str, weeks: int, lag: int = 0) -> list[Row]:
        """Return the tickets that were opened, closed or reopened (by column) in the window."""
        return [row for row in self.rows("tickets") if self.within(row.get(column), weeks, lag)]

    def open_tickets(self) -> list[Row]:
        """Return the tickets that had not been closed."""
        return [row for row in self.rows("tickets") if not self.happened(row.get("closed_at"))]

    def attribute(self, name: str) -> Any:
        """Return an attribute of the account as its latest known version gives it."""
        versions = [row for row in self.tables["accounts"] if row["account_id"] == self.account]
        known = [row for row in versions if self.happened(known_at("accounts", row))]
        return max(known, key=lambda row: known_at("accounts", row)).get(name) if known else None

    def entitled(self) -> set[str]:
        """Return the product features that the plan includes."""
        rows = self.tables.get("entitlements", ())
        return {row["feature"] for row in rows if row["plan"] == self.attribute("plan")} - {"login"}

    # Cohort -------------------------------------------------------------------------------------------------------

    def tenure(self) -> float:
        """Return the days since the first contract began."""
        return self.days_since(min(row["started_at"] for row in self.rows("subscriptions")))

    def is_scored(self, minimum_tenure_days: int) -> bool:
        """Say whether the account is in the cohort: under contract for long enough, and no notice given."""
        if not self.terms() or self.tenure() < minimum_tenure_days:
            return False
        return not self.happened(self.main_term().get("noticed_at"))


EXPECTED: dict[str, Callable[[Past], float]] = {}
"""The expected value of every feature, by its name."""


def expected(define: Callable[[Past], float]) -> Callable[[Past], float]:
    """Note the function as what the feature of its name should be."""
    EXPECTED[define.__name__] = define
    return define
