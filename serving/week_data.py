"""The report's notes on the data it was made from: tables, rows set aside, what is missing and what that costs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from serving.formats import MISSING, day

SEVERITIES = {"error": "Must be mended", "warning": "Worth a look", "note": "Good to know"}


def data_section(check: Mapping[str, Any] | None, left_out: Mapping[str, str]) -> dict[str, Any]:
    """Return what the template shows; without a check report only the signals that are left out."""
    tables = (check or {}).get("tables", {})
    return {
        "checked": check is not None,
        "tables": [_table(name, found) for name, found in tables.items() if not found.get("missing")],
        "absent": [(name, found.get("cost", "")) for name, found in tables.items() if found.get("missing")],
        "problems": [_problem(problem) for problem in (check or {}).get("problems", [])],
        "left_out": _left_out(left_out),
    }


def _table(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    aside = found.get("quarantined") or {}
    return {
        "name": name,
        "rows": found["rows"],
        "first": _day(found.get("first")),
        "last": _day(found.get("last")),
        "aside": sum(aside.values()),
        "rules": [(rule.replace("_", " "), count) for rule, count in aside.items() if count],
    }


def _problem(problem: Mapping[str, Any]) -> dict[str, Any]:
    severity = problem.get("severity", "warning")
    said = problem.get("text") or f"{problem['table']}.{problem['column']}: {problem['rule']} ({problem['count']} rows)"
    return {"severity": severity, "says": SEVERITIES.get(severity, severity), "text": said}


def _left_out(left_out: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the signals that could not be computed, in words, by the reason."""
    from features.catalogue import catalogue

    titles = {feature.name: feature.title for feature in catalogue()}
    by_reason: dict[str, list[str]] = {}
    for name, why in left_out.items():
        by_reason.setdefault(why, []).append(titles.get(name, name.replace("_", " ").capitalize()))
    return [{"why": why, "signals": signals} for why, signals in by_reason.items()]


def _day(moment: str | None) -> str:
    return day(datetime.fromisoformat(moment).date()) if moment else MISSING
