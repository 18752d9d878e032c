"""The page of a comparison of runs: one HTML file that needs nothing else, in both themes and on a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from models.kinds import title as model_name
from serving import formats
from serving.compare_forest import digits, effect, metric_name, number, panels
from serving.templating import environment

TONES = {"better": "low", "worse": "high", "not enough evidence": "medium"}
RISKS = {"risk_90": "Churn within 90 days", "risk_60_90": "Churn in days 61 to 90"}


def render_compare(result: Mapping[str, Any]) -> str:
    """Return the page of what `forewarn compare --json` prints.

    `value`, `low` and `high` of a difference are improvements: positive means that the run is better, whatever the
    metric; `a` is the figure of the run compared against, `b` the run's own.
    """
    pairs = [_pair(verdict, result) for verdict in result["verdicts"]]
    return (
        environment()
        .get_template("compare.html.jinja")
        .render(
            base=result["base"],
            runs=[_run(run, result["base"]) for run in result["runs"]],
            pairs=pairs,
            rows=result["rows"],
            accounts=result["accounts"],
            weeks=result["weeks"],
            churned=result["churned_accounts"],
            variants=result["variants"],
            style="".join(_static(file) for file in ("week.css", "check.css", "compare.css")),
        )
    )


def _pair(verdict: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything about one run against the one that it is compared with."""

    def own(name: str) -> list[Mapping[str, Any]]:
        pair = verdict["run"], verdict["against"]
        return [line for line in result.get(name, []) if (line["run"], line["against"]) == pair]

    differences = own("differences")
    return {
        "run": verdict["run"],
        "against": verdict["against"],
        "word": verdict["outcome"][:1].upper() + verdict["outcome"][1:],
        "tone": TONES.get(verdict["outcome"], "medium"),
        **dict(zip(("says", "because"), _parted(verdict["text"]), strict=True)),
        "windows": [window for risk, title in RISKS.items() if (window := _window(risk, title, differences))["lines"]],
        "lists": [_overlap(line) for line in own("lists")],
        "moved": [_moved(line) for line in own("moved")],
    }


def _parted(text: str) -> tuple[str, str]:
    """Return what the verdict says, with a capital unless it begins with the name of a run, and the figures behind."""
    says, _, because = text.partition(": ")
    if says.startswith(("not ", "nothing ")):
        says = says[:1].upper() + says[1:]
    return (f"{says}.", because[:1].upper() + because[1:]) if because else (says, "")


def _window(risk: str, title: str, differences: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    mine = [line for line in differences if line["risk"] == risk]
    return {
        "title": title,
        "panels": panels(mine, pooled=True),
        "strata": panels(mine, pooled=False),
        "lines": [_line(line) for line in mine],
    }


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    value, *edges = (number(line.get(name), digits(line), signed=True) for name in ("value", "low", "high"))
    return {
        "metric": metric_name(line["metric"]),
        "better": "higher" if line["higher_is_better"] else "lower",
        "stratum": line["stratum"][:1].upper() + line["stratum"][1:],
        "a": number(line.get("a")),
        "b": number(line.get("b")),
        "value": value,
        "interval": "" if formats.MISSING in edges else " to ".join(edges),
        "effect": effect(line),
    }


def _overlap(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "capacity": line["capacity"],
        "share": formats.percent(line["overlap"]),
        "interval": formats.between(line.get("low"), line.get("high")),
        "width": round(100 * min(1.0, max(0.0, line["overlap"] or 0.0)), 1),
    }


def _moved(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "account_id": line["account_id"],
        "as_of": formats.day(date.fromisoformat(line["as_of"])),
        "before": formats.percent(line["before"]),
        "after": formats.percent(line["after"]),
        "change": formats.points(line["after"] - line["before"]),
        "up": line["after"] > line["before"],
        "why": [(each["driver"], formats.points(each["change"])) for each in line.get("why", [])],
    }


def _run(run: Mapping[str, Any], base: str) -> dict[str, Any]:
    cost = run.get("cost") or {}
    return {
        "name": run["name"],
        "is_base": run["name"] == base,
        "run_id": run.get("run_id"),
        "model": model_name(run["model"]),
        "as_of": formats.day(date.fromisoformat(run["as_of"])),
        "outcome": run["outcome"],
        "train": _seconds(cost.get("train_cpu_seconds")),
        "score": _seconds(cost.get("score_cpu_seconds_per_1000")),
    }


def _seconds(value: float | None) -> str:
    if value is None:
        return formats.MISSING
    return f"{value * 1000:,.0f} ms" if value < 1 else f"{value:,.1f} s" if value < 100 else f"{value:,.0f} s"


def _static(file: str) -> str:
    return (Path(__file__).parent / "static" / file).read_text(encoding="utf-8")
