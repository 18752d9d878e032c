"""Publishes a risk list: rows, reasons, explanations, pointer and audit row in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Table, insert, select, update

from serving.saveable import placed
from serving.schema import audit, explanations, list_rows, lists, not_scored, pointers, reasons
from serving.store import writing

if TYPE_CHECKING:
    import pandas as pd

    from serving.scoring import ScoredList

CURRENT = "current"
BATCH = 10_000
ROW_COLUMNS = [column.name for column in list_rows.c if column.name not in ("list_id", "account_id", "search")]


def publish(
    engine: Engine,
    scored: ScoredList,
    *,
    at: datetime,
    by: str,
    simulated: bool = False,
    run_id: str | None = None,
    reach: Mapping[str, str] | None = None,
) -> bool:
    """Publish the list and say whether it was new; a week that is already published stays exactly as it is.

    The newest week becomes the current list. When anything fails nothing is written and the current list stays.
    `reach` gives per table the day (ISO) of its last row, None where it is not known.
    """
    with writing(engine).begin() as connection:
        shown = _lock_pointer(connection)
        if connection.scalar(select(lists.c.id).where(lists.c.as_of == scored.as_of)) is not None:
            return False
        list_id = _insert_list(connection, scored, at=at, simulated=simulated, run_id=run_id, reach=reach)
        _insert(connection, list_rows, _row_records(scored, list_id))
        _insert(connection, reasons, [{"list_id": list_id, **row} for row in _records(scored.reasons)])
        _insert(connection, explanations, _explanation_records(scored, list_id))
        _insert(connection, not_scored, [{"list_id": list_id, **row} for row in _records(scored.not_scored)])
        if shown is None or shown < scored.as_of:
            moved = update(pointers).where(pointers.c.name == CURRENT).values(list_id=list_id, moved_at=at)
            connection.execute(moved)
        detail = {"as_of": scored.as_of.isoformat(), "rows": len(scored.rows), "model": scored.model, "run_id": run_id}
        entry = {"at": at, "actor": by, "action": "publish", "list_id": list_id, "detail": detail}
        connection.execute(insert(audit), entry)
    return True


def _lock_pointer(connection: Connection) -> date | None:
    """Return the as-of date that is shown now, holding the pointer until the transaction ends."""
    pointer = select(pointers.c.list_id).where(pointers.c.name == CURRENT).with_for_update()
    return connection.scalar(select(lists.c.as_of).where(lists.c.id == connection.scalar(pointer)))


def _insert_list(
    connection: Connection,
    scored: ScoredList,
    *,
    at: datetime,
    simulated: bool,
    run_id: str | None,
    reach: Mapping[str, str] | None,
) -> int:
    record = {
        "as_of": scored.as_of,
        "published_at": at,
        "previous_as_of": scored.previous_as_of,
        "previous_model": scored.previous_model,
        "outcome": scored.outcome,
        "catalogue": scored.catalogue,
        "model": scored.model,
        "run_id": run_id,
        "simulated": simulated,
        "base_90": scored.base_90,
        "base_60_90": scored.base_60_90,
        "settings": scored.settings.model_dump(mode="json"),
        "features": [asdict(feature) for feature in scored.features],
        "facts": list(scored.facts.columns),
        "left_out": dict(scored.left_out),
        "accounts": len(scored.rows),
        "reach": None if reach is None else dict(reach),
    }
    return int(connection.execute(insert(lists).returning(lists.c.id), record).scalar_one())


def _row_records(scored: ScoredList, list_id: int) -> list[dict[str, Any]]:
    # What a list may lack becomes null; the database refuses a list that lacks what it must have.
    rows = placed(scored.rows, scored.as_of).reindex(columns=ROW_COLUMNS)
    records = _records(rows.rename_axis("account_id").reset_index())
    for record in records:
        record["list_id"] = list_id
        record["search"] = "\n".join(filter(None, (record["account_id"], record["name"], record["owner"]))).casefold()
    return records


def _explanation_records(scored: ScoredList, list_id: int) -> list[dict[str, Any]]:
    names = [feature.name for feature in scored.features]
    packed = {
        "values": _packed(scored.values[names]),
        "facts": _packed(scored.facts),
        "contributions_90": _packed(scored.contributions_90[names]),
        "contributions_60_90": _packed(scored.contributions_60_90[names]),
    }
    accounts = scored.rows.index
    return [
        {"list_id": list_id, "account_id": account, **dict(zip(packed, blobs, strict=True))}
        for account, *blobs in zip(accounts, *packed.values(), strict=True)
    ]


def _packed(frame: pd.DataFrame) -> list[bytes]:
    numbers = frame.to_numpy("<f8")
    return [row.tobytes() for row in numbers]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as plain Python values, dates instead of timestamps, None for what is missing."""
    columns: dict[str, list[object]] = {}
    for name, column in frame.items():
        plain = column.dt.date if column.dtype.kind == "M" else column
        pairs = zip(plain.astype(object).tolist(), column.isna().tolist(), strict=True)
        columns[str(name)] = [None if missing else _storable(value) for value, missing in pairs]
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _storable(value: object) -> object:
    # PostgreSQL refuses the NUL character in text.
    return value.replace("\x00", "") if isinstance(value, str) else value


def _insert(connection: Connection, table: Table, records: list[dict[str, Any]]) -> None:
    for start in range(0, len(records), BATCH):
        connection.execute(insert(table), records[start : start + BATCH])
