"""Small tables: rows that break a rule go to the quarantine, the others become a canonical table in memory."""

from dataclasses import dataclass, field

import duckdb

from features.contract import TABLES, Table
from features.sources.casts import TYPES
from features.sources.problems import Problem
from features.sources.relations import literal, name
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
    staged, ranked = name(f"staged {table.name}"), name(f"ranked {table.name}")
    con.execute(f"CREATE TEMP TABLE {staged} AS SELECT *, CASE {cases} ELSE -1 END AS broken FROM ({found.sql})")
    con.execute(f"CREATE TEMP TABLE {ranked} AS {_ranked(found, staged)}")
    con.execute(
        f"CREATE TEMP TABLE {name(table.name)} AS SELECT {canonical(table, found.columns)} FROM {ranked} WHERE copy = 1"
    )
    total = con.execute(f"SELECT count(*) FROM {staged}").fetchall()[0][0]
    findings = Findings(total)
    for i, check in enumerate(checks):
        _tell(con, found, check, f"{staged} WHERE broken = {i}", findings)
    key = table.key[-1] if table.key and table.key[-1] in found.columns else ""
    copies = f"{ranked} WHERE copy > 1 AND {{}} same"
    _tell(con, found, Check("duplicate", key, ""), copies.format("NOT"), findings)
    _tell(con, found, Check("repeated", "", ""), copies.format(""), findings)
    con.execute(f"DROP TABLE {staged}; DROP TABLE {ranked}")
    return findings


def _all_checks(found: Checked) -> tuple[Check, ...]:
    """Return the checks of the table and that its accounts exist (accounts itself stands first among the tables)."""
    if found.table is TABLES["accounts"] or "account_id" not in found.columns:
        return found.checks
    known = "EXISTS (SELECT 1 FROM accounts) AND account_id NOT IN (SELECT account_id FROM accounts)"
    return (*found.checks, Check("unknown_account", "account_id", known))


def _ranked(found: Checked, staged: str) -> str:
    """Number the good rows of each key, the one known first as copy 1, and say whether copies are the same."""
    table = found.table
    row = f"struct_pack({', '.join(f'{name(c)} := {name(c)}' for c in found.columns)})"
    parts = [_key_part(table, c) for c in table.key if c in found.columns]
    key = ", ".join(parts) if parts else row
    window = f"(PARTITION BY {key} ORDER BY {known_at(table, found.columns)}, {row})"
    return (
        f"SELECT *, row_number() OVER {window} AS copy, {row} IS NOT DISTINCT FROM first_value({row}) OVER {window} "
        f"AS same FROM {staged} WHERE broken = -1"
    )


def _key_part(table: Table, column: str) -> str:
    return f"coalesce({name(column)}, {name(table.event)})" if column == table.available else name(column)


def _tell(con: duckdb.DuckDBPyConnection, found: Checked, check: Check, rows: str, findings: Findings) -> None:
    """Count the rows that break a check, keep a sample of them in the quarantine, and note the problem."""
    count = con.execute(f"SELECT count(*) FROM {rows}").fetchall()[0][0]
    if not count:
        return
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
