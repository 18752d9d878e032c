"""The check page's cards: one per table, with its rows, span, freshness and weeks against what was expected."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from features.trust.measures import PARTS
from serving import formats
from serving.check_charts import Weeks, small, volume

if TYPE_CHECKING:
    from features.trust.verdicts import Examination

PARTS_SHOWN = 40
TONES = ("high", "medium", "low")


def table_cards(report: Mapping[str, Any], trust: Examination | None) -> list[dict[str, Any]]:
    """Return what the page shows of each table that is there, those that stop a run first."""
    series = _series(trust) if trust else {}
    silent = {move.table: move.found[-1] for move in trust.moves if move.measure == "last"} if trust else {}
    cards = [
        _card(name, found, report, series, silent.get(name))
        for name, found in report["tables"].items()
        if not found.get("missing")
    ]
    return sorted(cards, key=lambda card: TONES.index(card["tone"]))


def _card(
    name: str,
    found: Mapping[str, Any],
    report: Mapping[str, Any],
    series: Mapping[tuple[str, str], list[Weeks]],
    silent: float | None,
) -> dict[str, Any]:
    rows = series.get((name, "rows"), [])
    said = [problem for problem in report["problems"] if problem["table"] == name]
    tone = next((tone for tone in ("error", "warning") if any(p["severity"] == tone for p in said)), "fine")
    parts = sorted(series.get((name, "part"), []), key=lambda weeks: -sum(v for v in weeks.found[-52:] if v == v))
    return {
        "name": name,
        "tone": {"error": "high", "warning": "medium", "fine": "low"}[tone],
        "word": {"error": "Stops a run", "warning": "Worth a look", "fine": "In order"}[tone],
        "rows": found["rows"],
        "kept": found["kept"],
        "first": _day(found.get("first")),
        "last": _day(found.get("last")),
        "fresh": _ago(silent),
        "aside": sum(found["quarantined"].values()),
        "rules": [(rule.replace("_", " "), count) for rule, count in found["quarantined"].items() if count],
        "chart": volume(rows[0]) if rows and len(rows[0].ends) > 1 else "",
        "sight": _sight(found.get("trust")),
        "parts": [
            {"name": part.name, "last": part.found[-1], "out": any(part.out[-4:]), "chart": small(part)}
            for part in parts[:PARTS_SHOWN]
        ],
        "part": PARTS.get(name, ""),
        "more": max(0, len(parts) - PARTS_SHOWN),
    }


def _series(trust: Examination) -> dict[tuple[str, str], list[Weeks]]:
    """Return the weekly counts by table and measure, with their limits over one week; a silent week is out too."""
    ends = [stamp.date() for stamp in trust.weeks]
    one, silent = trust.bands[1], {move.table: move.out for move in trust.moves if move.measure == "last"}
    made: dict[tuple[str, str], list[Weeks]] = {}
    for i, (table, measure, key) in enumerate(trust.panel.names):
        columns = (trust.panel.found[i], one.low[i], one.high[i])
        found, low, high = ([float(value) for value in column] for column in columns)
        out = np.any([bands.out[i] for bands in trust.bands.values()], axis=0)
        if measure == "rows" and table in silent:
            out = out | silent[table]
        weeks = Weeks(key or table, ends, found, low, high, [bool(flag) for flag in out])
        made.setdefault((table, measure), []).append(weeks)
    return made


def _sight(trust: Mapping[str, Any] | None) -> str:
    """Say how soon the loss of half a table's rows would be seen."""
    if trust is None:
        return ""
    weeks = trust["halving_seen_within_weeks"]
    if weeks is None:
        return "Too few rows for a halving to be told from chance; only silence and lost rows are."
    return f"A halving would be seen within {'one week' if weeks == 1 else f'{weeks} weeks'}."


def _ago(days: float | None) -> str:
    if days is None or days != days:
        return formats.MISSING
    if days < 1.5:
        return f"{days * 24:.0f} hours before" if days > 0.0625 else "within the hour before"
    return f"{days:.1f} days before"


def _day(moment: str | None) -> str:
    return formats.day(datetime.fromisoformat(moment).date()) if moment else formats.MISSING
