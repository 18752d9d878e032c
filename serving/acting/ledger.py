"""Writes down what was said and done: rows are added, never changed, and each account's state follows at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
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


def act(engine: Engine, action: Action, who: Actor, at: datetime) -> int:
    """Write an action down and return its id.

    Raises UsageError when no list knows the account or the list, or when the detail breaks a rule.
    """
    (made,) = _write(engine, [action], who, at)
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
) -> list[int]:
    """Write the same action down for several accounts, for all of them or for none, and return the ids."""
    chosen = list(dict.fromkeys(accounts))
    if not 0 < len(chosen) <= MOST_AT_ONCE:
        raise UsageError(f"choose 1 to {MOST_AT_ONCE:,} accounts, not {len(chosen):,}")
    keys = [None if request is None else f"{request}:{place}"[:64] for place in range(len(chosen))]
    planned = [Action(account, kind, detail, list_id, key) for account, key in zip(chosen, keys, strict=True)]
    return _write(engine, planned, who, at)


def undo(engine: Engine, action_id: int, who: Actor, at: datetime) -> int:
    """Take one action back, as if it had never been, and return the id of the undo; the ledger keeps both.

    Raises UsageError when there is no such action, when it is an undo, or when it was taken back already.
    """
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


def _write(engine: Engine, planned: Sequence[Action], who: Actor, at: datetime) -> list[int]:
    with writing(engine).begin() as connection:
        _in_order(connection)
        made = []
        for action in planned:
            known = _sent_before(connection, action)
            if known is not None:
                made.append(known)
                continue
            _require_known(connection, action)
            detail = checked(action.kind, action.detail)
            _require_band(connection, action.list_id, detail)
            made.append(_insert(connection, _record(action, who, at) | {"detail": detail}))
            _bring_up_to_date(connection, action.account_id)
    return made


def _in_order(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ORDER_LOCK})


def _sent_before(connection: Connection, action: Action) -> int | None:
    if action.request is None:
        return None
    same = connection.execute(
        select(actions.c.id, actions.c.account_id, actions.c.kind).where(actions.c.request == action.request)
    ).first()
    if same is not None and (same.account_id, same.kind) != (action.account_id, action.kind):
        raise UsageError("this request key was used for another action: send a new one")
    return None if same is None else int(same.id)


def _require_known(connection: Connection, action: Action) -> None:
    for table in (list_rows, not_scored):
        if connection.scalar(select(table.c.list_id).where(table.c.account_id == action.account_id).limit(1)):
            return
    raise UsageError(f"no list knows an account {action.account_id!r}")


def _require_band(connection: Connection, list_id: int | None, detail: dict[str, Any]) -> None:
    """Refuse a list that is none and a band that the list (by default the newest) does not have."""
    found = select(lists.c.settings).where(lists.c.id == list_id) if list_id is not None else None
    newest = select(lists.c.settings).order_by(lists.c.as_of.desc()).limit(1)
    settings = connection.scalar(newest if found is None else found)
    if settings is None:
        raise UsageError(f"there is no list {list_id}")
    known = ListSettings.model_validate(settings).band_names
    if detail.get("band") is not None and detail["band"] not in known:
        raise UsageError(f"there is no band {detail['band']!r}; known are {', '.join(known)}")


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
