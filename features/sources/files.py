"""Parquet and CSV files, read through a mapping, become a checked book in DuckDB."""

import os
import tempfile
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from features.book import Book
from features.contract import TABLES, Limits, Table
from features.errors import ContractError, UsageError
from features.sources.contradictions import contradictions, own_checks
from features.sources.mapping import SourceMapping
from features.sources.problems import Problem, SourceError, require_sound
from features.sources.relations import name, open_files, open_raw, reason
from features.sources.rules import checked
from features.sources.tables import Findings, make_absent, make_quarantine, make_small
from features.sources.usage import USAGE_SPAN, make_no_usage, make_usage


@dataclass
class _Survey:
    """What is found while the tables are read one after the other."""

    mapping: SourceMapping
    data: Path
    limits: Limits
    usage_files: Collection[str] | None = None
    columns: dict[str, frozenset[str]] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def open_book(
    mapping: SourceMapping,
    data: Path,
    limits: Limits,
    *,
    threads: int | None = None,
    memory: str | None = None,
    usage_files: Collection[str] | None = None,
) -> Book:
    """Open the book that a mapping describes over a data folder; `usage_files` are the only ones of usage to read.

    Raises ContractError that says every problem at once when a table cannot be read or too many rows break a rule.
    """
    book = survey_book(mapping, data, limits, threads=threads, memory=memory, usage_files=usage_files)
    stopping = [problem["text"] for problem in book.report["problems"] if problem["severity"] == "error"]
    if stopping:
        book.con.close()
        raise ContractError("\n".join(stopping))
    return book


def survey_book(
    mapping: SourceMapping,
    data: Path,
    limits: Limits,
    *,
    threads: int | None = None,
    memory: str | None = None,
    usage_files: Collection[str] | None = None,
) -> Book:
    """Open a book whatever is wrong with it; its report has the problems, and a table that cannot be read is absent."""
    if not data.is_dir():
        raise UsageError(f"{data}: no such data folder; correct [sources] data")
    con = connect(threads, memory)
    survey = _Survey(mapping, data, limits, usage_files)
    make_quarantine(con)
    _files(con, survey)
    for table in TABLES.values():
        _add(con, table, survey)
    survey.problems += contradictions(con, frozenset(survey.columns))
    survey.problems += own_checks(con, mapping)
    report = {
        "tables": survey.tables,
        "problems": [problem.to_json() for problem in survey.problems],
        "sufficiency": {},
    }
    first = survey.tables.get("usage", {}).get("first")
    return Book(con, survey.columns, report, mapping.simulated, date.fromisoformat(first[:10]) if first else None)


def reread_usage(book: Book, mapping: SourceMapping, data: Path, limits: Limits, usage_files: Collection[str]) -> Book:
    """Return the book with other files of usage, the other tables as they are.

    Raises ContractError when a file cannot be read or too many rows break a rule.
    """
    con, others = book.con, [found for found in book.report["problems"] if found["table"] != "usage"]
    con.execute("DELETE FROM quarantine WHERE table_name = 'usage'")
    con.execute("DROP VIEW IF EXISTS usage; DROP VIEW IF EXISTS source_usage; DROP TABLE IF EXISTS typed_usage")
    survey = _Survey(mapping, data, limits, usage_files, dict(book.columns), dict(book.report["tables"]))
    _add(con, TABLES["usage"], survey)
    require_sound(survey.problems)
    problems = [*others, *(problem.to_json() for problem in survey.problems)]
    return replace(book, columns=survey.columns, report={**book.report, "problems": problems, "tables": survey.tables})


def connect(threads: int | None = None, memory: str | None = None) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB that lives in memory, spills to the system's temporary folder and fetches nothing."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "temp_directory": os.path.join(tempfile.gettempdir(), f"forewarn-{os.getpid()}"),
        "autoinstall_known_extensions": False,
    }
    if threads:
        config["threads"] = threads
    if memory:
        config["memory_limit"] = memory
    con = duckdb.connect(":memory:", config=config)
    con.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
    return con


def _files(con: duckdb.DuckDBPyConnection, survey: _Survey) -> None:
    try:
        open_files(con, survey.mapping, survey.data)
    except SourceError as error:
        survey.problems += error.problems


def _add(con: duckdb.DuckDBPyConnection, table: Table, survey: _Survey) -> None:
    """Read, check and make one table; a table that cannot be read becomes a problem and stays absent."""
    findings = None
    if table.name in survey.mapping.tables:
        try:
            findings = _read(con, table, survey)
        except SourceError as error:
            survey.problems += error.problems
        except duckdb.Error as error:
            survey.problems.append(_failing(table, error, survey.mapping.file))
    if findings is None:
        make_absent(con, table)
        if table.name == "usage":
            make_no_usage(con)
        survey.tables[table.name] = _absent(table)
        return
    survey.problems += findings.problems
    survey.tables[table.name] = _present(con, table, findings, survey)


def _read(con: duckdb.DuckDBPyConnection, table: Table, survey: _Survey) -> Findings | None:
    file, limits = survey.mapping.file, survey.limits
    chosen = survey.usage_files if table.name == "usage" else None
    raw = open_raw(con, table, survey.mapping, survey.data, chosen)
    found = checked(con, table, raw, survey.mapping.timezone or "UTC", limits, file)
    if survey.mapping.timezone is None and found.naive:
        survey.problems.append(_read_as_utc(table, found.naive, file))
    if chosen is None and not con.execute(f"SELECT 1 FROM ({found.sql}) LIMIT 1").fetchall():
        survey.problems.append(_empty(table, file))
        return None
    survey.columns[table.name] = frozenset(found.columns)
    make = make_usage if table.name == "usage" else make_small
    findings = make(con, found)
    if not found.in_place:
        con.execute(f"DROP TABLE {name(f'source_{table.name}')}")
    return findings


def _present(con: duckdb.DuckDBPyConnection, table: Table, findings: Findings, survey: _Survey) -> dict[str, Any]:
    event = name(table.event) if table.event else "NULL::TIMESTAMP"
    sql = f"SELECT count(*), min({event}), max({event}) FROM {name(table.name)}"
    if table.name == "usage":
        sql = USAGE_SPAN
    kept, first, last = con.execute(sql).fetchall()[0]
    return {
        "rows": findings.rows,
        "kept": kept,
        "first": first.isoformat() if first else None,
        "last": last.isoformat() if last else None,
        "quarantined": findings.quarantined,
        "missing": False,
    }


def _absent(table: Table) -> dict[str, Any]:
    none: dict[str, Any] = {"rows": 0, "kept": 0, "first": None, "last": None, "quarantined": {}}
    return {**none, "missing": True, "cost": table.cost}


def _empty(table: Table, file: str) -> Problem:
    required = table.required
    says = "the source has no rows" + ("" if required else ": the table counts as missing")
    fix = f"correct the path, query or filter in {file} under [{table.name}]"
    return Problem(table.name, "", "empty_table", "error" if required else "warning", says, fix)


def _read_as_utc(table: Table, naive: tuple[str, ...], file: str) -> Problem:
    says = "times without a zone are read as UTC"
    fix = f'say timezone = "UTC" or another zone at the top of {file}'
    return Problem(table.name, ", ".join(naive), "naive_times", "note", says, fix)


def _failing(table: Table, error: duckdb.Error, file: str) -> Problem:
    says = f"reading fails: {reason(error)}"
    fix = f"correct the expressions in {file} under [{table.name}] (TRY_CAST gives null where CAST fails)"
    return Problem(table.name, "", "failing_expression", "error", says, fix)
