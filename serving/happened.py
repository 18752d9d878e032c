"""What happened: the events of accounts in words, and what became of each published list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Insert, delete, func, insert, select, union_all
from sqlalchemy.dialects import postgresql, sqlite

from serving.publish import CURRENT
from serving.schema import list_rows, lists, not_scored, pointers
from serving.schema_history import account_events, list_maturity, list_outcomes
from serving.store import writing

if TYPE_CHECKING:
    import pandas as pd

CHURN = "churn"
LEFT_VIEW = "left view"
BATCH = 10_000


@dataclass(frozen=True)
class AccountEvent:
    """One thing that happened to an account, in words."""

    kind: str
    """ticket, sponsor, contract, survey, touchpoint or outcome."""
    on: date
    known_on: date
    text: str


@dataclass(frozen=True)
class ListOutcome:
    """What became of one account of a list: `churn` or `left view`, in the `days`-th day after its as-of date."""

    kind: str
    days: int


@dataclass(frozen=True)
class OpenList:
    """A published list whose horizon has not fully matured."""

    list_id: int
    as_of: date
    outcome: str
    """Digest of the outcome contract it was made under."""
    accounts: tuple[str, ...]


@dataclass(frozen=True)
class FollowUp:
    """What became of a list as far as it was known by a day."""

    list_id: int
    known_by: date
    matured_days: int
    outcomes: Mapping[str, ListOutcome]
    """Per account, only of those that are not still there."""


def events_of(connection: Connection, account_id: str, until: date) -> list[AccountEvent]:
    """Return what was known about the account before the as-of date `until`, the newest first."""
    one = select(*(account_events.c[name] for name in AccountEvent.__dataclass_fields__)).where(
        account_events.c.account_id == account_id, account_events.c.known_on < until, account_events.c.on < until
    )
    newest = one.order_by(account_events.c.on.desc(), account_events.c.known_on.desc(), account_events.c.id.desc())
    return [AccountEvent(*row) for row in connection.execute(newest)]


def outcomes_of(connection: Connection, list_ids: Iterable[int]) -> dict[int, dict[str, ListOutcome]]:
    """Return per list and account what became of it; an account that is not named is still there."""
    found: dict[int, dict[str, ListOutcome]] = {list_id: {} for list_id in list_ids}
    for row in connection.execute(select(list_outcomes).where(list_outcomes.c.list_id.in_(found))):
        found[row.list_id][row.account_id] = ListOutcome(row.kind, row.days)
    return found


def maturity(connection: Connection) -> dict[int, tuple[date, int]]:
    """Return per followed list the day by which its outcomes were known, and how many days of them are final."""
    return {row.list_id: (row.known_by, row.matured_days) for row in connection.execute(select(list_maturity))}


def open_lists(connection: Connection, known_by: date, horizon_days: int) -> list[OpenList]:
    """Return the lists from before `known_by` that have not matured to the horizon, oldest first.

    A list that was followed up to a later day already is left out: it knows more than that day can say.
    """
    done = maturity(connection)
    before = connection.execute(
        select(lists.c.id, lists.c.as_of, lists.c.outcome).where(lists.c.as_of < known_by).order_by(lists.c.as_of)
    )
    found = []
    for list_id, as_of, outcome in before.all():
        followed_to, matured = done.get(list_id, (as_of, 0))
        if matured < horizon_days and followed_to <= known_by:
            accounts = connection.scalars(select(list_rows.c.account_id).where(list_rows.c.list_id == list_id))
            found.append(OpenList(list_id, as_of, outcome, tuple(accounts)))
    return found


def last_seen(connection: Connection, accounts: Sequence[str], known_by: date) -> dict[str, date]:
    """Return per account the newest week up to `known_by` whose list had it, scored or not."""
    seen: dict[str, date] = {}
    for start in range(0, len(accounts), BATCH):
        some = accounts[start : start + BATCH]
        rows = union_all(
            *(select(t.c.account_id, t.c.list_id).where(t.c.account_id.in_(some)) for t in (list_rows, not_scored))
        ).subquery()
        newest = (
            select(rows.c.account_id, func.max(lists.c.as_of))
            .join(lists, lists.c.id == rows.c.list_id)
            .where(lists.c.as_of <= known_by)
            .group_by(rows.c.account_id)
        )
        seen.update((account, week) for account, week in connection.execute(newest))
    return seen


def newest_event(connection: Connection, before: date) -> date | None:
    """Return the last day before an as-of date on which an event that is kept could be known."""
    newest = select(func.max(account_events.c.known_on)).where(account_events.c.known_on < before)
    found: date | None = connection.scalar(newest)
    return found


def keep(engine: Engine, events: pd.DataFrame, follow_ups: Sequence[FollowUp]) -> int:
    """Keep the events that are not there yet, replace what is known of each list, and return how many events were new.

    `events` has the columns digest, account_id, kind, on, known_on and text. All in one transaction; one writer at a
    time, as with publishing.
    """
    with writing(engine).begin() as connection:
        connection.execute(select(pointers.c.list_id).where(pointers.c.name == CURRENT).with_for_update())
        before = connection.scalar(select(func.count()).select_from(account_events)) or 0
        columns = [str(name) for name in events.columns]
        values = zip(*(events[name].tolist() for name in columns), strict=True)
        _write(connection, _unless_there(connection), [dict(zip(columns, row, strict=True)) for row in values])
        for each in follow_ups:
            _follow(connection, each)
        after = connection.scalar(select(func.count()).select_from(account_events)) or 0
    return after - before


def _unless_there(connection: Connection) -> Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(account_events).on_conflict_do_nothing(index_elements=["digest"])
    return sqlite.insert(account_events).on_conflict_do_nothing(index_elements=["digest"])


def _follow(connection: Connection, follow_up: FollowUp) -> None:
    for table in (list_outcomes, list_maturity):
        connection.execute(delete(table).where(table.c.list_id == follow_up.list_id))
    rows = [
        {"list_id": follow_up.list_id, "account_id": account, **asdict(outcome)}
        for account, outcome in follow_up.outcomes.items()
    ]
    _write(connection, insert(list_outcomes), rows)
    reached = {name: getattr(follow_up, name) for name in ("list_id", "known_by", "matured_days")}
    connection.execute(insert(list_maturity), reached)


def _write(connection: Connection, statement: Insert, rows: Sequence[Mapping[str, Any]]) -> None:
    for start in range(0, len(rows), BATCH):
        connection.execute(statement, rows[start : start + BATCH])
