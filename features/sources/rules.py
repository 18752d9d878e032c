"""The contract's row rules as SQL over one table's raw and canonical columns."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from features.contract import Column, Limits, Table
from features.row_rules import RULES
from features.sources.casts import NAIVE, WHOLE, Cast, cast, has_zone, is_number
from features.sources.problems import Problem, Severity, SourceError
from features.sources.relations import Raw, name


@dataclass(frozen=True)
class Check:
    """One rule for one column: SQL that is true for the rows that break it."""

    rule: str
    column: str
    breaks: str


@dataclass(frozen=True)
class Checked:
    """One table with canonical types, before its bad rows are taken out."""

    table: Table
    sql: str
    """Canonical columns, and under `raw NAME` those whose cast may fail."""
    columns: tuple[str, ...]
    kept_raw: frozenset[str]
    types: Mapping[str, str]
    checks: tuple[Check, ...]
    in_place: bool
    """Whether the rows still lie in their files."""
    limits: Limits
    file: str
    """The mapping file, for messages."""
    naive: tuple[str, ...] = ()
    """Columns whose times name no zone."""

    def value(self, column: str) -> str:
        """Return SQL of a column as text, as it stood in the source."""
        text = name(f"raw {column}") if column in self.kept_raw else name(column)
        return f"regexp_replace(CAST({text} AS VARCHAR), ' 00:00:00$', '')"

    def sample(self, column: str) -> str:
        """Return SQL of the sample key of a row that breaks a rule: its account (or key) and the culprit."""
        first = self.table.columns[0].name
        second = column if column != first else self.table.event
        parts = [self.value(c) for c in (first, second) if c in self.columns]
        return f"concat_ws(' ', {', '.join(parts)})"


def checked(con: duckdb.DuckDBPyConnection, table: Table, raw: Raw, zone: str, limits: Limits, file: str) -> Checked:
    """Give a table canonical types and list the checks that its rows can break.

    Raises SourceError when a column's type cannot become the canonical one or when zones are mixed.
    """
    casts = {c.name: _cast(c, raw, zone, table) for c in table.columns if c.name in raw.columns}
    problems = [_retyped(table, c, raw, file) for c, made in casts.items() if made is None]
    zones = _zones(con, table, raw)
    problems += [mixed for column in zones for mixed in _mixed_zones(table, column, zones[column], file)]
    if problems:
        raise SourceError(problems)
    made = {column: found for column, found in casts.items() if found is not None}
    kept = frozenset(column for column, found in made.items() if found.rule)
    parts = [f"{found.sql} AS {name(column)}" for column, found in made.items()]
    parts += [f"{name(column)} AS {name(f'raw {column}')}" for column in sorted(kept)]
    sql = f"SELECT {', '.join(parts)} FROM ({raw.sql})"
    types = {column: bound.type for column, bound in raw.columns.items()}
    checks = tuple(_checks(table, made, types, limits))
    naive = tuple(column for column, found in zones.items() if found.naive is not None)
    return Checked(table, sql, tuple(made), kept, types, checks, raw.in_place, limits, file, naive)


def _cast(column: Column, raw: Raw, zone: str, table: Table) -> Cast | None:
    # Millions of whole numbers need no copy as fractions.
    exact = table.name == "usage"
    return cast(name(column.name), column.kind, raw.columns[column.name].type, zone, exact)


def _checks(table: Table, made: Mapping[str, Cast], types: Mapping[str, str], limits: Limits) -> Iterator[Check]:
    for column in (c for c in table.columns if c.name in made):
        yield from _column_checks(column, made[column.name], types[column.name], limits)
    for later, earlier in table.order:
        if later in made and earlier in made:
            yield Check("ends_before_it_starts", later, f"{name(later)} < {name(earlier)}")
    if table.available in made and table.event and not table.state:
        skew = f"to_microseconds({round(limits.clock_skew_days * 86_400_000_000)})"
        late = f"{name(table.event)} > {name(str(table.available))} + {skew}"
        yield Check("available_before_it_happened", table.event, late)
    if table.name == "surveys" and "score" in made:
        yield Check(
            "score_out_of_range", "score", "score NOT BETWEEN 0 AND CASE lower(kind) WHEN 'nps' THEN 10 ELSE 100 END"
        )


def _column_checks(column: Column, made: Cast, given: str, limits: Limits) -> Iterator[Check]:
    text, raw = name(column.name), name(f"raw {column.name}")
    if column.need == "filled":
        yield Check("missing_value", column.name, f"{raw if made.rule else text} IS NULL")
    if made.rule:
        yield Check(made.rule, column.name, f"{raw} IS NOT NULL AND {text} IS NULL")
    if column.kind == "time":
        first, last = f"{limits.first_year:04d}-01-01", f"{limits.last_year:04d}-12-31 23:59:59.999999"
        outside = f"{text} < TIMESTAMP '{first}' OR {text} > TIMESTAMP '{last}'"
        yield Check("implausible_time", column.name, outside)
    if column.kind in ("number", "quantity") and not (given in WHOLE or given.startswith("DECIMAL")):
        yield Check("not_finite", column.name, f"NOT isfinite({text})")
    if column.kind == "quantity":
        yield Check("negative_quantity", column.name, f"{text} < 0")


def problem(found: Checked, check: Check, count: int, total: int, sample: Sequence[str]) -> Problem:
    """Return the problem that `count` rows break one rule: an error above limits.quarantine_share."""
    table, rule, limits = found.table, RULES[check.rule], found.limits
    words = {
        "file": found.file,
        "table": table.name,
        "column": check.column,
        "available": table.available,
        "earlier": dict(table.order).get(check.column, ""),
        "key": ", ".join(table.key) or "the whole row",
        **limits.model_dump(),
    }
    above = count > limits.quarantine_share * total
    severity: Severity = "error" if above and rule.stops else "warning" if rule.bad else "note"
    says, fix = rule.says.format(**words), rule.fix.format(**words)
    return Problem(table.name, check.column, rule.name, severity, says, fix, count, total, tuple(sample))


def _retyped(table: Table, column: str, raw: Raw, file: str) -> Problem:
    given, kind = raw.columns[column].type, table.column(column).kind
    says = f"is {given} in the source, where a {'number' if kind == 'quantity' else kind} is needed"
    hint = " (make_timestamp or epoch_ms for a number of seconds)" if kind == "time" and is_number(given) else ""
    fix = f"write an expression that makes it one in {file} under [{table.name}] {column}{hint}"
    return Problem(table.name, column, "retyped_column", "error", says, fix)


@dataclass(frozen=True)
class _Zones:
    """How many times of one column name their zone, with the first that does and the first that does not."""

    total: int = 0
    with_zone: int = 0
    zoned: str | None = None
    naive: str | None = None


def _zones(con: duckdb.DuckDBPyConnection, table: Table, raw: Raw) -> dict[str, _Zones]:
    """Look at the zones of every time column; only text has to be read for that."""
    found = {}
    for column in (c.name for c in table.columns if c.kind == "time" and c.name in raw.columns):
        given, text = raw.columns[column].type, name(column)
        if given == "VARCHAR":
            zoned = has_zone(text)
            naive = f"NOT {zoned} AND TRY_CAST({text} AS TIMESTAMP) IS NOT NULL"
            sql = f"count({text}), count_if({zoned}), min({text}) FILTER ({zoned}), min({text}) FILTER ({naive})"
            found[column] = _Zones(*con.execute(f"SELECT {sql} FROM ({raw.sql})").fetchall()[0])
        elif given in NAIVE:
            found[column] = _Zones(naive=given)
    return found


def _mixed_zones(table: Table, column: str, zones: _Zones, file: str) -> Iterator[Problem]:
    if zones.with_zone and zones.naive is not None:
        says = "times name their zone and the others do not"
        where = f"in {file} under [{table.name}] {column}"
        fix = f"give all a zone in the source, or write one expression for both {where}"
        sample = (f"{zones.zoned} beside {zones.naive}", str(zones.zoned), zones.naive)
        count, total = zones.with_zone, zones.total
        yield Problem(table.name, column, "mixed_time_zones", "error", says, fix, count, total, sample)
