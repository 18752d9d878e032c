"""The report's section on how good the forecasts would have been."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from models.kinds import title as model_name
from serving import charts
from serving.formats import MINUS, MISSING, day, percent
from serving.week_lead import lead_section

MODEL = "This model"
WINDOW_NAMES = {"risk_90": "Within 90 days", "risk_60_90": "In days 61 to 90"}
METRIC_NAMES = {
    "auc": "AUC",
    "average_precision": "Average precision",
    "recall_at_capacity": "Churn caught",
    "precision_at_capacity": "Listed and churned",
    "arr_recall_at_capacity": "Churned ARR caught",
    "lift_at_capacity": "Lift of the list",
    "calibration_error": "Calibration error",
    "calibration_slope": "Calibration slope",
    "calibration_intercept": "Calibration intercept",
    "brier": "Brier score",
    "brier_skill": "Brier skill",
    "log_loss": "Log loss",
    "log_loss_skill": "Log loss skill",
}
IN_SIGHT = (
    "auc",
    "recall_at_capacity",
    "arr_recall_at_capacity",
    "lift_at_capacity",
    "log_loss_skill",
    "calibration_slope",
)
"""Metrics that stand in the table; the others are folded away."""
AS_SHARE = {
    "recall_at_capacity",
    "precision_at_capacity",
    "arr_recall_at_capacity",
    "calibration_error",
    "brier_skill",
    "log_loss_skill",
}
FEW_CHURNS = 50
"""Below this many churns the section says that the numbers are small."""


def backtest_section(backtest: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the template shows: a verdict in words, tables per window, curves and folds."""
    folds = backtest["folds"]
    return {
        "tested": sum(fold["test_rows"] for fold in folds),
        "accounts": backtest.get("accounts"),
        "churns": {"risk_90": _total(folds, "positives"), "risk_60_90": _total(folds, "positives_60_90")},
        "cautions": _cautions(backtest),
        "capacity": backtest.get("settings", {}).get("capacity"),
        "lead": lead_section(backtest.get("lead_time"), MODEL),
        "windows": [_window(risk, title, backtest) for risk, title in WINDOW_NAMES.items()],
        "folds": [_fold(fold) for fold in folds],
        "strata": [_stratum(name, found) for name, found in backtest.get("strata", {}).items()],
    }


def shown(estimate: Mapping[str, Any] | None, metric: str) -> dict[str, str]:
    """Return a metric's value and interval as text; the note where it does not exist."""
    if not estimate or estimate.get("value") is None:
        return {"value": MISSING, "interval": "", "note": (estimate or {}).get("note", "")}
    low, high = estimate.get("low"), estimate.get("high")
    interval = "" if low is None or high is None else f"{_number(low, metric)} to {_number(high, metric)}"
    return {"value": _number(estimate["value"], metric), "interval": interval, "note": estimate.get("note", "")}


def _number(value: float, metric: str) -> str:
    if metric in AS_SHARE:
        return percent(value)
    digits = {"brier": 3, "log_loss": 3, "lift_at_capacity": 1}.get(metric, 2)
    # Adding zero takes the sign from what rounds to nothing.
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", MINUS) + (
        " ×" if metric == "lift_at_capacity" else ""
    )


def _window(risk: str, title: str, backtest: Mapping[str, Any]) -> dict[str, Any]:
    models = {MODEL: backtest["pooled"].get(risk, {})}
    models |= {model_name(name): found.get(risk, {}) for name, found in backtest["baselines"].items()}
    curves = backtest.get("curves", {}).get(risk, {})
    return {
        "risk": risk,
        "title": title,
        "base_rate": backtest.get("base_rates", {}).get(risk),
        "tables": [_table(title, models, metrics) for title, metrics in _metrics(models).items() if metrics],
        "calibration": _calibration(curves.get("calibration", []), title),
        "gains": _gains(curves.get("gains", {}), title),
    }


def _metrics(models: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the metrics that any model has: those in sight, then those that are folded away."""
    known = [metric for metric in METRIC_NAMES if any(found.get(metric) for found in models.values())]
    return {"": [m for m in known if m in IN_SIGHT], "More figures": [m for m in known if m not in IN_SIGHT]}


def _table(folded: str, models: Mapping[str, Mapping[str, Any]], metrics: Sequence[str]) -> dict[str, Any]:
    return {
        "folded": folded,
        "titles": [METRIC_NAMES[metric] for metric in metrics],
        "models": [
            {"name": name, "ours": name == MODEL, "cells": [shown(found.get(metric), metric) for metric in metrics]}
            for name, found in models.items()
        ],
    }


def _calibration(points: Sequence[Mapping[str, float]], title: str) -> str:
    return charts.calibration(points, f"Calibration, {title.lower()}") if points else ""


def _gains(found: Mapping[str, Sequence[Mapping[str, float]]], title: str) -> str:
    curves = [
        charts.Curve(MODEL if place == 0 else model_name(name), [(point["listed"], point["found"]) for point in points])
        for place, (name, points) in enumerate(found.items())
        if points
    ]
    return charts.gains(curves, f"Churn found, {title.lower()}") if curves else ""


def _fold(fold: Mapping[str, Any]) -> dict[str, Any]:
    # The judged model's metrics stand under its name, or directly under the risks.
    metrics = fold.get("metrics", {})
    return {
        "first": day(date.fromisoformat(fold["as_of"])),
        "last": day(date.fromisoformat(fold["last_as_of"])) if "last_as_of" in fold else "",
        "train_rows": fold["train_rows"],
        "train_churns": fold.get("train_churns"),
        "test_rows": fold["test_rows"],
        "positives": fold["positives"],
        "positives_60_90": fold.get("positives_60_90"),
        "auc": [shown(metrics.get(risk, {}).get("auc"), "auc") for risk in WINDOW_NAMES],
    }


def _stratum(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name[:1].upper() + name[1:],
        "windows": [
            {
                "rows": found[risk].get("rows"),
                "positives": found[risk].get("positives"),
                "auc": shown(found[risk].get("auc"), "auc"),
                "rivals": [
                    (model_name(rival), shown(estimates.get("auc"), "auc")["value"])
                    for rival, estimates in found[risk].get("baselines", {}).items()
                ],
            }
            for risk in WINDOW_NAMES
            if risk in found
        ],
    }


def _cautions(backtest: Mapping[str, Any]) -> list[str]:
    """Return what a reader must know before believing the numbers."""
    cautions = []
    churns = _total(backtest["folds"], "positives")
    if churns is not None and churns < FEW_CHURNS:
        cautions.append(
            f"These are small numbers: only {churns} of the tested rows churned within 90 days, so the intervals are "
            "wide and small differences between models mean nothing."
        )
    for risk, title in WINDOW_NAMES.items():
        auc = backtest["pooled"].get(risk, {}).get("auc", {})
        if auc.get("low") is not None and auc["low"] <= 0.5 <= auc["high"]:
            cautions.append(f"{title}: not enough evidence that this model ranks accounts better than guessing would.")
        cautions += _rivals(auc, backtest["baselines"], risk, title)
    return cautions


def _rivals(auc: Mapping[str, Any], baselines: Mapping[str, Any], risk: str, title: str) -> list[str]:
    """Say which baselines ranked as well as the model, or so nearly that chance may have decided."""
    if auc.get("value") is None:
        return []
    values = {name: (found.get(risk, {}).get("auc") or {}).get("value") for name, found in baselines.items()}
    known = {model_name(name): value for name, value in values.items() if value is not None}
    equal = [name for name, value in known.items() if value >= auc["value"]]
    near = [name for name, value in known.items() if auc["low"] <= value < auc["value"]]
    said = [f"{title}: ranked no better than {' and '.join(equal)}."] if equal else []
    if near:
        said.append(f"{title}: the AUC of {' and '.join(near)} lies inside this model's interval; they may rank alike.")
    return said


def _total(folds: Sequence[Mapping[str, Any]], name: str) -> int | None:
    found = [fold[name] for fold in folds if fold.get(name) is not None]
    return sum(found) if found else None
