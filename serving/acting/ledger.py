"""Writes down what was said and done: rows are added, never changed, and each account's state follows at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, text

from features.errors import UsageError
from serving.acting.kinds import checked
from serving.acting.states import fold
from serving.schema import list_rows, lists, not_scored
from serving.schema_acting import account_states, actions
from serving.scoring import ListSettings
from serving.store import writing

ORDER_LOCK = 7_069_775
"""Key of the PostgreSQL advisory lock that makes actions visible in the order of their ids: readers take the largest id
as the version of everything, which would hide a smaller one that is committed later. SQLite has one writer anyway."""
MOST_AT_ONCE = 1_000
LONGEST_REQUEST = 64
LARGEST_ID = 2**31 - 1


@dataclass(frozen=True)
class Actor:
    """Who says or does it."""

    user_id: int | None
    name: str


@dataclass(frozen=True)
class Action:
    """One thing said or done about one account, seen on a list; the same `request` twice is one action."""

    account_id: str
    kind: str
    detail: dict[str, Any] = field(default_factory=dict)
    list_id: int | None = None
    request: str | None = None


def act(engine: Engine, action: Action, who: Actor, at: datetime, today: date | None = None) -> int:
    """Write an action down and return its id.

    Raises UsageError when no list knows the account or the list, or when the detail breaks a rule.
    """
    (made,) = _write(engine, [action], who, at, today or at.date())
    return made


def act_on_many(
    engine: Engine,
    accounts: Sequence[str],
    kind: str,
    detail: dict[str, Any],
    who: Actor,
    at: datetime,
    list_id: int | None = None,
    request: str | None = None,
    today: date | None = None,
) -> list[int]:
    """Write the same action down for several accounts, for all of them or for none, and return the ids."""
    chosen = list(dict.fromkeys(accounts))
    if not 0 < len(chosen) <= MOST_AT_ONCE:
        raise UsageError(f"choose 1 to {MOST_AT_ONCE:,} accounts, not {len(chosen):,}")
    planned = [
        Action(account, kind, detail, list_id, None if request is None else _digest(request, account))
        for account in chosen
    ]
    return _write(engine, planned, who, at, today or at.date())


def undo(engine: Engine, action_id: int, who: Actor, at: datetime) -> int:
    """Take one action back, as if it had never been, and return the id of the undo; the ledger keeps both.

    Raises UsageError when there is no such action, when it is an undo, or when it was taken back already.
    """
    if not 0 < action_id <= LARGEST_ID:
        raise UsageError(f"there is no action {action_id} that could be taken back")
    with writing(engine).begin() as connection:
        _in_order(connection)
        found = connection.execute(select(actions).where(actions.c.id == action_id)).first()
        if found is None or found.kind == "undo":
            raise UsageError(f"there is no action {action_id} that could be taken back")
        if connection.scalar(select(actions.c.id).where(actions.c.undoes == action_id)) is not None:
            raise UsageError(f"action {action_id} was taken back already")
        record = _record(Action(found.account_id, "undo", {}, found.list_id), who, at) | {"undoes": action_id}
        made = _insert(connection, record)
        _bring_up_to_date(connection, found.account_id)
    return made


def _write(engine: Engine, planned: Sequence[Action], who: Actor, at: datetime, today: date) -> list[int]:
    for action in planned:
        _require_storable(action)
    with writing(engine).begin() as connection:
        _in_order(connection)
        made = []
        for action in planned:
            sound = replace(action, detail=checked(action.kind, action.detail, today))
            known = _sent_before(connection, sound)
            if known is not None:
                made.append(known)
                continue
            _require_known(connection, sound)
            _require_list(connection, sound)
            made.append(_insert(connection, _record(sound, who, at)))
            _bring_up_to_date(connection, sound.account_id)
    return made


def _digest(*parts: str) -> str:
    return sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()


def _require_storable(action: Action) -> None:
    """Refuse what a database cannot look for; no account, list or key of ours is like that."""
    for what, given in (("account", action.account_id), ("request key", action.request or "")):
        if "\x00" in given or given != given.encode("utf-8", "replace").decode("utf-8"):
            raise UsageError(f"no {what} is {given!r}")
    if action.request is not None and not 1 <= len(action.request) <= LONGEST_REQUEST:
        raise UsageError(f"a request key has 1 to {LONGEST_REQUEST} letters")
    if action.list_id is not None and not 0 < action.list_id <= LARGEST_ID:
        raise UsageError(f"there is no list {action.list_id}")


def _in_order(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ORDER_LOCK})


def _sent_before(connection: Connection, action: Action) -> int | None:
    """Return the id of the same action under the same key; raises UsageError when the key was another action's."""
    if action.request is None:
        return None
    same = connection.execute(select(actions).where(actions.c.request == action.request)).first()
    if same is None:
        return None
    if (same.account_id, same.kind, same.detail) != (action.account_id, action.kind, action.detail):
        raise UsageError("this request key was used for another action: send a new one")
    return int(same.id)


def _require_known(connection: Connection, action: Action) -> None:
    for table in (list_rows, not_scored):
        if connection.scalar(select(table.c.list_id).where(table.c.account_id == action.account_id).limit(1)):
            return
    raise UsageError(f"no list knows an account {action.account_id!r}")


def _require_list(connection: Connection, action: Action) -> None:
    """Refuse a list that is none; a CSM's band needs one that has the account, and must be one of its bands."""
    if action.list_id is None and action.detail.get("band") is None:
        return
    if action.list_id is None:
        raise UsageError("risk: say on which list the account was looked at")
    settings = connection.scalar(select(lists.c.settings).where(lists.c.id == action.list_id))
    if settings is None:
        raise UsageError(f"there is no list {action.list_id}")
    if action.detail.get("band") is None:
        return
    here = (list_rows.c.list_id == action.list_id, list_rows.c.account_id == action.account_id)
    if connection.scalar(select(list_rows.c.rank).where(*here)) is None:
        raise UsageError(f"account {action.account_id!r} has no risk on that list, so there is none to disagree with")
    known = ListSettings.model_validate(settings).band_names
    if action.detail["band"] not in known:
        raise UsageError(f"there is no band {action.detail['band']!r}; known are {', '.join(known)}")


def _record(action: Action, who: Actor, at: datetime) -> dict[str, Any]:
    return {
        "account_id": action.account_id,
        "at": at,
        "user_id": who.user_id,
        "actor": who.name,
        "kind": action.kind,
        "list_id": action.list_id,
        "detail": action.detail,
        "undoes": None,
        "request": action.request,
    }


def _insert(connection: Connection, record: dict[str, Any]) -> int:
    return int(connection.execute(insert(actions).returning(actions.c.id), record).scalar_one())


def _bring_up_to_date(connection: Connection, account_id: str) -> None:
    """Write the state that follows from all of the account's actions; there are few, so it is made anew."""
    ledger = connection.execute(select(actions).where(actions.c.account_id == account_id)).all()
    connection.execute(delete(account_states).where(account_states.c.account_id == account_id))
    connection.execute(insert(account_states), {"account_id": account_id, **asdict(fold(ledger))})
