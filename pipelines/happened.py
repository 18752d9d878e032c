"""The step after publishing: keeps what happened to accounts and what became of the lists before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from features.calendar import WEEK
from features.contract import TABLES
from features.outcome import INTERVALS
from pipelines.account_events import account_events
from pipelines.journal import Done
from pipelines.week import reach

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Connection

    from features.book import Book
    from features.outcome import OutcomeContract
    from pipelines.settings import Settings
    from serving.happened import FollowUp, ListOutcome, OpenList

FIRST_WEEKS = 52
"""Weeks of events that a first run keeps; no run keeps an event that happened longer ago."""
AGAIN_WEEKS = 8
"""Weeks that a later run reads once more, for rows that came late without a recorded time that says so."""
HORIZON_DAYS = INTERVALS[-1][1]
STAGES = (0, *(end for _, end in INTERVALS))
"""Days after its as-of date up to which a list can be mature."""


@dataclass(frozen=True)
class Happened:
    """What one run kept."""

    events: int
    """Events that were not there yet."""
    lists: int
    """Lists whose outcomes were brought up to date."""
    other_contract: int
    """Lists that are not followed, because they were made under another outcome contract."""

    def to_json(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {"events": self.events, "lists": self.lists, "other_contract": self.other_contract}


def happened(book: "Book", as_of: date, settings: "Settings") -> Done[Happened]:
    """Keep what could be known before the as-of date: events of accounts, and what became of the lists before it."""
    from features.labels import outcomes
    from serving.happened import keep, newest_event, open_lists
    from serving.store import open_database

    engine, contract = open_database(settings.database_url), settings.outcome
    with engine.connect() as connection:
        newest = newest_event(connection, as_of)
        found = open_lists(connection, as_of, HORIZON_DAYS)
        ours = [each for each in found if each.outcome == contract.digest]
        followed = follow_up(connection, book, ours, outcomes(book, contract), contract, as_of) if ours else []
    oldest = as_of - FIRST_WEEKS * WEEK
    since = oldest if newest is None else max(oldest, newest - AGAIN_WEEKS * WEEK)
    currency = settings.risk_list.currency
    events = account_events(book, as_of, since=since, oldest=oldest, contract=contract, currency=currency)
    new = keep(engine, events, followed)
    return Done(Happened(new, len(followed), len(found) - len(ours)), new)


def follow_up(
    connection: "Connection",
    book: "Book",
    open_lists: "Sequence[OpenList]",
    known: "pd.DataFrame",
    contract: "OutcomeContract",
    as_of: date,
) -> "list[FollowUp]":
    """Return what became of each list as far as its labels were final before the as-of date."""
    import pandas as pd

    from features.labels import label
    from serving.happened import FollowUp, last_seen

    spine = [(account, pd.Timestamp(each.as_of)) for each in open_lists for account in each.accounts]
    index = pd.MultiIndex.from_tuples(spine, names=["account_id", "as_of"])
    days = label(known, index, contract, as_of)["days"].to_numpy()
    there = _in_view(book, as_of)
    gone = sorted({account for each in open_lists for account in each.accounts if account not in there})
    seen = last_seen(connection, gone, as_of)
    made, first = [], 0
    for each in open_lists:
        matured = _matured(each.as_of, as_of, contract)
        churned = dict(zip(each.accounts, days[first : first + len(each.accounts)], strict=True))
        first += len(each.accounts)
        left = {account: (seen[account] - each.as_of).days for account in gone if account in churned}
        made.append(FollowUp(each.list_id, as_of, matured, _became(churned, left, matured)))
    return made


def _in_view(book: "Book", as_of: date) -> set[str]:
    rows = book.con.execute("SELECT DISTINCT account_id FROM accounts WHERE known_at < $1", [as_of]).fetchall()
    return {account for (account,) in rows}


def _matured(list_as_of: date, as_of: date, contract: "OutcomeContract") -> int:
    """Return up to which day the list's outcomes had all been recorded."""
    followed = as_of - list_as_of - timedelta(days=contract.recording_lag_days)
    return max((days for days in STAGES if days <= followed.days), default=0)


def _became(churned: Mapping[str, float], left: Mapping[str, int], matured: int) -> "dict[str, ListOutcome]":
    """Return what became of a list's accounts within its matured days; instants [a, b) days on are days a+1 … b."""
    from serving.happened import CHURN, LEFT_VIEW, ListOutcome

    found = {account: ListOutcome(CHURN, int(days) + 1) for account, days in churned.items() if days < matured}
    for account, days in left.items():
        if account not in found and max(days, 1) <= matured:
            found[account] = ListOutcome(LEFT_VIEW, max(days, 1))
    return found


def table_reach(book: "Book", as_of: date) -> dict[str, str]:
    """Return per table that is given the day (ISO) of its last row before the as-of date, as far as known by then."""
    days = {table: _last_day(book, table, as_of) for table in TABLES if TABLES[table].event and book.has(table)}
    return {table: day.isoformat() for table, day in days.items() if day is not None}


def _last_day(book: "Book", table: str, as_of: date) -> date | None:
    if table == "usage":
        # Not from its view, which may hold no week that was read before: it ends as reported, or goes on past the week.
        return min(reach(book.report)[1], as_of - timedelta(days=1))
    event = TABLES[table].event
    query = f"SELECT CAST(max({event}) AS DATE) FROM {table} WHERE known_at < $1 AND {event} < $1"
    ((last,),) = book.con.execute(query, [as_of]).fetchall()
    found: date | None = last
    return found
