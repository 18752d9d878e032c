"""The headline of the backtest: how long before a churn the account stood on a list."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from models.kinds import title
from serving import charts
from serving.formats import MISSING, between, day, percent, points

HEADLINE_DAYS = 60
TOLD_DAYS = (30, 60, 90, 120)
BY = {"accounts": "accounts that churned", "arr": "ARR that churned"}

Points = Sequence[Mapping[str, Any]]


def lead_section(found: Mapping[str, Any] | None, ours: str) -> dict[str, Any] | None:
    """Return the curve, a sentence and a table, None without a curve; `ours` names the judged model, the first."""
    if not found or not found.get("models"):
        return None
    judged, *others = found["models"]
    names = {judged: ours} | {name: title(name) for name in others}
    curves = found["models"]
    return {
        "sentence": _sentence(found, curves[judged]["accounts"]),
        "charts": [
            {"by": said, "picture": _picture(curves, names, by, said)}
            for by, said in BY.items()
            if any(point.get("value") is not None for point in curves[judged].get(by, []))
        ],
        "days": TOLD_DAYS,
        "headline_days": HEADLINE_DAYS,
        "models": [
            {
                "name": names[name],
                "ours": name == judged,
                "cells": [_cell(_at(lines["accounts"], days)) for days in TOLD_DAYS],
                "more": _more(found, name),
            }
            for name, lines in curves.items()
        ],
        "capacity": found["capacity"],
    }


def _sentence(found: Mapping[str, Any], line: Points) -> str:
    first, last = (day(date.fromisoformat(found[edge])) for edge in ("from", "to"))
    whole = (
        f"{found['accounts']:,} account{'' if found['accounts'] == 1 else 's'} that churned between {first} and {last}"
    )
    point = _at(line, HEADLINE_DAYS)
    if point is None or point.get("value") is None:
        return f"Of the {whole} it cannot be said how many had been listed {HEADLINE_DAYS} days before."
    interval = between(point.get("low"), point.get("high"))
    return (
        f"Of the {whole}, {percent(point['value'])}{f' ({interval})' if interval else ''} had been on a list of "
        f"{found['capacity']:,} at least {HEADLINE_DAYS} days before."
    )


def _picture(curves: Mapping[str, Any], names: Mapping[str, str], by: str, said: str) -> str:
    lines = [
        charts.Band(
            names[name],
            [(p["days"], p["value"], p.get("low"), p.get("high")) for p in of_model[by] if p.get("value") is not None],
        )
        for name, of_model in curves.items()
    ]
    return charts.lead_time(lines, HEADLINE_DAYS, f"Listed before the churn, share of the {said}")


def _at(line: Points, days: int) -> Mapping[str, Any] | None:
    return next((point for point in line if point["days"] == days), None)


def _cell(point: Mapping[str, Any] | None) -> dict[str, str]:
    if point is None or point.get("value") is None:
        return {"value": MISSING, "interval": ""}
    return {"value": percent(point["value"]), "interval": between(point.get("low"), point.get("high"))}


def _more(found: Mapping[str, Any], name: str) -> dict[str, str] | None:
    """Return how many points more the judged model had listed at the headline's lead than this one."""
    line = found.get("differences", {}).get(name)
    point = _at(line["accounts"], HEADLINE_DAYS) if line else None
    if point is None or point.get("value") is None:
        return None
    edges = [points(point[edge]) for edge in ("low", "high") if point.get(edge) is not None]
    return {"value": points(point["value"]), "interval": " to ".join(edges)}
