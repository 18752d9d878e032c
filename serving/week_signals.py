"""The report's section on what each driver and signal has been worth."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from serving.formats import MISSING, day, percent

TOP = 8
"""Signals that stand in sight; the others are folded away."""
TONES = {"use": "low", "watch": "medium", "drop": "none"}
VERDICTS = {"use": "Use", "watch": "Watch", "drop": "Drop"}


def signals_section(register: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what the template shows of a signal register, None without one."""
    if register is None:
        return None
    features = sorted(register["features"], key=lambda line: -(line["lift"]["value"] or 0.0))
    by_verdict = {name: [line for line in features if line["verdict"] == name] for name in VERDICTS}
    titles = {line["name"]: line["title"] for line in features}
    return {
        "as_of": day(date.fromisoformat(register["as_of"])),
        "notes": register["notes"],
        "counts": {VERDICTS[name].lower(): len(lines) for name, lines in by_verdict.items()},
        "drivers": [_driver(line, features) for line in _strongest_first(register["drivers"])],
        "top": [_line(line, titles) for line in by_verdict["use"][:TOP]],
        "more": [_line(line, titles) for line in by_verdict["use"][TOP:] + by_verdict["watch"]],
        "dropped": [{"title": line["title"], "why": line["why"]} for line in by_verdict["drop"]],
    }


def _strongest_first(lines: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    places = list(VERDICTS)
    return sorted(lines, key=lambda line: (places.index(line["verdict"]), -(line["lift"]["value"] or 0.0)))


def _driver(line: Mapping[str, Any], features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    own = [each for each in features if each["driver"] == line["name"]]
    used = sum(each["verdict"] == "use" for each in own)
    strongest = _strongest_first(own)[:1]
    best = [each["title"] + ("" if used else ", to be watched") for each in strongest if each["verdict"] != "drop"]
    return _line(line, {}) | {"signals": len(own), "used": used, "strongest": "".join(best)}


def _line(line: Mapping[str, Any], titles: Mapping[str, str]) -> dict[str, Any]:
    lift, judged = line["lift"], [each for each in line["periods"] if each is not None]
    known = lift["value"] is not None
    return {
        "title": line["title"],
        "driver": line["driver"],
        "verdict": VERDICTS[line["verdict"]],
        "tone": TONES[line["verdict"]],
        "why": line["why"],
        "coverage": percent(line["coverage"]),
        "lift": f"{lift['value']:.1f} ×" if known else MISSING,
        "interval": f"{lift['low']:.1f} to {lift['high']:.1f}" if known else "",
        "churned": line["churned_accounts"],
        "above": f"{sum(each > 1 for each in judged)} of {len(judged)}" if judged else MISSING,
        "lead": MISSING if line["lead_weeks"] is None else _weeks(line["lead_weeks"]),
        "seen": percent(line["seen"] / line["seen_of"]) if line["seen_of"] else MISSING,
        "like": _like(line, titles),
    }


def _like(line: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """Return the other signal that it resembles most, where it resembles one."""
    near = titles.get(line["nearest"])
    return f"{near} ({line['correlation']:+.2f})".replace("-", "−") if near and abs(line["correlation"]) >= 0.5 else ""


def _weeks(weeks: float) -> str:
    rounded = max(round(weeks), 1)
    return "1 week" if rounded == 1 else f"{rounded} weeks"
