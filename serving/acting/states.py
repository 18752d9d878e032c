"""Where an account stands after everything that was said and done about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Select, select

from serving.schema_acting import account_states, actions

ASKED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class AccountState:
    """The state of one account; None is what nobody has said."""

    stage: str | None = None
    stage_since: datetime | None = None
    csm_band: str | None = None
    csm_reason: str | None = None
    csm_since: datetime | None = None
    csm_by: str | None = None
    snooze_until: date | None = None
    next_action: str | None = None
    next_due: date | None = None
    notes: int = 0
    last_action: int = 0
    """The newest action about the account, also where it was taken back."""

    def final_band(self, automated: str) -> str:
        """Return the band that counts: the CSM's where they gave one."""
        return self.csm_band or automated

    def is_snoozed(self, today: date) -> bool:
        """Say whether the account is put off beyond today."""
        return self.snooze_until is not None and self.snooze_until > today

    def stage_days(self, at: datetime, zone: str = "UTC") -> int | None:
        """Return how many days ago, by a zone's calendar, the account came into this stage."""
        if self.stage_since is None:
            return None
        now, then = (moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date() for moment in (at, self.stage_since))
        return max(0, (now - then).days)


COLUMNS = tuple(AccountState.__dataclass_fields__)


def fold(ledger: Iterable[Row[Any]]) -> AccountState:
    """Return the state after the rows of one account in the order of their ids; what was taken back never was."""
    rows = sorted(ledger, key=lambda row: row.id)
    undone = {row.undoes for row in rows if row.undoes is not None}
    state = AccountState()
    for row in rows:
        if row.id not in undone and row.kind != "undo":
            state = _after(state, row.kind, row.detail, row.at, row.actor)
        state = replace(state, last_action=row.id)
    return state


def read_states(connection: Connection, accounts: Sequence[str]) -> dict[str, AccountState]:
    """Return the states of those accounts that somebody has acted on."""
    found: dict[str, AccountState] = {}
    for start in range(0, len(accounts), ASKED_AT_ONCE):
        query = _columns().where(account_states.c.account_id.in_(accounts[start : start + ASKED_AT_ONCE]))
        found |= _read(connection.execute(query))
    return found


def all_states(connection: Connection) -> dict[str, AccountState]:
    """Return the states of all accounts that somebody has acted on."""
    return _read(connection.execute(_columns()))


def rebuild(connection: Connection) -> dict[str, AccountState]:
    """Return all states made anew from the ledger alone: what the table must hold."""
    ledger: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(select(actions).order_by(actions.c.id)):
        ledger.setdefault(row.account_id, []).append(row)
    return {account: fold(rows) for account, rows in ledger.items()}


def _columns() -> Select[Any]:
    return select(account_states.c.account_id, *(account_states.c[name] for name in COLUMNS))


def _read(rows: Iterable[Row[Any]]) -> dict[str, AccountState]:
    return {row[0]: AccountState(*row[1:]) for row in rows}


def _after(state: AccountState, kind: str, detail: Mapping[str, Any], at: datetime, actor: str) -> AccountState:
    if kind == "stage":
        same = detail["stage"] == state.stage
        since = state.stage_since if same else at if detail["stage"] else None
        return replace(state, stage=detail["stage"], stage_since=since)
    if kind == "risk":
        since, by = (None, None) if detail["band"] is None else (at, actor)
        return replace(state, csm_band=detail["band"], csm_reason=detail["reason"], csm_since=since, csm_by=by)
    if kind == "note":
        return replace(state, notes=state.notes + 1)
    if kind == "snooze":
        return replace(state, snooze_until=_day(detail["until"]))
    if kind == "done":
        return replace(state, next_action=None, next_due=None)
    what = detail["text"] if kind == "play" else detail["what"]
    return replace(state, next_action=what, next_due=_day(detail["due"]))


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
