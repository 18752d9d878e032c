"""One account's story: its risk, what moved it, the numbers behind, and the weeks before."""

from collections.abc import Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from features.errors import UsageError
from serving.explanation import Explanation, read_explanations
from serving.list_row import ListRow
from serving.risk_list import find_list, read_row
from serving.schema import list_rows, lists, not_scored

HISTORY = ("risk_30", "risk_60", "risk_90", "risk_60_90", "health", "band", "rank")


def account_story(engine: Engine, account: str, as_of: date | None = None) -> dict[str, Any]:
    """Return what `forewarn explain --json` prints, for an account id or a name that only one account has.

    An account without a score has `scored` false, says `why`, and has no risk. Raises UsageError with the nearest
    ids and names when the list does not know the account.
    """
    with engine.connect() as connection:
        header = find_list(connection, as_of)
        account_id, name, why = _resolve(connection, header, account)
        row = read_row(connection, header.id, account_id)
        explained = read_explanations(connection, header, [account_id]).get(account_id)
        story = _about_list(header) | {"account_id": account_id, "scored": row is not None, "why": why}
        story |= _about_account(row) | _about_risk(row, explained, header) | {"name": name}
        return story | {"history": risk_history(connection, [account_id], header.as_of).get(account_id, [])}


def risk_history(connection: Connection, accounts: Sequence[str], until: date) -> dict[str, list[dict[str, Any]]]:
    """Return, per account, its risks on every list up to and including the week `until`, the oldest first."""
    history: dict[str, list[dict[str, Any]]] = {}
    columns = [list_rows.c.account_id, lists.c.as_of, lists.c.model, *(list_rows.c[name] for name in HISTORY)]
    for start in range(0, len(accounts), 500):
        query = select(*columns).join(lists, lists.c.id == list_rows.c.list_id)
        query = query.where(list_rows.c.account_id.in_(accounts[start : start + 500]), lists.c.as_of <= until)
        for found in connection.execute(query.order_by(lists.c.as_of)).mappings():
            week = {name: found[name] for name in ("model", *HISTORY)}
            history.setdefault(found["account_id"], []).append({"as_of": found["as_of"].isoformat()} | week)
    return history


def _resolve(connection: Connection, header: Row[Any], account: str) -> tuple[str, str | None, str | None]:
    """Return the account's id and name, and why it was not scored."""
    scored = select(list_rows.c.account_id, list_rows.c.name).where(list_rows.c.list_id == header.id)
    left = select(not_scored.c.account_id, not_scored.c.name, not_scored.c.why).where(not_scored.c.list_id == header.id)
    for query, table in ((scored, list_rows), (left, not_scored)):
        for same in (table.c.account_id == account, table.c.name == account):
            found = connection.execute(query.where(same).limit(2)).all()
            if len(found) == 1:
                return found[0].account_id, found[0].name, getattr(found[0], "why", None)
    known = [tuple(each)[:2] for query in (scored, left) for each in connection.execute(query)]
    raise UsageError(_unknown(account, known, header.as_of))


def _unknown(account: str, known: Sequence[Any], as_of: date) -> str:
    same = sorted(account_id for account_id, name in known if name == account)
    if same:
        return f"{len(same)} accounts are named {account!r}: give an account id, for example {', '.join(same[:3])}"
    spelled = {text.casefold(): (account_id, name) for account_id, name in known for text in (name, account_id) if text}
    near = [spelled[text] for text in get_close_matches(account.casefold(), spelled, 3, 0.5)]
    shown = ", ".join(f"{account_id} ({name})" if name else account_id for account_id, name in dict.fromkeys(near))
    nearest = f"; nearest: {shown}" if shown else ""
    return f"no account {account!r} among the {len(known):,} accounts of {as_of}{nearest}; forewarn list shows them"


def _about_list(header: Row[Any]) -> dict[str, Any]:
    return {
        "as_of": header.as_of.isoformat(),
        "outcome": header.outcome,
        "model": header.model,
        "simulated": header.simulated,
        "currency": header.settings["currency"],
        "accounts": header.accounts,
        "left_out": header.left_out,
    }


def _about_account(row: ListRow | None) -> dict[str, Any]:
    if row is not None:
        return {name: value for name, value in row.to_json().items() if name != "account_id"}
    return {name: None for name in ListRow.__dataclass_fields__ if name != "account_id"} | {"reasons": []}


def _about_risk(row: ListRow | None, explained: Explanation | None, header: Row[Any]) -> dict[str, Any]:
    return {
        "base_90": None if row is None else header.base_90,
        "base_60_90": None if row is None else header.base_60_90,
        "drivers": [
            {"driver": driver, "contribution_90": near, "contribution_60_90": window}
            for driver, near, window in (explained.by_driver() if explained else [])
        ],
        "contributions": explained.lines() if explained else [],
    }
