"""Small tables: rows that break a rule go to the quarantine, the others become a canonical table in memory."""

from dataclasses import dataclass, field

import duckdb

from features.contract import TABLES, Table
from features.sources.casts import TYPES
from features.sources.csv_files import literal
from features.sources.problems import Problem
from features.sources.relations import name
from features.sources.rules import Check, Checked, problem


@dataclass
class Findings:
    """What one table turned out to hold."""

    rows: int
    quarantined: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, found: Problem) -> None:
        """Count a problem's rows under its rule; repeats are not quarantined."""
        self.problems.append(found)
        if found.severity != "note":
            self.quarantined[found.rule] = self.quarantined.get(found.rule, 0) + found.count


def make_quarantine(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table that keeps a sample of the rows that break a rule."""
    con.execute("CREATE TEMP TABLE quarantine (table_name VARCHAR, rule VARCHAR, key VARCHAR, row_json VARCHAR)")


def canonical(table: Table, columns: tuple[str, ...]) -> str:
    """Return SQL of every canonical column (typed NULLs for the absent ones) and known_at."""
    parts = [
        name(c.name) if c.name in columns else f"CAST(NULL AS {TYPES[c.kind]}) AS {name(c.name)}" for c in table.columns
    ]
    return ", ".join([*parts, f"{known_at(table, columns)} AS known_at"])


def known_at(table: Table, columns: tuple[str, ...]) -> str:
    """Return SQL of the first instant at which a row may be seen."""
    if not table.event:
        return "TIMESTAMP '0001-01-01'"
    if table.available not in columns:
        return name(table.event)
    together = "coalesce({1}, {0})" if table.state else "greatest({0}, {1})"
    return together.format(name(table.event), name(str(table.available)))


def make_absent(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Make the empty view that stands for a table that no source gives."""
    nulls = ", ".join(f"CAST(NULL AS {TYPES[c.kind]}) AS {name(c.name)}" for c in table.columns)
    select = f"SELECT {nulls}, CAST(NULL AS TIMESTAMP) AS known_at WHERE false"
    con.execute(f"CREATE OR REPLACE TEMP VIEW {name(table.name)} AS {select}")


def make_small(con: duckdb.DuckDBPyConnection, found: Checked) -> Findings:
    """Make one canonical table of rows that keep every rule, one per key: the one that was known first."""
    table, checks = found.table, _all_checks(found)
    cases = " ".join(f"WHEN {check.breaks} THEN {i}" for i, check in enumerate(checks))
    staged = name(f"staged {table.name}")
    con.execute(f"CREATE TEMP TABLE {staged} AS SELECT *, CASE {cases} ELSE -1 END AS broken FROM ({found.sql})")
    counts = dict(con.execute(f"SELECT broken, count(*) FROM {staged} GROUP BY broken ORDER BY broken").fetchall())
    findings = Findings(sum(counts.values()))
    good = counts.pop(-1, 0)
    for i, count in counts.items():
        _tell(con, found, checks[i], f"{staged} WHERE broken = {i}", count, findings)
    source = f"{staged} WHERE broken = -1"
    if con.execute(f"SELECT count(*) FROM (SELECT DISTINCT {_key(found)} FROM {source})").fetchall()[0][0] < good:
        source = _tell_copies(con, found, source, findings)
    con.execute(f"CREATE TEMP TABLE {name(table.name)} AS SELECT {canonical(table, found.columns)} FROM {source}")
    con.execute(f"DROP TABLE {staged}; DROP TABLE IF EXISTS ranked")
    return findings


def _all_checks(found: Checked) -> tuple[Check, ...]:
    """Return the checks of the table and that its accounts exist (accounts itself stands first among the tables)."""
    if found.table is TABLES["accounts"] or "account_id" not in found.columns:
        return found.checks
    known = "EXISTS (SELECT 1 FROM accounts) AND account_id NOT IN (SELECT account_id FROM accounts)"
    return (*found.checks, Check("unknown_account", "account_id", known))


def _tell_copies(con: duckdb.DuckDBPyConnection, found: Checked, source: str, findings: Findings) -> str:
    """Tell rows that share a key, the one known first apart from its copies, and return SQL of the first ones."""
    row = _row(found)
    window = f"(PARTITION BY {_key(found)} ORDER BY {known_at(found.table, found.columns)}, {row})"
    same = f"{row} IS NOT DISTINCT FROM first_value({row}) OVER {window}"
    con.execute(
        f"CREATE TEMP TABLE ranked AS SELECT *, row_number() OVER {window} AS copy, {same} AS same FROM {source}"
    )
    keys = [column for column in found.table.key if column in found.columns]
    for check, rows in (
        (Check("duplicate", keys[-1] if keys else "", ""), "ranked WHERE copy > 1 AND NOT same"),
        (Check("repeated", "", ""), "ranked WHERE copy > 1 AND same"),
    ):
        count = con.execute(f"SELECT count(*) FROM {rows}").fetchall()[0][0]
        if count:
            _tell(con, found, check, rows, count, findings)
    return "ranked WHERE copy = 1"


def _row(found: Checked) -> str:
    return f"struct_pack({', '.join(f'{name(c)} := {name(c)}' for c in found.columns)})"


def _key(found: Checked) -> str:
    """Return SQL of the columns that name a row; an account version without a date of its own is the first."""
    table = found.table
    parts = [
        f"coalesce({name(c)}, {name(table.event)})" if c == table.available else name(c)
        for c in table.key
        if c in found.columns
    ]
    return ", ".join(parts) or _row(found)


def _tell(
    con: duckdb.DuckDBPyConnection, found: Checked, check: Check, rows: str, count: int, findings: Findings
) -> None:
    """Keep a sample of the rows that break a check in the quarantine, and note the problem."""
    sample = keep(con, found, check, rows)
    findings.add(problem(found, check, count, findings.rows, sample))


def keep(con: duckdb.DuckDBPyConnection, found: Checked, check: Check, rows: str) -> list[str]:
    """Put a sample of bad rows into the quarantine and return three keys of them."""
    key = found.sample(check.column)
    row = ", ".join(f"{name(c)} := {found.value(c)}" for c in found.columns)
    entry = f"{literal(found.table.name)}, {literal(check.rule)}, {key}, to_json(struct_pack({row}))"
    con.execute(
        f"INSERT INTO quarantine SELECT {entry} FROM {rows} ORDER BY 3, 4 LIMIT {found.limits.quarantine_sample}"
    )
    found_keys = con.execute(f"SELECT DISTINCT {key} AS key FROM {rows} ORDER BY 1 LIMIT 3").fetchall()
    return [str(row[0]) for row in found_keys]
