"""The comparison's forest plot: every difference with its interval on a scale of its own kind, right is better."""

from collections.abc import Mapping, Sequence
from html import escape
from math import floor, isfinite, log10
from typing import Any

from serving.formats import MINUS, MISSING

METRICS = {
    "auc": "AUC",
    "average_precision": "Average precision",
    "recall_at_capacity": "Churn caught",
    "precision_at_capacity": "Listed and churned",
    "arr_recall_at_capacity": "Churned ARR caught",
    "lead_time_60": "Listed 60 days before",
    "lift_at_capacity": "Lift of the list",
    "brier_skill": "Brier skill",
    "log_loss_skill": "Log loss skill",
    "log_loss": "Log loss",
    "brier": "Brier score",
    "calibration_error": "Calibration error",
    "calibration_slope": "Calibration slope",
    "calibration_intercept": "Calibration intercept",
}
PANELS = {
    "Ranking": ("auc", "average_precision"),
    "The list, and how early": (
        "lead_time_60",
        "recall_at_capacity",
        "arr_recall_at_capacity",
        "precision_at_capacity",
        "lift_at_capacity",
    ),
    "Probabilities": ("log_loss_skill", "brier_skill", "log_loss", "brier", "calibration_error"),
}
"""Metrics by what they speak of. Calibration slope and intercept have no better side; they are in the table only."""
POOLED = "all accounts"
EDGE = 6.0
"""Percent of the width that stays free on either side."""


def panels(differences: Sequence[Mapping[str, Any]], *, pooled: bool) -> list[dict[str, Any]]:
    """Return the plot's rows by panel: of all accounts, or of the strata."""
    chosen = [line for line in differences if (line["stratum"] == POOLED) == pooled]
    out = []
    for title, metrics in PANELS.items():
        lines = [line for metric in metrics for line in chosen if line["metric"] == metric and _known(line)]
        if lines:
            out.append({"title": title, "rows": [_row(line, _reach(line, lines)) for line in lines]})
    return out


def effect(line: Mapping[str, Any]) -> str:
    """Return what the interval says: better, worse, or unclear."""
    if not _known(line):
        return "unclear"
    return "better" if line["low"] > 0 else "worse" if line["high"] < 0 else "unclear"


def metric_name(metric: str) -> str:
    """Return a metric's name in words."""
    return METRICS.get(metric, metric.replace("_", " ").capitalize())


def number(value: float | None, digits: int = 3, *, signed: bool = False) -> str:
    """Return a figure, a dash where it is not known."""
    if value is None or not isfinite(value):
        return MISSING
    text = (
        f"{value:+.{digits}f}" if signed and round(value, digits) else f"{abs(value) if signed else value:.{digits}f}"
    )
    return text.replace("-", MINUS)


def digits(line: Mapping[str, Any]) -> int:
    """Return how many decimals show two digits of the farther end of the line's interval."""
    farther = max(abs(line["low"]), abs(line["high"])) if _known(line) else 0.0
    return min(6, max(0, 1 - floor(log10(farther)))) if farther else 3


def _known(line: Mapping[str, Any]) -> bool:
    return all(line.get(name) is not None and isfinite(line[name]) for name in ("value", "low", "high"))


def _reach(line: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> float:
    """Return the value at the edge of the metric's scale: the farthest end of any interval of that metric."""
    same = [each for each in lines if each["metric"] == line["metric"]]
    return max((abs(each[end]) for each in same for end in ("value", "low", "high")), default=0.0) or 1.0


def _row(line: Mapping[str, Any], reach: float) -> dict[str, Any]:
    said = effect(line)
    value, low, high = (number(line[name], digits(line), signed=True) for name in ("value", "low", "high"))
    interval = f"{low} to {high}"
    name, stratum = metric_name(line["metric"]), line["stratum"]
    label = f"{name}, {stratum}: {value}, {interval}, {said}"
    return {
        "metric": name,
        "stratum": "" if stratum == POOLED else stratum[:1].upper() + stratum[1:],
        "effect": said,
        "value": value,
        "interval": interval,
        "edge": number(reach, digits(line)),
        "picture": _picture(line, reach, said, label),
    }


def _picture(line: Mapping[str, Any], reach: float, said: str, label: str) -> str:
    """Return one row's zero line, interval and mark; in percent of the width, so that it fits any screen unbent."""
    x = {name: 50 + (50 - EDGE) * line[name] / reach for name in ("value", "low", "high")}
    ends = "".join(
        f'<line class="ci" x1="{x[end]:.2f}%" x2="{x[end]:.2f}%" y1="10" y2="18"/>' for end in ("low", "high")
    )
    return (
        f'<svg class="ci-row {said}" width="100%" height="28" role="img" aria-label="{escape(label)}">'
        f'<line class="zero" x1="50%" x2="50%" y1="0" y2="28"/>'
        f'<line class="ci" x1="{x["low"]:.2f}%" x2="{x["high"]:.2f}%" y1="14" y2="14"/>{ends}'
        f"{_mark(x['value'], said)}</svg>"
    )


def _mark(x: float, said: str) -> str:
    """Return a full circle for better, a square for worse and a ring for unclear: colour is not the only cue."""
    if said == "worse":
        square = '<rect class="dot" x="-5" y="-5" width="10" height="10"/>'
        return f'<svg x="{x:.2f}%" y="14" overflow="visible">{square}</svg>'
    return f'<circle class="dot" cx="{x:.2f}%" cy="14" r="5.5"/>'
