"""Reads spec files: small tables of rows in, and the one value per account that a feature makes of them.

A file holds sections `feature NAME`, each with one or more `case TITLE` (a line or two of prose may follow), the
case's tables (a table's name, then lines of `| cells |`) and what to `expect`. The as-of instant is `T`.

Times: `T`, `T-3d`, `T-4w-1us`, `T+2w`; `week 3` lies in the middle of the third week before T, `weeks 12-5 x2` is
two rows in each of those weeks; `+2w` comes two weeks after the row's event. `-` or nothing is a null. A cell with
commas stands for one row each. Columns that a table does not show are not mapped.

What a case does not say of an account is plain: it is there for years, under an open contract of 100 a month.
Every book also holds one account that began to use the product long ago.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import product
from math import nan
from pathlib import Path
from typing import Any

from features.contract import TABLES, Kind

T = datetime(2026, 3, 2)  # noqa: DTZ001 - every time here is naive UTC
UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "us": timedelta(microseconds=1),
}
LONG_AGO = T - timedelta(weeks=150)
ELSEWHERE = "elsewhere"


class SpecError(ValueError):
    """A line of a spec file that cannot be read."""


@dataclass
class Case:
    """One book and what a feature should make of it."""

    feature: str
    title: str
    file: str
    prose: list[str] = field(default_factory=list)
    tables: dict[str, list[list[str]]] = field(default_factory=dict)
    left_out: bool = False

    @property
    def expected(self) -> dict[str, str]:
        """What is expected of each account, as it is written."""
        return {row[0]: row[1] for row in self.tables.get("expect", [])[1:]}

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Return the tables of the whole book."""
        found: dict[str, list[dict[str, Any]]] = {"accounts": [], "subscriptions": [], "usage": []}
        for table, (header, *lines) in self.tables.items():
            if table != "expect":
                found[table] = [row for line in lines for row in _rows(table, header, line)]
        for account in [*self.expected, ELSEWHERE]:
            for table, plain in _PLAIN.items():
                if account not in {row["account_id"] for row in found[table]}:
                    found[table].append({"account_id": account} | plain)
        found["usage"].append({"account_id": ELSEWHERE, "occurred_at": LONG_AGO, "feature": "setup"})
        return found

    def without(self) -> list[str]:
        """Return the columns that are not mapped: those that no shown table shows."""
        shown = {name: {"account_id", *table[0]} for name, table in self.tables.items() if name != "expect"}
        shown.setdefault("usage", set())
        return [
            f"{table}.{column.name}"
            for table, header in shown.items()
            for column in TABLES[table].columns
            if column.need == "optional" and column.name not in header
        ]


_PLAIN: dict[str, dict[str, Any]] = {
    "accounts": {"created_at": LONG_AGO},
    "subscriptions": {"subscription_id": "standard", "started_at": LONG_AGO, "mrr": 100.0},
}


def read_specs(path: Path) -> list[Case]:
    """Return the cases of a spec file; raises SpecError at the line that cannot be read."""
    cases: list[Case] = []
    feature, table = "", ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        words = line.strip()
        if words.startswith("feature "):
            feature, table = words.removeprefix("feature ").strip(), ""
        elif words.startswith("case "):
            cases.append(Case(feature, words.removeprefix("case ").strip(), path.name))
            table = ""
        elif not words or words.startswith("#"):
            continue
        elif not cases:
            raise SpecError(f"{path.name}:{number}: {words!r} belongs to no case")
        elif words == "expect left out":
            cases[-1].left_out = True
        elif words == "expect" or words in TABLES:
            table = words
            cases[-1].tables[table] = []
        elif words.startswith("|") and table:
            cases[-1].tables[table].append([cell.strip() for cell in words.strip("|").split("|")])
        elif table or words.startswith("|"):
            raise SpecError(f"{path.name}:{number}: {words!r} is neither a table, nor a row of one, nor `expect`")
        else:
            cases[-1].prose.append(words)
    return cases


def number(text: str) -> float:
    """Return an expected value: a number, a fraction such as 1/3, or `-` for no value."""
    return nan if text == "-" else float(Fraction(text))


def _rows(table: str, header: Sequence[str], line: Sequence[str]) -> Iterator[dict[str, Any]]:
    if len(header) != len(line):
        raise SpecError(f"{table}: {line} has {len(line)} cells, its header {len(header)}")
    columns = {column.name: column.kind for column in TABLES[table].columns}
    event = TABLES[table].event
    cells = [list(_values(columns[name], cell)) for name, cell in zip(header, line, strict=True)]
    for values in product(*cells):
        row = dict(zip(header, values, strict=True))
        for name, value in row.items():
            if isinstance(value, timedelta):
                row[name] = row[event] + value
        yield _PLAIN.get(table, {}) | row


def _values(kind: Kind, cell: str) -> Iterator[Any]:
    if cell in ("", "-"):
        yield None
    elif kind == "time":
        yield from _times(cell)
    elif kind in ("number", "quantity"):
        yield float(cell)
    elif kind == "flag":
        yield {"yes": True, "no": False}[cell]
    else:
        yield from (part.strip() for part in cell.split(","))


def _times(cell: str) -> Iterator[datetime | timedelta]:
    if found := re.fullmatch(r"weeks? (\d+)(?:-(\d+))?(?: x(\d+))?", cell):
        first, last, often = int(found[1]), int(found[2] or found[1]), int(found[3] or 1)
        for week, turn in product(range(first, last - 1, -1), range(often)):
            yield T - week * UNITS["w"] + timedelta(days=3.5, minutes=turn)
    elif re.fullmatch(r"T?([+-]\d+(w|d|h|us))*", cell):
        steps = re.findall(r"([+-]\d+)(w|d|h|us)", cell)
        shift = sum((int(count) * UNITS[unit] for count, unit in steps), timedelta())
        yield T + shift if cell.startswith("T") else shift
    else:
        raise SpecError(f"{cell!r} is not a time: write T-3d, weeks 12-5 x2 or +2w")
