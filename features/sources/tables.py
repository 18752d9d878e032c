"""Small tables: rows that break a rule go to the quarantine, the others become a canonical table in memory."""

from dataclasses import dataclass, field

import duckdb

from features.contract import TABLES, Table
from features.repeats import ranked
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
        always = "TIMESTAMP '0001-01-01'"
        return f"coalesce({name(str(table.available))}, {always})" if table.available in columns else always
    if table.available not in columns:
        return name(table.event)
    together = "coalesce({1}, {0})" if table.state else "greatest({0}, {1})"
    return together.format(name(table.event), name(str(table.available)))


def make_absent(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Make the empty view that stands for a table that no source gives."""
    nulls = ", ".join(f"CAST(NULL AS {TYPES[c.kind]}) AS {name(c.name)}" for c in table.columns)
    times = "CAST(NULL AS TIMESTAMP) AS known_at"
    if table.name != "usage":
        times += ", CAST(NULL AS TIMESTAMP) AS superseded_at"
    select = f"SELECT {nulls}, {times} WHERE false"
    con.execute(f"CREATE OR REPLACE TEMP VIEW {name(table.name)} AS {select}")


def make_small(con: duckdb.DuckDBPyConnection, found: Checked) -> Findings:
    """Make one canonical table of rows that keep every rule.

    Of the rows that share a key each is seen until the next one that differs is known (`superseded_at`, null for the
    last); where the source gives no available time they cannot be told apart, and the first one stands.
    """
    table, checks = found.table, _all_checks(found)
    cases = " ".join(f"WHEN {check.breaks} THEN {i}" for i, check in enumerate(checks))
    judged = f"(SELECT *, CASE {cases} ELSE -1 END AS broken FROM ({found.sql}))"
    counts = dict(con.execute(f"SELECT broken, count(*) FROM {judged} GROUP BY broken ORDER BY broken").fetchall())
    findings = Findings(sum(counts.values()))
    counts.pop(-1, 0)
    for i, count in counts.items():
        _tell(con, found, checks[i], f"{judged} WHERE broken = {i}", count, findings)
    source = f"{judged} WHERE broken = -1" if counts else f"({found.sql})"
    rows, columns = f"SELECT *, CAST(NULL AS TIMESTAMP) AS superseded_at FROM {source}", canonical(table, found.columns)
    # Only the keys that occur more than once are worth a closer look; numbers of keys are enough to find them.
    number = _key_number(found)
    repeated = f"SELECT number FROM (SELECT {number} AS number FROM {source}) GROUP BY number HAVING count(*) > 1"
    con.execute(f"CREATE TEMP TABLE repeated_keys AS {repeated}")
    if con.execute("SELECT count(*) FROM repeated_keys").fetchall()[0][0]:
        again = f"{number} IN (SELECT number FROM repeated_keys)"
        told = _tell_copies(con, found, f"(SELECT * FROM {source}) WHERE {again}", findings)
        rows = f"SELECT * FROM ({rows}) WHERE NOT {again} UNION ALL BY NAME SELECT * EXCLUDE (standing) FROM {told}"
    con.execute(f"CREATE TEMP TABLE {name(table.name)} AS SELECT {columns}, superseded_at FROM ({rows})")
    con.execute("DROP TABLE repeated_keys; DROP TABLE IF EXISTS ranked")
    return findings


def _all_checks(found: Checked) -> tuple[Check, ...]:
    """Return the checks of the table and that its accounts exist (accounts itself stands first among the tables)."""
    if found.table is TABLES["accounts"] or "account_id" not in found.columns:
        return found.checks
    known = "EXISTS (SELECT 1 FROM accounts) AND account_id NOT IN (SELECT account_id FROM accounts)"
    return (*found.checks, Check("unknown_account", "account_id", known))


def _tell_copies(con: duckdb.DuckDBPyConnection, found: Checked, source: str, findings: Findings) -> str:
    """Tell rows that share a key apart, and return SQL of those that count, with when they were superseded."""
    table = found.table
    corrects = table.available in found.columns and table.key != () and table.event != ""
    content = _row(found, tuple(c for c in found.columns if not (corrects and c == table.available)))
    known = known_at(table, found.columns)
    con.execute(f"CREATE TEMP TABLE ranked AS {ranked(_key(found), known, content, source, corrects=corrects)}")
    last = next((column for column in reversed(table.key) if column in found.columns), "")
    for rule, column in (("duplicate", last), ("repeated", ""), ("corrected", last)):
        rows = f"ranked WHERE standing = '{rule}'"
        count = con.execute(f"SELECT count(*) FROM {rows}").fetchall()[0][0]
        if count:
            _tell(con, found, Check(rule, column, ""), rows, count, findings)
    return "ranked WHERE standing IN ('first', 'corrected')"


def _row(found: Checked, columns: tuple[str, ...] | None = None) -> str:
    chosen = found.columns if columns is None else columns
    return f"struct_pack({', '.join(f'{name(c)} := {name(c)}' for c in chosen)})"


def _key(found: Checked) -> str:
    """Return SQL of the columns that name a row; an account version without a date of its own is the first.

    A row without the name that it might have is told by all that it says.
    """
    table, parts = found.table, _key_parts(found)
    nameless = [name(c) for c in table.key if c in found.columns and table.column(c).kind == "key"]
    parts += [f"CASE WHEN {c} IS NULL THEN {_row(found)} END" for c in nameless]
    return ", ".join(parts) or _row(found)


def _key_parts(found: Checked) -> list[str]:
    table = found.table
    return [
        f"coalesce({name(c)}, {name(table.event)})" if c == table.available and table.event else name(c)
        for c in table.key
        if c in found.columns
    ]


def _key_number(found: Checked) -> str:
    """Return SQL of a number for each row that is the same for rows of the same key."""
    table = found.table
    keys = [c for c in table.key if c in found.columns]
    whole = f"hash({', '.join(name(c) for c in found.columns)})"
    if not keys:
        return whole
    nameless = [f"{name(c)} IS NULL" for c in keys if table.column(c).kind == "key"]
    parts = [
        f"coalesce({name(c)}, {name(table.event)})" if c == table.available and table.event else name(c) for c in keys
    ]
    number = f"hash({', '.join(parts)})"
    return f"CASE WHEN {' OR '.join(nameless)} THEN {whole} ELSE {number} END" if nameless else number


def _tell(
    con: duckdb.DuckDBPyConnection, found: Checked, check: Check, rows: str, count: int, findings: Findings
) -> None:
    """Keep a sample of the rows that break a check in the quarantine, and note the problem; corrections stay."""
    sample = sample_keys(con, found, check, rows) if check.rule == "corrected" else keep(con, found, check, rows)
    findings.add(problem(found, check, count, findings.rows, sample))


def keep(con: duckdb.DuckDBPyConnection, found: Checked, check: Check, rows: str) -> list[str]:
    """Put a sample of bad rows into the quarantine and return three keys of them."""
    key = found.sample(check.column)
    row = ", ".join(f"{name(c)} := {found.value(c)}" for c in found.columns)
    entry = f"{literal(found.table.name)}, {literal(check.rule)}, {key}, to_json(struct_pack({row}))"
    con.execute(
        f"INSERT INTO quarantine SELECT {entry} FROM {rows} ORDER BY 3, 4 LIMIT {found.limits.quarantine_sample}"
    )
    return sample_keys(con, found, check, rows)


def sample_keys(con: duckdb.DuckDBPyConnection, found: Checked, check: Check, rows: str) -> list[str]:
    """Return three keys of the rows."""
    keys = con.execute(f"SELECT DISTINCT {found.sample(check.column)} AS key FROM {rows} ORDER BY 1 LIMIT 3").fetchall()
    return [str(row[0]) for row in keys]
