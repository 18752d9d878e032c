"""Planting a fault: spoil one table of a clean simulated book, then read and judge it as a weekly run would do it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import duckdb
import pandas as pd

from features.calendar import WeekGrid
from features.contract import Limits
from features.sources.files import survey_book
from features.sources.mapping import SourceMapping, read_mapping
from features.sources.world import simulate
from features.trust.limits import TrustLimits
from features.trust.profile import renewed_profile, weekly_profile
from features.trust.verdicts import judge

MAPPING = Path(__file__).parents[2] / "configs" / "sources" / "demo.toml"
AS_OF = date(2026, 11, 2)
WEEKS = 130
LIMITS, TRUST = Limits.model_validate({}), TrustLimits.model_validate({})
Outcome = Literal["stopped", "quarantined"]


@dataclass(frozen=True)
class Fault:
    """One fault: the table it spoils, how (SQL over `good`, or a change of the file) and what must come of it."""

    name: str
    table: str
    spoil: str | Callable[[Path], None]
    outcome: Outcome
    rule: str
    csv: bool = False
    lasting: bool = False
    """Whether it began long ago, so that the profile of last week's run has it too."""

    @property
    def must(self) -> str:
        """The table and rule that must be told."""
        return self.rule if ":" in self.rule else f"{self.table}: {self.rule}"

    @property
    def by_history(self) -> bool:
        """Whether only the table's own history can tell it."""
        return self.rule in HISTORY


@dataclass(frozen=True)
class Clean:
    """A clean book on disk and the profile that last week's run left."""

    folder: Path
    mapping: SourceMapping
    stored: pd.DataFrame


@dataclass(frozen=True)
class Result:
    """What came of a fault."""

    fault: Fault
    stopped: tuple[str, ...]
    quarantined: tuple[str, ...]
    sentence: str

    @property
    def as_it_must(self) -> bool:
        """Whether that is what must come of it."""
        if self.fault.outcome == "stopped":
            return self.fault.must in self.stopped
        return not self.stopped and self.fault.must in self.quarantined


HISTORY = frozenset(
    {"volume", "stale", "shrunk", "lost_part", "empty_values", "unknown_share", "distinct_users", "late_rows"}
    | {"weekend_rows", "moved_hours", "moved_values"}
)


EVENTS = {
    "accounts": "valid_from",
    "subscriptions": "recorded_at",
    "outcomes": "recorded_at",
    "contacts": "recorded_at",
    "usage": "greatest(occurred_at, available_at)",
    "tickets": "greatest(opened_at, recorded_at)",
    "surveys": "greatest(answered_at, recorded_at)",
    "trainings": "greatest(completed_at, recorded_at)",
    "touchpoints": "greatest(occurred_at, recorded_at)",
    "invoices": "greatest(due_at, recorded_at)",
}
"""When the rows of the simulated tables became known."""


def recent(table: str, count: int) -> str:
    """Return SQL that holds for the rows that became known in the last weeks."""
    return f"{EVENTS[table]} >= TIMESTAMP '{AS_OF - timedelta(weeks=count)}'"


def lost(table: str, count: int, which: str = "true") -> str:
    """Lose the rows of the last weeks that a condition holds for."""
    return f"FROM good WHERE NOT ({recent(table, count)} AND {which})"


def half(table: str, count: int) -> str:
    """Lose every second row of the last weeks."""
    return lost(table, count, "hash(good) % 2 = 0")


def twice(table: str, count: int, key: str) -> str:
    """Load the rows of the last weeks twice, the copies under keys of their own."""
    return f"FROM good UNION ALL SELECT * REPLACE ({key}) FROM good WHERE {recent(table, count)}"


def altered(table: str, count: int, column: str, value: str, which: str = "true") -> str:
    """Give a column another value in the rows of the last weeks."""
    when = f"{recent(table, count)} AND {which}"
    return f"SELECT * REPLACE (CASE WHEN {when} THEN {value} ELSE {column} END AS {column}) FROM good"


def sometimes(column: str, value: str, kind: str = "") -> str:
    """Give one row in a hundred another value of a column."""
    own = f"{column}::{kind}" if kind else column
    return f"SELECT * REPLACE (CASE WHEN hash(good) % 100 = 0 THEN {value} ELSE {own} END AS {column}) FROM good"


def truncated(path: Path) -> None:
    """Cut the file in the middle, as a broken transfer does."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def other_delimiter(path: Path) -> None:
    """Separate the columns of the second half by semicolons."""
    lines = path.read_text().splitlines()
    middle = len(lines) // 2
    path.write_text("\n".join(lines[:middle] + [line.replace(",", ";") for line in lines[middle:]]) + "\n")


def gone(path: Path) -> None:
    """Lose the file."""
    path.unlink()


def clean_book(folder: Path) -> Clean:
    """Simulate a clean book and keep what last week's run would have kept of it."""
    data = folder / "clean"
    simulate(data, accounts=500, weeks=WEEKS, seed=5, until=AS_OF, activity=0.6)
    usage = sorted((data / "usage").glob("*.parquet"))
    duckdb.execute(f"COPY (FROM read_parquet({[str(p) for p in usage]})) TO '{data / 'usage.parquet'}'")
    mapping = read_mapping(MAPPING)
    tables = dict(mapping.tables) | {"usage": replace(mapping.tables["usage"], path="usage.parquet")}
    mapping = replace(mapping, tables=tables)
    book = survey_book(mapping, data, LIMITS, threads=1)
    last = AS_OF - timedelta(weeks=1)
    stored = weekly_profile(book, WeekGrid.ending(last, AS_OF - timedelta(weeks=WEEKS)))
    book.con.close()
    return Clean(data, mapping, stored)


def plant(fault: Fault, clean: Clean, folder: Path) -> tuple[SourceMapping, Path]:
    """Put the book with the fault into a folder: other tables are links to the clean ones."""
    folder.mkdir(parents=True)
    for path in clean.folder.glob("*.parquet"):
        if path.stem != fault.table:
            (folder / path.name).symlink_to(path)
    good = clean.folder / f"{fault.table}.parquet"
    path = folder / f"{fault.table}.{'csv' if fault.csv else 'parquet'}"
    sql = fault.spoil if isinstance(fault.spoil, str) else "FROM good"
    duckdb.execute(f"COPY (WITH good AS (FROM '{good}') {sql}) TO '{path}'")
    if not isinstance(fault.spoil, str):
        fault.spoil(path)
    tables = dict(clean.mapping.tables)
    tables[fault.table] = replace(tables[fault.table], path=path.name)
    return replace(clean.mapping, tables=tables), folder


def run(fault: Fault, clean: Clean, folder: Path, trust: TrustLimits = TRUST) -> Result:
    """Read the spoilt book and judge it as a weekly run would do."""
    mapping, data = plant(fault, clean, folder)
    return judged(fault, mapping, data, clean.stored.head(0) if fault.lasting else clean.stored, trust)


def judged(fault: Fault, mapping: SourceMapping, data: Path, stored: pd.DataFrame, trust: TrustLimits) -> Result:
    """Return what a weekly run would say of a book."""
    book = survey_book(mapping, data, LIMITS, threads=1)
    told = list(book.report["problems"])
    if not any(problem["severity"] == "error" for problem in told):
        grid = WeekGrid.ending(AS_OF, AS_OF - timedelta(weeks=WEEKS))
        profile = renewed_profile(stored, book, grid, trust.look_back)
        told += [problem.to_json() for problem in judge(profile, AS_OF, trust)]
    book.con.close()
    stopped = [problem for problem in told if problem["severity"] == "error"]
    kept = tuple(f"{p['table']}: {p['rule']}" for p in told if p["severity"] != "error")
    about = [p["text"] for p in (stopped or told) if f"{p['table']}: {p['rule']}" == fault.must]
    names = tuple(f"{problem['table']}: {problem['rule']}" for problem in stopped)
    return Result(fault, names, kept, (about or [""])[0])
