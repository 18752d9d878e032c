"""forewarn backtest: how good the model would have been on past weeks."""

import argparse
from pathlib import Path
from typing import Any

from pipelines.console import as_date, emit, emit_json, find_settings, note, table

HELP = "replay past weeks, each trained only on what was known by then, beside the baselines"
EXAMPLE = "forewarn backtest --predictions backtest.parquet"

METRICS = ("auc", "average_precision", "brier", "calibration_error", "recall_at_capacity", "precision_at_capacity")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--as-of", type=as_date, metavar="DATE", help="replay up to this week (the last one)")
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="also write one Parquet row per test row")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> None:
    """Run the backtest flow and show its figures."""
    from pipelines.week import choose_as_of

    settings, path = find_settings(args.config)
    as_of = choose_as_of(settings.calendar, args.as_of)
    note(f"Backtest up to {as_of}; starting Prefect ...")
    from pipelines.weekly import backtest

    result = backtest(str(path), as_of.isoformat(), None if args.predictions is None else str(args.predictions))
    if args.json:
        emit_json(result)
    else:
        _show(result)


def _show(result: dict[str, Any]) -> None:
    for risk in ("risk_90", "risk_60_90"):
        models = {"model": result["pooled"], **result["baselines"]}
        known = [name for name in METRICS if name in result["pooled"][risk]]
        rows = [[name, *(_figure(found[risk].get(metric)) for metric in known)] for name, found in models.items()]
        emit(table([risk, *known], rows))
        emit("")
    note(f"{len(result['folds'])} folds pooled; 95 % intervals clustered by account in brackets.")


def _figure(found: Any) -> str:  # noqa: ANN401  one metric of the JSON
    if not found or found.get("value") is None:
        return "–"
    low, high = found.get("low"), found.get("high")
    bounds = "" if low is None or high is None else f" [{low:.3f}, {high:.3f}]"
    return f"{found['value']:.3f}{bounds}"
