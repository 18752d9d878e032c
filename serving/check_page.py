"""The page of a data check: one HTML file that needs nothing else, in both themes and on a phone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.check_coverage import coverage_section
from serving.check_tables import table_cards
from serving.templating import environment

if TYPE_CHECKING:
    from features.trust.coverage import Covered
    from features.trust.verdicts import Examination

ACCEPT = " in the settings: "
"""What stands before the line of settings that accepts a change."""
ROWS_SHOWN = 3
"""Quarantined rows that the page shows per table and rule."""


@dataclass(frozen=True)
class Quarantined:
    """One row that was set aside: its table, the rule that it breaks, its key and the row as it stood (JSON)."""

    table: str
    rule: str
    key: str
    row: str | None


def render_check(
    report: Mapping[str, Any],
    as_of: date,
    *,
    name: str,
    simulated: bool = False,
    trust: Examination | None = None,
    covered: Covered | None = None,
    quarantine: Sequence[Quarantined] = (),
) -> str:
    """Return the page of what `forewarn check --json` prints, with the tables' weeks and the features' coverage."""
    problems = [_problem(problem) for problem in report["problems"]]
    page = environment().get_template("check.html.jinja")
    return page.render(
        name=name,
        as_of=as_of,
        simulated=simulated,
        verdict=verdict(report, as_of),
        groups=_grouped(problems),
        tables=table_cards(report, trust),
        absent=[(table, found["cost"]) for table, found in report["tables"].items() if found.get("missing")],
        coverage=coverage_section(covered) if covered else None,
        quarantine=_samples(report, quarantine),
        sufficiency=report.get("sufficiency", {}).get("sentences", []),
        style="".join(_static(file) for file in ("week.css", "check.css")),
    )


def verdict(report: Mapping[str, Any], as_of: date) -> dict[str, Any]:
    """Return whether a weekly run would stop, in one sentence, and the numbers beside it."""
    severities = [problem["severity"] for problem in report["problems"]]
    stops, warns = severities.count("error"), severities.count("warning")
    there = [found for found in report["tables"].values() if not found.get("missing")]
    aside = sum(sum(found["quarantined"].values()) for found in there)
    last = (report["tables"].get("usage") or {}).get("last")
    if stops:
        says = f"A weekly run would stop: {_things(stops)} must be put right first."
    elif warns:
        says = f"A weekly run would go on. {_things(warns).capitalize()} {'is' if warns == 1 else 'are'} worth a look."
    else:
        says = "A weekly run would go on, and there is nothing to complain about."
    return {
        "tone": "high" if stops else "medium" if warns else "low",
        "word": "Stops" if stops else "Goes on",
        "says": says,
        "stops": stops,
        "warns": warns,
        "notes": severities.count("note"),
        "tables": len(there),
        "of": len(report["tables"]),
        "rows": sum(found["rows"] for found in there),
        "aside": aside,
        "fresh": (as_of - date.fromisoformat(last[:10])).days if last else None,
        "last": date.fromisoformat(last[:10]) if last else None,
    }


def _things(count: int) -> str:
    return "one thing" if count == 1 else f"{count} things"


SECTIONS = (
    ("error", "Stops a weekly run"),
    ("contradiction", "What the tables say against each other"),
    ("warning", "Worth a look"),
    ("note", "Good to know"),
)


def _grouped(problems: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the problems by what they mean for a run."""
    return [
        {"kind": kind, "title": title, "problems": found}
        for kind, title in SECTIONS
        if (found := [problem for problem in problems if problem["kind"] == kind])
    ]


def _problem(problem: Mapping[str, Any]) -> dict[str, Any]:
    from features.row_rules import RULES
    from features.trust.sentences import RULES as TABLE_RULES

    one_table = problem["rule"] in RULES or problem["rule"] in TABLE_RULES.values() or not problem["total"]
    kind = problem["severity"] if problem["severity"] != "warning" or one_table else "contradiction"
    figures = f"{problem['count']:,} of {problem['total']:,} " if problem["total"] else ""
    place = f"{problem['table']}.{problem['column']}" if problem["column"] else problem["table"]
    sample = [str(key) for key in problem["sample"]]
    fix, _, accept = problem["fix"].partition(ACCEPT)
    return {
        "kind": kind,
        "place": place,
        "rule": problem["rule"],
        "says": f"{figures}{problem['says']}",
        "sample": sample,
        "fix": fix + ACCEPT if accept else fix,
        "accept": accept,
    }


def _samples(report: Mapping[str, Any], quarantine: Sequence[Quarantined]) -> list[dict[str, Any]]:
    """Return per table and rule how many rows were set aside, and some of them."""
    return [
        {
            "table": table,
            "rule": rule,
            "count": count,
            "rows": [
                {"key": row.key, "cells": _cells(row.row)}
                for row in [each for each in quarantine if (each.table, each.rule) == (table, rule)][:ROWS_SHOWN]
            ],
        }
        for table, found in report["tables"].items()
        for rule, count in found["quarantined"].items()
        if count
    ]


def _cells(row: str | None) -> list[tuple[str, str]]:
    """Return the filled columns of a row."""
    held = json.loads(row) if row else {}
    return [(column, str(value)) for column, value in held.items() if value is not None]


def _static(file: str) -> str:
    return (Path(__file__).parent / "static" / file).read_text(encoding="utf-8")
