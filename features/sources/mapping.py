"""The mapping file: which of your tables and columns are the canonical ones."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path, PurePath
from typing import Any
from zoneinfo import available_timezones

from features.contract import TABLES, TERMS
from features.errors import UsageError

PARQUET = (".parquet", ".pq")
CSV = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
PLACES = ("path", "query", "filter")
RESERVED = (
    "quarantine",
    "usage_accounts",
    "usage_repeats",
    "usage_versions",
    "typed_usage",
    "ranked_usage",
    "ranked",
    "repeated_numbers",
)
CHECK_KEYS = ("says", "query", "table", "column", "fix")


@dataclass(frozen=True)
class TableMapping:
    """Where one canonical table comes from: a path or a query, a filter, and an SQL expression per column."""

    path: str | None = None
    query: str | None = None
    filter: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class OwnCheck:
    """A check of your own: one SELECT that returns count, total and a list of sample keys."""

    name: str
    says: str
    query: str
    table: str = ""
    column: str = ""
    fix: str = ""


@dataclass(frozen=True)
class SourceMapping:
    """One mapping file, free of mistakes."""

    file: str
    tables: Mapping[str, TableMapping]
    files: Mapping[str, str] = field(default_factory=dict)
    checks: tuple[OwnCheck, ...] = ()
    timezone: str | None = None
    """How times without a zone are read; None (the file does not say) means UTC."""
    simulated: bool = False


def read_mapping(path: Path) -> SourceMapping:
    """Read a mapping file.

    Raises UsageError that lists every mistake with file and key.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such mapping file; write one (docs/data.md) or correct [sources] mapping")
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not a TOML file: {error}") from error
    mistakes = list(_mistakes(document))
    if mistakes:
        raise UsageError("\n".join(f"{path}: {mistake}" for mistake in mistakes))
    return SourceMapping(
        file=str(path),
        tables={name: _table(document[name]) for name in TABLES if name in document},
        files=document.get("files", {}),
        checks=tuple(OwnCheck(name, **check) for name, check in document.get("checks", {}).items()),
        timezone=document.get("timezone"),
        simulated=document.get("simulated", False),
    )


def nearest(word: str, known: Iterable[str]) -> str:
    """Say the nearest known name as `; did you mean …?`, or nothing when none is near."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _table(section: Mapping[str, str]) -> TableMapping:
    columns = {name: text for name, text in section.items() if name not in PLACES}
    return TableMapping(section.get("path"), section.get("query"), section.get("filter"), columns)


def _mistakes(document: Mapping[str, Any]) -> Iterator[str]:
    yield from _unknown("", document, ("timezone", "simulated", "files", "checks", *TABLES))
    zone = document.get("timezone", "UTC")
    if not isinstance(zone, str) or zone not in available_timezones():
        yield f"timezone = {zone!r} is no time zone{nearest(str(zone), available_timezones())}"
    if not isinstance(document.get("simulated", False), bool):
        yield f"simulated = {document['simulated']!r} must be true or false"
    for name in ("files", "checks", *TABLES):
        if name in document and not isinstance(document[name], dict):
            yield f"{name} = {document[name]!r} must be a section: [{name}]"
    yield from _mistakes_in_files(_section(document, "files"))
    yield from _mistakes_in_checks(_section(document, "checks"))
    for name in TABLES:
        if isinstance(document.get(name), dict):
            yield from _mistakes_in_table(name, document[name])
    yield from _missing_tables(document)


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = document.get(name, {})
    return section if isinstance(section, dict) else {}


def _missing_tables(document: Mapping[str, Any]) -> Iterator[str]:
    for table in TABLES.values():
        if table.required and table.name not in document:
            yield f"[{table.name}] is missing; every book needs it"
    if not any(name in document for name in TERMS):
        yield f"[{TERMS[0]}] or [{TERMS[1]}] is missing; a book needs at least one of them"


def _mistakes_in_files(files: Mapping[str, Any]) -> Iterator[str]:
    for name, path in files.items():
        if name in (*TABLES, *RESERVED) or name.startswith("source_"):
            yield f"[files] {name} is a name that Forewarn uses itself; choose another, such as raw_{name}"
        elif not name.isidentifier():
            yield f"[files] {name!r} must be a plain name of letters, digits and _"
        yield from _mistakes_in_path(f"[files] {name}", path)


def _mistakes_in_table(name: str, section: Mapping[str, Any]) -> Iterator[str]:
    yield from _unknown(f"[{name}] ", section, (*PLACES, *TABLES[name].names))
    if ("path" in section) == ("query" in section):
        yield f"[{name}] needs either path or query, and not both"
    for key, value in section.items():
        if not isinstance(value, str) or not value.strip():
            yield f"[{name}] {key} = {value!r} must be text: a path or SQL in quotes"
        elif key == "path":
            yield from _mistakes_in_path(f"[{name}] path", value)


def _mistakes_in_path(key: str, path: object) -> Iterator[str]:
    if not isinstance(path, str):
        yield f"{key} = {path!r} must be text: a path in quotes"
    elif not path.lower().endswith((*PARQUET, *CSV)):
        yield f"{key} = {path!r} must end in {', '.join((*PARQUET, *CSV))}; for a folder write usage/*.parquet"
    elif ".." in PurePath(path).parts:
        yield f"{key} = {path!r} leaves the data folder; write an absolute path"


def _mistakes_in_checks(checks: Mapping[str, Any]) -> Iterator[str]:
    for name, check in checks.items():
        if not isinstance(check, dict):
            yield f"[checks] {name} must be a section: [checks.{name}]"
            continue
        yield from _unknown(f"[checks.{name}] ", check, CHECK_KEYS)
        for key in ("says", "query"):
            if key not in check:
                yield f"[checks.{name}] {key} is missing"
        for key, value in check.items():
            if not isinstance(value, str):
                yield f"[checks.{name}] {key} = {value!r} must be text"


def _unknown(where: str, section: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[str]:
    for key in section:
        if key not in known:
            yield f"{where}{key} is not a key{nearest(key, known)}"
