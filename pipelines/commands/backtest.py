"""forewarn backtest: how good the model would have been on past weeks."""

import argparse
from pathlib import Path
from typing import Any

from pipelines.console import as_date, emit, emit_json, find_settings, note, progress, table

HELP = "replay past weeks, each trained only on what was known by then, beside the baselines"
EXAMPLE = (
    "forewarn backtest --models hazard,cox,logistic --name 'with cox'\n  forewarn backtest --protocol random-split"
)

METRICS = (
    "auc",
    "average_precision",
    "log_loss_skill",
    "calibration_slope",
    "recall_at_capacity",
    "precision_at_capacity",
    "lift_at_capacity",
)
LEADS = (0, 30, 60, 90, 120, 180)
"""Days of the lead-time curve that are shown."""
PROTOCOLS = ("matured", "random-split", "naive", "churn-date-features", "all")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--as-of", type=as_date, metavar="DATE", help="replay up to this week (the last one)")
    parser.add_argument(
        "--models",
        type=lambda text: [name.strip() for name in text.split(",") if name.strip()],
        default=[],
        metavar="A,B",
        help="kinds to replay, the first of them judged (hazard and its baselines)",
    )
    parser.add_argument("--name", metavar="NAME", help="name of the run in MLflow, to compare by")
    parser.add_argument("--no-record", action="store_true", help="leave no run in MLflow")
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="also write one Parquet row per test row")
    parser.add_argument(
        "--protocol",
        choices=PROTOCOLS,
        help="run this way to evaluate beside ours instead, and say what it would have claimed and what came true",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> None:
    """Run the backtest flow and show its figures."""
    from pipelines.week import choose_as_of

    settings, path = find_settings(args.config)
    as_of = choose_as_of(settings.calendar, args.as_of)
    if args.protocol:
        _protocol(args)
        return
    note(f"Backtest up to {as_of}; starting Prefect ...")
    from pipelines.weekly import backtest

    predictions = None if args.predictions is None else str(args.predictions)
    result = backtest(str(path), as_of.isoformat(), args.models, args.name, not args.no_record, predictions)
    if args.json:
        emit_json(result)
    else:
        _show(result)


def _protocol(args: argparse.Namespace) -> None:
    from pipelines.jobs import protocol_lab
    from pipelines.journal import Journal
    from pipelines.week import choose_as_of

    settings, _ = find_settings(args.config)
    as_of = choose_as_of(settings.calendar, args.as_of)
    names = () if args.protocol == "all" else (args.protocol,)
    with progress("protocols") as moved:
        found = protocol_lab(settings, as_of, Journal(say=note), names, progress=moved)
    if args.json:
        emit_json(found)
        return
    for sentence in found["sentences"]:
        emit(sentence)


def _show(result: dict[str, Any]) -> None:
    simulated = " (simulated)" if result["simulated"] else ""
    curves = result["lead_time"]
    if curves is not None:
        emit(
            f"Of {curves['churns']} churns{simulated}, the share that was on a list of {curves['capacity']} "
            "(by risk_60_90) at least so many days before:"
        )
        rows = [[name, *(_at(lines["accounts"], days) for days in LEADS)] for name, lines in curves["models"].items()]
        emit(table(["lead time", *(f"{days} days" for days in LEADS)], rows))
        emit("")
    for risk in ("risk_90", "risk_60_90"):
        models = {result["model"]: result["pooled"], **result["baselines"]}
        rows = [[name, *(_figure(found[risk].get(metric)) for metric in METRICS)] for name, found in models.items()]
        emit(table([f"{risk}{simulated}", *METRICS], rows))
        emit("")
    if result["calibration"] is not None:
        emit(f"Calibration: {result['calibration']['says']}.")
    for name, risks in result["separate"].items():
        emit(f"Separate outcome {name}: " + (risks.get("note") or _separate(risks)))
    note(f"{len(result['folds'])} folds pooled; 95 % intervals clustered by account in brackets.")
    if result["run_id"]:
        note(f"Recorded as run {result['run_id']}; `forewarn compare champion {result['run_id'][:8]}` compares it.")


def _separate(risks: dict[str, Any]) -> str:
    return ", ".join(f"AUC for {risk} {_figure(found['auc'])}" for risk, found in risks.items()) + "."


def _at(line: list[dict[str, Any]], days: int) -> str:
    return _figure(next(point for point in line if point["days"] == days))


def _figure(found: Any) -> str:  # noqa: ANN401  one metric of the JSON
    if not found or found.get("value") is None:
        return "–"
    low, high = found.get("low"), found.get("high")
    bounds = "" if low is None or high is None else f" [{low:.3f}, {high:.3f}]"
    return f"{found['value']:.3f}{bounds}"
