"""A book made of small tables held in memory: rows are dicts of canonical columns, times naive UTC datetimes."""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from features.book import Book
from features.contract import TABLES, Kind, Table
from features.repeats import ranked, split_repeats
from features.sources.tables import canonical, known_at

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]

ARROW: Mapping[Kind, pa.DataType] = {
    "text": pa.string(),
    "key": pa.string(),
    "time": pa.timestamp("us"),
    "number": pa.float64(),
    "quantity": pa.float64(),
    "flag": pa.bool_(),
}


def make_book(tables: Tables, *, without: Sequence[str] = (), con: duckdb.DuckDBPyConnection | None = None) -> Book:
    """Return the book of `tables`; a table that is named is present, even when it is empty.

    A column counts as given unless `without` names it as table.column; its values are dropped then.
    """
    con = con or duckdb.connect(config={"threads": 1})
    columns = {}
    for table in TABLES.values():
        given = [name for name in table.names if f"{table.name}.{name}" not in without]
        _fill(con, table, given, tables.get(table.name, ()))
        if table.name in tables:
            columns[table.name] = frozenset(given)
    split_repeats(
        con,
        "SELECT * FROM usage WHERE event_id IN (SELECT event_id FROM usage GROUP BY 1 HAVING count(*) > 1)",
        corrects="usage.available_at" not in without,
    )
    return Book(con, columns)


def _fill(con: duckdb.DuckDBPyConnection, table: Table, given: Sequence[str], rows: Sequence[Row]) -> None:
    for row in rows:
        if strange := set(row) - set(table.names):
            raise KeyError(f"{table.name} has no column {sorted(strange)}")
    schema = pa.schema([(column.name, ARROW[column.kind]) for column in table.columns])
    held = pa.table(
        [
            pa.array([row.get(c.name) if c.name in given else None for row in rows], ARROW[c.kind])
            for c in table.columns
        ],
        schema=schema,
    )
    con.register("rows_in_memory", held)
    source, superseded = "rows_in_memory", "CAST(NULL AS TIMESTAMP)"
    if table.name != "usage" and _share_a_key(table, given, rows):
        source, superseded = f"({_told_apart(table, given)})", "superseded_at"
    columns = canonical(table, tuple(given)) + ("" if table.name == "usage" else f", {superseded} AS superseded_at")
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table.name} AS SELECT {columns} FROM {source}")
    con.unregister("rows_in_memory")


def _share_a_key(table: Table, given: Sequence[str], rows: Sequence[Row]) -> bool:
    keys = [tuple(row.get(name) for name in table.key if name in given) for row in rows]
    named = [key for key in keys if key and None not in key]
    return len(set(named)) < len(named)


def _told_apart(table: Table, given: Sequence[str]) -> str:
    """Return SQL of the rows that count, corrected by later ones; a row without a name stands for itself."""
    known, corrects = known_at(table, tuple(given)), table.available in given and bool(table.event)
    content = ", ".join(name for name in given if not (corrects and name == table.available))
    key = ", ".join(name for name in table.key if name in given)
    told = ranked(
        f"{key}, CASE WHEN ({key}) IS NULL THEN place END", known, f"row({content})", "told", corrects=corrects
    )
    return f"""
        WITH told AS (SELECT *, row_number() OVER () AS place FROM rows_in_memory)
        SELECT * FROM ({told}) WHERE standing IN ('first', 'corrected')"""
