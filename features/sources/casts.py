"""From a source's type to the canonical one: SQL that never fails, and whether it may meet what it cannot read."""

from dataclasses import dataclass

from features.contract import Kind
from features.sources.csv_files import literal

TYPES: dict[Kind, str] = {
    "text": "VARCHAR",
    "time": "TIMESTAMP",
    "number": "DOUBLE",
    "quantity": "DOUBLE",
    "flag": "BOOLEAN",
    "key": "VARCHAR",
}
"""The canonical type per kind, also that of the typed NULLs that stand for absent columns."""

WHOLE = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT", "UHUGEINT"}
)
FRACTIONS = frozenset({"FLOAT", "DOUBLE"})
NAIVE = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"})
ZONED = frozenset({"TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NS WITH TIME ZONE"})

ZONE_PATTERN = r"\d:\d\d(:\d\d([.,]\d+)?)?\s*([Zz]|UTC|GMT|[+-]\d\d(:?\d\d)?|[A-Za-z]+/[A-Za-z_/]+)$"
"""A time of day followed by a zone; `2024-01-31` must not pass for one with an offset of −31."""


@dataclass(frozen=True)
class Cast:
    """SQL of the canonical value, and the rule that a value breaks when the cast gives NULL for it."""

    sql: str
    rule: str = ""


def is_number(kind: str) -> bool:
    """Say whether a DuckDB type is numeric."""
    return kind in WHOLE or kind in FRACTIONS or kind.startswith("DECIMAL")


def cast(column: str, kind: Kind, given: str, zone: str, exact: bool = False) -> Cast | None:
    """Return how a column of type `given` becomes `kind`, or None when it cannot; `exact` keeps whole numbers whole."""
    if given in ("NULL", '"NULL"'):
        return Cast(f"CAST({column} AS {TYPES[kind]})")
    if kind in ("text", "key"):
        return _text(column, given, keep=kind == "key")
    if kind == "time":
        return _time(column, given, zone)
    if kind == "flag":
        return _flag(column, given)
    return _number(column, given, exact)


def _text(column: str, given: str, keep: bool) -> Cast | None:
    if given.startswith(("STRUCT", "MAP", "UNION", "BLOB")) or given.endswith("]"):
        return None
    if keep or given == "VARCHAR":
        return Cast(column)
    text = f"CAST({column} AS VARCHAR)"
    if given in FRACTIONS:
        # Whole numbers that were once stored beside nulls come as fractions: account 17 must not become 17.0.
        whole = f"CASE WHEN {column} = trunc({column}) THEN CAST(TRY_CAST({column} AS BIGINT) AS VARCHAR) END"
        text = f"coalesce({whole}, {text})"
    return Cast(text)


def _number(column: str, given: str, exact: bool) -> Cast | None:
    if given == "DOUBLE" or (exact and given in WHOLE):
        return Cast(column)
    if given == "VARCHAR":
        return Cast(f"TRY_CAST({column} AS DOUBLE)", "not_a_number")
    return Cast(f"CAST({column} AS DOUBLE)") if is_number(given) else None


def _flag(column: str, given: str) -> Cast | None:
    if given == "BOOLEAN":
        return Cast(column)
    if given == "VARCHAR" or given in WHOLE:
        return Cast(f"TRY_CAST({column} AS BOOLEAN)", "not_a_flag")
    return None


def _time(column: str, given: str, zone: str) -> Cast | None:
    if given in ZONED:
        return Cast(f"({column} AT TIME ZONE 'UTC')")
    if given in NAIVE:
        return Cast(_in_zone(column if given == "TIMESTAMP" else f"CAST({column} AS TIMESTAMP)", zone))
    if given == "VARCHAR":
        # A cast of text to TIMESTAMP would silently drop the zone.
        zoned = f"(TRY_CAST({column} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')"
        naive = _in_zone(f"TRY_CAST({column} AS TIMESTAMP)", zone)
        return Cast(f"CASE WHEN {has_zone(column)} THEN {zoned} ELSE {naive} END", "not_a_time")
    return None


def has_zone(column: str) -> str:
    """Return SQL that says whether a text time names its zone."""
    return f"regexp_matches({column}, {literal(ZONE_PATTERN)})"


def _in_zone(naive: str, zone: str) -> str:
    return naive if zone == "UTC" else f"(({naive} AT TIME ZONE {literal(zone)}) AT TIME ZONE 'UTC')"
