"""CSV files as DuckDB reads them: strictly, every row looked at, dates left as text."""

import csv
import gzip
from collections.abc import Iterable
from pathlib import Path

import duckdb

DELIMITERS = (",", ";", "\t", "|")


def literal(text: str) -> str:
    """Quote an SQL text literal."""
    return "'" + text.replace("'", "''") + "'"


def read_csv(con: duckdb.DuckDBPyConnection, alias: str, paths: list[str], text: Iterable[str]) -> None:
    """Make CSV files the table `alias` (quoted); columns in `text` (lower case) and identifiers stay text.

    Raises duckdb.Error that names the line, or ValueError when a file has no header.
    """
    names, delimiter = _header(Path(paths[0]))
    kept = [c for c in names if c.lower() in text or c.lower() == "id" or c.lower().endswith("_id")]
    # Dates stay text: DuckDB would guess between day/month and month/day, and drop zones. Identifiers stay text so
    # that leading zeros survive. Every row is looked at, so that one text makes a number column text.
    options = [
        f"delim = {literal(delimiter)}, quote = '\"', escape = '\"', comment = '', header = true, skip = 0",
        "sample_size = -1, auto_type_candidates = ['BOOLEAN', 'BIGINT', 'DOUBLE', 'VARCHAR']",
        f"types = {_types(kept)}" if kept else "",
    ]
    source = f"read_csv([{', '.join(map(literal, paths))}], {', '.join(filter(None, options))})"
    try:
        con.execute(f"CREATE TEMP TABLE {alias} AS SELECT * FROM {source}")
    except duckdb.Error:
        # What cannot be sniffed is read again as plain text, because that says which line is wrong.
        for path in paths:
            plain = f"read_csv({literal(path)}, auto_detect = false, columns = {_types(_header(Path(path))[0])}"
            con.execute(f"SELECT count(*) FROM {plain}, {options[0]})")
        raise


def _types(names: Iterable[str]) -> str:
    return "{" + ", ".join(f"{literal(column)}: 'VARCHAR'" for column in names) + "}"


def _header(path: Path) -> tuple[list[str], str]:
    """Return the column names and the delimiter of a file's first line."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        line = file.readline().decode("utf-8-sig", errors="replace").rstrip("\r\n")
    if not line:
        raise ValueError("the file has no header")
    delimiter = max(DELIMITERS, key=line.count)
    return next(csv.reader([line], delimiter=delimiter)), delimiter
