"""The usage table: never copied and never sorted, only scanned; its view adds no more than its bad rows need."""

from collections.abc import Iterator, Sequence

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.numbers import number
from features.repeats import no_repeats, split_repeats
from features.sources.csv_files import literal
from features.sources.problems import Problem
from features.sources.relations import name
from features.sources.rules import Check, Checked, problem
from features.sources.tables import Findings, canonical, keep

BATCH = 1 << 17
USAGE_SPAN = """
WITH known AS (SELECT DISTINCT account_id FROM accounts)
SELECT coalesce((SELECT sum(events) FROM usage_accounts JOIN known USING (account_id)), 0)::BIGINT
     - (SELECT count(*) FROM usage_repeats JOIN known USING (account_id)),
       min(first), max(last) FROM usage_accounts"""
"""How many events count, without unknown accounts and surplus copies, and when the first and last happened."""


def make_usage(con: duckdb.DuckDBPyConnection, found: Checked) -> Findings:
    """Make the view `usage`, and the tables `usage_accounts` (one row per account) and `usage_repeats`."""
    if not found.in_place:
        con.execute(f"CREATE TEMP TABLE typed_usage AS {found.sql}")
    source = f"({found.sql})" if found.in_place else "typed_usage"
    rows, counts = _scan(con, found, source)
    findings = Findings(rows)
    broken = [(check, count) for check, count in zip(found.checks, counts, strict=True) if count]
    for check, count in broken:
        sample = keep(con, found, check, f"{source} WHERE {check.breaks}")
        findings.add(problem(found, check, count, rows, sample))
    # A comparison with a NULL is NULL: such a row breaks nothing.
    good = " AND ".join(f"coalesce(NOT ({check.breaks}), true)" for check, _ in broken)
    where = f" WHERE {good}" if good else ""
    con.execute(f"CREATE TEMP VIEW usage AS SELECT {canonical(found.table, found.columns)} FROM {source}{where}")
    if broken:
        _count_accounts(con, "usage")
    for told in (*_unknown_accounts(con, found, rows), *_repeats(con, found, rows)):
        findings.add(told)
    return findings


def make_no_usage(con: duckdb.DuckDBPyConnection) -> None:
    """Make the empty tables that go with an absent usage table."""
    no_repeats(con)
    _count_accounts(con, "usage")


def _scan(con: duckdb.DuckDBPyConnection, found: Checked, source: str) -> tuple[int, list[int]]:
    """Count all rows, and those that break each check, in one scan that also counts by account."""
    counts = [f"count_if({check.breaks}) AS broken_{i}" for i, check in enumerate(found.checks)]
    _count_accounts(con, source, counts)
    sums = "".join(f", coalesce(sum(broken_{i}), 0)::BIGINT" for i in range(len(counts)))
    row = con.execute(f"SELECT coalesce(sum(events), 0)::BIGINT{sums} FROM usage_accounts").fetchall()[0]
    return row[0], list(row[1:])


def _count_accounts(con: duckdb.DuckDBPyConnection, source: str, counts: Sequence[str] = ()) -> None:
    columns = ["count(*) AS events", "min(occurred_at) AS first", "max(occurred_at) AS last", *counts]
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE usage_accounts AS SELECT account_id, {', '.join(columns)} "
        f"FROM {source} GROUP BY account_id"
    )


def _unknown_accounts(con: duckdb.DuckDBPyConnection, found: Checked, rows: int) -> Iterator[Problem]:
    # They stay in the view, because taking them out costs a join per scan: the engine drops them after its rollup.
    unknown = (
        "usage_accounts WHERE EXISTS (SELECT 1 FROM accounts) AND account_id NOT IN (SELECT account_id FROM accounts)"
    )
    count = con.execute(f"SELECT coalesce(sum(events), 0)::BIGINT FROM {unknown}").fetchall()[0][0]
    if count:
        accounts = con.execute(
            f"SELECT account_id FROM {unknown} ORDER BY 1 LIMIT {found.limits.quarantine_sample}"
        ).fetchall()
        con.executemany("INSERT INTO quarantine VALUES ('usage', 'unknown_account', ?, NULL)", accounts)
        sample = [str(row[0]) for row in accounts[:3]]
        yield problem(found, Check("unknown_account", "account_id", ""), count, rows, sample)


def _repeats(con: duckdb.DuckDBPyConnection, found: Checked, rows: int) -> Iterator[Problem]:
    """Tell the rows of repeated events apart; where the source gives no available time none can correct another."""
    numbers = _repeated_numbers(con, found, rows)
    if not len(numbers):
        no_repeats(con)
        return
    con.register("repeated_numbers", pa.table({"number": numbers}))
    repeated = f"SELECT * FROM usage WHERE {number(found.types['event_id'])} IN (SELECT number FROM repeated_numbers)"
    split_repeats(con, repeated, corrects="available_at" in found.columns)
    con.unregister("repeated_numbers")
    for rule in ("duplicate", "repeated"):
        rows_of = f"usage_repeats WHERE standing = '{rule}'"
        count = con.execute(f"SELECT count(*) FROM {rows_of}").fetchall()[0][0]
        if count:
            yield _repeat_problem(con, found, rule, rows_of, count, rows)
    corrections = "usage_versions WHERE standing = 'corrected'"
    count = con.execute(f"SELECT count(*) FROM {corrections}").fetchall()[0][0]
    if count:
        yield problem(found, Check("corrected", "event_id", ""), count, rows, _event_ids(con, corrections))


def _repeat_problem(
    con: duckdb.DuckDBPyConnection, found: Checked, rule: str, rows_of: str, count: int, rows: int
) -> Problem:
    row = ", ".join(name(c) for c in found.columns)
    entry = f"'usage', {literal(rule)}, CAST(event_id AS VARCHAR), to_json(struct_pack({row}))"
    con.execute(
        f"INSERT INTO quarantine SELECT {entry} FROM {rows_of} ORDER BY 3 LIMIT {found.limits.quarantine_sample}"
    )
    return problem(found, Check(rule, "event_id", ""), count, rows, _event_ids(con, rows_of))


def _event_ids(con: duckdb.DuckDBPyConnection, rows: str) -> list[str]:
    keys = con.execute(f"SELECT DISTINCT CAST(event_id AS VARCHAR) FROM {rows} ORDER BY 1 LIMIT 3").fetchall()
    return [str(row[0]) for row in keys]


def _repeated_numbers(con: duckdb.DuckDBPyConnection, found: Checked, rows: int) -> NDArray[np.int64]:
    """Return the numbers that more than one event has, by one streamed scan and a sort (8 bytes per event)."""
    numbers, filled = np.empty(rows, np.int64), 0
    if "event_id" in found.columns:
        relation = con.sql(f"SELECT {number(found.types['event_id'])} AS number FROM usage WHERE event_id IS NOT NULL")
        for batch in relation.to_arrow_reader(BATCH):
            numbers[filled : filled + batch.num_rows] = batch.column(0).to_numpy()
            filled += batch.num_rows
    numbers = numbers[:filled]
    numbers.sort()
    return np.unique(numbers[1:][numbers[1:] == numbers[:-1]])
