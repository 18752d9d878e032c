"""What is not as it was: rows of closed weeks that a source has changed since they were read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from features.book import Book
from features.calendar import WEEK, WEEKDAYS
from features.contract import TABLES, Column, Table
from features.sources.problems import Problem

Digests = Mapping[str, Mapping[date, tuple[int, str]]]

FILLED_LATER: Mapping[str, Mapping[str, str]] = {
    "subscriptions": {"noticed_at": "noticed_at"},
    "outcomes": {"noticed_at": "noticed_at"},
    "contacts": {"ended_at": "ended_at"},
    "tickets": {"closed_at": "closed_at", "reopened_at": "reopened_at", "csat": "closed_at"},
    "invoices": {"paid_at": "paid_at"},
    "interventions": {"ended_at": "ended_at"},
}
"""Columns that a source fills in place when something happens, with the time from which on they are seen."""


@dataclass(frozen=True)
class Change:
    """Rows of one table that became known in a week that was closed, and are not what they were."""

    table: str
    week: date
    before: int
    after: int

    def to_problem(self, snapshots: Sequence[date]) -> Problem:
        """Return the change as a warning; `snapshots` are the as-of dates whose snapshots are kept."""
        touched = sum(as_of >= self.week for as_of in snapshots)
        rows = f"{self.before:,} rows then, {self.after:,} now" if self.before != self.after else f"{self.after:,} rows"
        says = f"what had become known in the week before {self.week} is not what it was when it was read ({rows})"
        fix = (
            f"{touched:,} kept {'snapshot was' if touched == 1 else 'snapshots were'} computed with what it was and "
            "stay; the new ones are computed with what it is: give rows that change an available time of their own"
        )
        return Problem(self.table, "", "changed_history", "warning", says, fix)


def table_digests(book: Book, until: date, weekday: str) -> Digests:
    """Return per small table and week how many rows became known in it, and a digest of them, as seen at `until`."""
    return {table.name: _digests(book, table, until, weekday) for table in TABLES.values() if _counts(book, table)}


def changed_rows(before: Digests, book: Book, read_at: date, closed: date, weekday: str) -> list[Change]:
    """Return the closed weeks whose rows are not what they were when they were read as of `read_at`."""
    changes = []
    for name, weeks in before.items():
        now = _digests(book, TABLES[name], read_at, weekday) if book.has(name) else {}
        for week in sorted({*weeks, *now}):
            old, new = weeks.get(week, (0, "")), now.get(week, (0, ""))
            if week <= closed and old != new:
                changes.append(Change(name, week, old[0], new[0]))
    return changes


def _counts(book: Book, table: Table) -> bool:
    return table.name != "usage" and bool(table.event) and book.has(table.name)


def _digests(book: Book, table: Table, until: date, weekday: str) -> dict[date, tuple[int, str]]:
    seen = ", ".join(_seen(table, column, until) for column in table.columns)
    # Weeks begin on the weekday at which the one before ends.
    shift = WEEKDAYS.index(weekday)
    week = f"date_trunc('week', known_at - INTERVAL {shift} DAY) + INTERVAL {shift + WEEK.days} DAY"
    rows = book.con.execute(f"""
        SELECT CAST({week} AS DATE), count(*), CAST(sum(hash({seen})::HUGEINT) AS VARCHAR)
        FROM "{table.name}" WHERE known_at < TIMESTAMP '{until}' GROUP BY ALL""").fetchall()
    return {end: (count, digest) for end, count, digest in rows}


def _seen(table: Table, column: Column, until: date) -> str:
    time = FILLED_LATER.get(table.name, {}).get(column.name)
    return f"CASE WHEN {time} < TIMESTAMP '{until}' THEN {column.name} END" if time else column.name
