"""The files that usage comes in: what each holds, and whether it is still what it was."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from features.contract import TABLES
from features.sources.csv_files import literal
from features.sources.mapping import PARQUET, SourceMapping
from features.sources.relations import find_paths

Span = tuple[date, date]


@dataclass(frozen=True)
class Delivery:
    """One file of usage: its content's digest, and the first and last day on which its rows became known.

    The span is None where the file does not say it: CSV has no statistics, an expression of one's own may move times.
    """

    path: str
    sha256: str
    span: Span | None


def deliveries(mapping: SourceMapping, data: Path) -> tuple[Delivery, ...] | None:
    """Return the files of usage in order; None where usage comes from a query, which has no content to compare."""
    where = mapping.tables["usage"]
    if where.path is None:
        return None
    paths = find_paths(where.path, data, "usage", mapping.file)
    spans = _spans(mapping, paths) if where.path.lower().endswith(PARQUET) else {}
    return tuple(Delivery(path, _digest(path), spans.get(path)) for path in paths)


def _digest(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _spans(mapping: SourceMapping, paths: Sequence[str]) -> dict[str, Span]:
    """Return the days between which the rows of each file became known, from the statistics in its footer."""
    table, given = TABLES["usage"], mapping.tables["usage"].columns
    event, available = (_plain(given.get(name, name)) for name in (table.event, str(table.available)))
    if not event.isidentifier() or not available.isidentifier():
        return {}
    listed = ", ".join(literal(path) for path in paths)
    rows = (
        duckdb.connect()
        .execute(f"""
        SELECT file_name, max(first) FILTER (filled OR clock = {literal(event)}), max(last) FROM (
            SELECT file_name, lower(path_in_schema) AS clock, min(TRY_CAST(stats_min_value AS TIMESTAMP)) AS first,
                   max(TRY_CAST(stats_max_value AS TIMESTAMP)) AS last,
                   count(TRY_CAST(stats_min_value AS TIMESTAMP)) = count(*) AS whole,
                   bool_and(coalesce(stats_null_count = 0, false)) AS filled
            FROM parquet_metadata([{listed}])
            WHERE lower(path_in_schema) IN ({literal(event)}, {literal(available)}) GROUP BY ALL)
        GROUP BY file_name HAVING bool_and(whole) AND bool_or(clock = {literal(event)})""")
        .fetchall()
    )
    # A row without an available time was known when it happened, which may be earlier than any available time.
    # Times without a zone may be read in another one.
    slack = timedelta(days=0 if mapping.timezone in (None, "UTC") else 1)
    return {path: (first.date() - slack, last.date() + slack) for path, first, last in rows}


def _plain(expression: str) -> str:
    return expression.strip().strip('"').lower()
