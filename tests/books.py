"""A book made of small tables held in memory: rows are dicts of canonical columns, times naive UTC datetimes."""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from features.book import Book
from features.contract import TABLES, Kind, Table
from features.repeats import split_repeats

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
        con, "SELECT * FROM usage WHERE event_id IN (SELECT event_id FROM usage GROUP BY 1 HAVING count(*) > 1)"
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
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {table.name} AS SELECT *, {_known_at(table)} AS known_at FROM rows_in_memory"
    )
    con.unregister("rows_in_memory")


def _known_at(table: Table) -> str:
    if not table.event:
        return "TIMESTAMP '0001-01-01'"
    if table.available is None:
        return table.event
    if table.state:
        return f"coalesce({table.available}, {table.event})"
    return f"greatest({table.event}, {table.available})"
