"""Files and queries as DuckDB relations, and the SQL expressions of a mapping bound to them."""

import glob
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from features.contract import Column, Table
from features.sources.csv_files import literal, read_csv
from features.sources.mapping import PARQUET, SourceMapping, TableMapping, nearest
from features.sources.problems import Problem, SourceError


@dataclass(frozen=True)
class Bound:
    """A canonical column as its source gives it: an SQL expression and the type that it has."""

    expression: str
    type: str


@dataclass(frozen=True)
class Raw:
    """The rows of one canonical table as the source gives them, with canonical names and the source's types."""

    sql: str
    columns: Mapping[str, Bound]
    in_place: bool
    """Whether the rows still lie in their files (Parquet) rather than in memory."""


def name(text: str) -> str:
    """Quote an SQL name."""
    return '"' + text.replace('"', '""') + '"'


def open_files(con: duckdb.DuckDBPyConnection, mapping: SourceMapping, data: Path) -> None:
    """Make each of [files] a relation that queries can name."""
    problems: list[Problem] = []
    for alias, path in mapping.files.items():
        try:
            _open(con, alias, "[files] " + alias, path, data, mapping.file)
        except SourceError as error:
            problems += error.problems
    if problems:
        raise SourceError(problems)


def open_raw(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    mapping: SourceMapping,
    data: Path,
    chosen: Collection[str] | None = None,
) -> Raw:
    """Open one table's source and bind its columns; `chosen` names the only files of a path that are to be read.

    Raises SourceError with every column that cannot be bound.
    """
    where = mapping.tables[table.name]
    alias = f"source_{table.name}"
    if where.path is not None:
        text = _plain_text(table, where)
        in_place = _open(con, alias, table.name, where.path, data, mapping.file, text=text, chosen=chosen)
    else:
        in_place = False
        _query(con, alias, table, where.query or "", mapping.file)
    given = _types(con, f"SELECT * FROM {name(alias)}")
    expressions = {c.name: where.columns.get(c.name) or _own_name(c.name, given) for c in table.columns}
    wanted = {column: text for column, text in expressions.items() if text}
    condition = f" WHERE ({where.filter})" if where.filter else ""
    columns = _bind(con, table, wanted, alias, condition, given, mapping.file)
    missing = [c for c in table.columns if c.need != "optional" and c.name not in wanted]
    if missing:
        raise SourceError([_missing(table, c, given, mapping.file) for c in missing])
    return Raw(_select(wanted, alias, condition), columns, in_place)


def _open(
    con: duckdb.DuckDBPyConnection,
    alias: str,
    table: str,
    path: str,
    data: Path,
    file: str,
    text: frozenset[str] = frozenset(),
    chosen: Collection[str] | None = None,
) -> bool:
    """Make the files of a path a view (Parquet) or a table in memory (CSV); say whether they stay in place."""
    paths = find_paths(path, data, table, file)
    in_place = path.lower().endswith(PARQUET)
    try:
        if in_place:
            wanted = paths if chosen is None else [p for p in paths if p in chosen]
            listed = ", ".join(literal(p) for p in wanted or paths[:1])
            which = "" if wanted else " WHERE false"
            con.execute(f"CREATE TEMP VIEW {name(alias)} AS SELECT * FROM read_parquet([{listed}]){which}")
        else:
            read_csv(con, name(alias), paths, text)
    except (duckdb.Error, ValueError) as error:
        says = f"{path} cannot be read: {reason(error)}"
        fix = f"repair the file or correct the path in {file}"
        raise SourceError([Problem(table, "", "unreadable_file", "error", says, fix)]) from error
    return in_place


def find_paths(path: str, data: Path, table: str, file: str) -> list[str]:
    """Return the files of a mapping's path in order; raises SourceError when there is none."""
    whole = str(data / path)
    if os.path.isfile(whole):
        return [whole]
    pattern = path if os.path.isabs(path) else os.path.join(glob.escape(str(data)), path)
    found = sorted(p for p in glob.glob(pattern, recursive=True) if os.path.isfile(p))
    if found:
        return found
    there = sorted(p.name for p in data.iterdir()) if data.is_dir() else []
    says = f"no file {path} in the data folder {data}{nearest(path, there)}"
    fix = f"correct the path in {file}" + (f" (the folder has {', '.join(there[:12])})" if there else "")
    raise SourceError([Problem(table, "", "missing_file", "error", says, fix)])


def _plain_text(table: Table, where: TableMapping) -> frozenset[str]:
    """Return the source columns (in lower case) that are mapped as they are to text."""
    wanted = (where.columns.get(c.name, c.name) for c in table.columns if c.kind in ("text", "key"))
    return frozenset(text.strip().strip('"').lower() for text in wanted)


def _query(con: duckdb.DuckDBPyConnection, alias: str, table: Table, query: str, file: str) -> None:
    try:
        con.execute(f"CREATE TEMP TABLE {name(alias)} AS {query}")
    except duckdb.Error as error:
        says = f"the query fails: {reason(error)}"
        fix = f"correct {file} under [{table.name}] query"
        raise SourceError([Problem(table.name, "", "failing_query", "error", says, fix)]) from error


def _own_name(column: str, given: Mapping[str, str]) -> str | None:
    return next((name(text) for text in given if text.lower() == column), None)


def _select(expressions: Mapping[str, str], alias: str, condition: str) -> str:
    columns = ", ".join(f"({text}) AS {name(column)}" for column, text in expressions.items())
    return f"SELECT {columns} FROM {name(alias)}{condition}"


def _types(con: duckdb.DuckDBPyConnection, sql: str) -> dict[str, str]:
    return {str(row[0]): str(row[1]) for row in con.execute(f"DESCRIBE {sql}").fetchall()}


def _bind(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    wanted: Mapping[str, str],
    alias: str,
    condition: str,
    given: Mapping[str, str],
    file: str,
) -> dict[str, Bound]:
    if not wanted:
        return {}
    try:
        types = _types(con, _select(wanted, alias, condition))
    except duckdb.Error as error:
        raise SourceError(_unbound(con, table, wanted, alias, condition, given, file, error)) from None
    return {column: Bound(text, types[column]) for column, text in wanted.items()}


def _unbound(
    con: duckdb.DuckDBPyConnection,
    table: Table,
    wanted: Mapping[str, str],
    alias: str,
    condition: str,
    given: Mapping[str, str],
    file: str,
    whole: duckdb.Error,
) -> list[Problem]:
    """Try the expressions one by one and return a problem for each that fails."""
    problems = []
    parts = {column: (_select({column: text}, alias, ""), text) for column, text in wanted.items()}
    parts["filter"] = (_select({"one": "1"}, alias, condition), condition.removeprefix(" WHERE "))
    for column, (sql, text) in parts.items():
        try:
            _types(con, sql)
        except duckdb.Error as error:
            says = f"{text} cannot be read from the source: {reason(error)}{nearest(text, given)}"
            fix = f"correct {file} under [{table.name}] {column} (the source has {_listing(given)})"
            problems.append(Problem(table.name, column, "missing_column", "error", says, fix))
    return problems or [_together(table, whole, file)]


def _together(table: Table, error: duckdb.Error, file: str) -> Problem:
    says = f"the expressions cannot be read together: {reason(error)}"
    return Problem(table.name, "", "failing_expression", "error", says, f"correct {file} under [{table.name}]")


def _missing(table: Table, column: Column, given: Mapping[str, str], file: str) -> Problem:
    says = f"the source has no column {column.name}{nearest(column.name, given)}"
    fix = f"give an expression in {file} under [{table.name}] {column.name} (the source has {_listing(given)})"
    return Problem(table.name, column.name, "missing_column", "error", says, fix)


def _listing(given: Mapping[str, str]) -> str:
    return ", ".join(f"{column} {kind}" for column, kind in given.items())


def reason(error: Exception) -> str:
    """Return what an error says, without the advice and the query that follow it."""
    said = []
    for line in str(error).splitlines():
        if re.match(r"Possible|Potential|Candidate|\s*LINE \d|\s+file =", line):
            break
        said.append(line.strip())
    return " ".join(filter(None, said[:4]))
