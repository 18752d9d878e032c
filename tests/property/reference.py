"""What one account had shown before one instant, found the slow and obvious way: plain loops over plain rows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from math import nan
from typing import Any

from tests.property.told import DAY, EVENT, TICK, WEEK, Row, Told, event_time, known_at

SEVERE = {"high", "urgent", "critical", "blocker", "1", "p1", "sev1"}


class Past:
    """What `account` had shown before `instant`."""

    def __init__(self, told: Told, account: str, instant: datetime) -> None:
        self.told, self.account, self.instant = told, account, instant

    def earlier(self, weeks: int) -> "Past":
        """Return what the account had shown `weeks` before."""
        return Past(self.told, self.account, self.instant - weeks * WEEK)

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
        return [row for row in self.told.of(self.account, table, self.instant) if self.happened(event_time(table, row))]

    def window(self, table: str, weeks: int, lag: int = 0, column: str = "") -> list[Row]:
        """Return the account's rows whose event, or the time in `column`, lies in the window."""
        time = column or EVENT[table]
        return [row for row in self.rows(table) if self.within(row.get(time), weeks, lag)]

    # Use ----------------------------------------------------------------------------------------------------------

    @cached_property
    def events(self) -> list[Row]:
        """Return the account's events, each once."""
        return self.rows("usage")

    @cached_property
    def login_rows(self) -> list[Row]:
        """Return the logins; all events where nobody's logins had been recorded."""
        if not any(row["feature"] == "login" for row in self.told.anybody("usage", self.instant)):
            return self.events
        return [row for row in self.events if row["feature"] == "login"]

    def amount(self, rows: Iterable[Row], weeks: int, lag: int = 0) -> float:
        """Return the quantities of a window added up; a row without one counts once."""
        inside = [row for row in rows if self.within(row["occurred_at"], weeks, lag)]
        return sum(1.0 if row.get("quantity") is None else row["quantity"] for row in inside)

    def logins(self, weeks: int, lag: int = 0) -> float:
        """Return the logins of a window."""
        return self.amount(self.login_rows, weeks, lag)

    def uses(self, weeks: int, lag: int = 0) -> float:
        """Return the events of a window."""
        return self.amount(self.events, weeks, lag)

    @cached_property
    def tracked_weeks(self) -> int:
        """Return for how many weeks use had been recorded."""
        return max((self.weeks_ago(row["occurred_at"]) + 1 for row in self.events), default=0)

    def feature_tracked_weeks(self, feature: str) -> int:
        """Return for how many weeks a product feature had been recorded: since its first use by anybody."""
        anybody = [row for row in self.told.anybody("usage", self.instant) if row["feature"] == feature]
        weeks = max((self.weeks_ago(row["occurred_at"]) + 1 for row in anybody), default=0)
        return min(weeks, self.tracked_weeks)

    def book_tracked_since(self) -> datetime | None:
        """Return when the first recorded use of anybody happened."""
        return min((row["occurred_at"] for row in self.told.anybody("usage", self.instant)), default=None)

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

    def steady_weeks(self, tracked: int, weeks: int, lag: int = 0) -> dict[str, int]:
        """Return the active weeks of the product features that had been recorded for long enough."""
        active = self.active_weeks("feature", weeks, lag)
        return {name: count for name, count in active.items() if self.feature_tracked_weeks(name) >= tracked}

    def distinct(self, member: str, weeks: int, lag: int = 0) -> int:
        """Return how many different users or product features were there in the window."""
        return sum(count > 0 for count in self.active_weeks(member, weeks, lag).values())

    def steady(self, tracked: int, weeks: int, lag: int = 0) -> int:
        """Return how many different product features, recorded for long enough, were used in the window."""
        return sum(count > 0 for count in self.steady_weeks(tracked, weeks, lag).values())

    def users(self, weeks: int, lag: int = 0) -> int:
        """Return how many different people were there in the window."""
        return self.distinct("user_id", weeks, lag)

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

    def first_start(self) -> datetime:
        """Return the start of the first contract."""
        found: datetime = min(row["started_at"] for row in self.rows("subscriptions"))
        return found

    def sponsors(self) -> list[Row]:
        """Return everybody who had become a sponsor."""
        return [row for row in self.rows("contacts") if row["role"].lower() == "sponsor"]

    def left(self, contacts: Iterable[Row]) -> list[Row]:
        """Return those of the contacts who had left."""
        return [row for row in contacts if self.happened(row.get("ended_at"))]

    def in_office(self) -> bool:
        """Say whether a sponsor was in office."""
        return len(self.sponsors()) > len(self.left(self.sponsors()))

    def open_tickets(self) -> list[Row]:
        """Return the tickets that had not been closed."""
        return [row for row in self.rows("tickets") if not self.happened(row.get("closed_at"))]

    def attribute(self, name: str) -> Any:
        """Return an attribute of the account as its latest known version gives it."""
        known = self.told.of(self.account, "accounts", self.instant)
        return max(known, key=lambda row: known_at("accounts", row)).get(name) if known else None

    def entitled(self) -> set[str]:
        """Return the product features that the plan includes."""
        rows = self.told.seen("entitlements", self.instant)
        return {row["feature"] for row in rows if row["plan"] == self.attribute("plan")} - {"login"}

    # Words --------------------------------------------------------------------------------------------------------

    def scores(self, kind: str, weeks: int, lag: int = 0) -> list[float]:
        """Return the scores of a window's answers of one kind."""
        return [row["score"] for row in self.window("surveys", weeks, lag) if row["kind"].lower() == kind]

    def held(self, *kinds: str, weeks: int = 0, lag: int = 0) -> list[Row]:
        """Return the touches (of these kinds, in the window) that took place; a survey is none."""
        rows = self.window("touchpoints", weeks, lag) if weeks else self.rows("touchpoints")
        took_place = [row for row in rows if row.get("kept") is not False and row["kind"].lower() != "survey"]
        return [row for row in took_place if not kinds or row["kind"].lower() in kinds]

    def paid(self, invoice: Row) -> bool:
        """Say whether an invoice had been paid."""
        return self.happened(invoice.get("paid_at"))

    def overdue(self) -> list[Row]:
        """Return the invoices that were due and unpaid."""
        return [row for row in self.rows("invoices") if not self.paid(row)]

    # Onboarding ---------------------------------------------------------------------------------------------------

    def weeks_after_start(self, weeks: int) -> "Past | None":
        """Return what had been shown `weeks` after the week of the first start ended; None while that lies ahead."""
        back = self.weeks_ago(self.first_start()) - weeks
        return self.earlier(back) if back >= 0 else None

    def steps(self) -> int:
        """Return how many product features had ever been used."""
        return len({row["feature"] for row in self.events} - {"login"})

    # Cohort -------------------------------------------------------------------------------------------------------

    def tenure(self) -> float:
        """Return the days since the first contract began."""
        return self.days_since(self.first_start())

    def is_scored(self, minimum_tenure_days: int) -> bool:
        """Say whether the account is in the cohort: under contract for long enough, and no notice given."""
        if self.account not in self.told.on_record(self.instant):
            return False
        if not self.terms() or self.tenure() < minimum_tenure_days:
            return False
        return not self.happened(self.main_term().get("noticed_at"))


@dataclass(frozen=True)
class Definition:
    """What a feature should be: its value where `history` weeks of use and some row of every table `of` are known."""

    compute: Callable[[Past], float]
    history: int
    of: tuple[str, ...]
    unless: Callable[[Past], bool] | None

    def untracked(self, past: Past) -> bool:
        """Say whether what the feature is made of was not recorded yet."""
        begun = all(past.told.anybody(table, past.instant) for table in self.of)
        return past.tracked_weeks < self.history or not begun or bool(self.unless and self.unless(past))

    def value(self, past: Past) -> float:
        """Return the feature; NaN where it is missing or not tracked."""
        return nan if self.untracked(past) else self.compute(past)


def ratio(part: float | None, whole: float | None) -> float:
    """Return part/whole; NaN where one is not there or the whole is not above zero."""
    return nan if part is None or not whole or whole <= 0 else part / whole


def drop(recent: float, baseline: float) -> float:
    """Return 1 − recent/baseline, at least −1; NaN without a baseline."""
    return nan if baseline <= 0 else max(1 - recent / baseline, -1.0)


EXPECTED: dict[str, Definition] = {}
"""What every feature should be, by its name."""


def expected(
    *of: str, history: int = 0, unless: Callable[[Past], bool] | None = None
) -> Callable[[Callable[[Past], float]], Callable[[Past], float]]:
    """Note the function as what the feature of its name should be."""

    def note(compute: Callable[[Past], float]) -> Callable[[Past], float]:
        EXPECTED[compute.__name__] = Definition(compute, history, of, unless)
        return compute

    return note
