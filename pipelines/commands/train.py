"""forewarn train: a challenger, its backtest and the verdict."""

import argparse

from pipelines.console import as_date, emit, emit_json, find_settings, note

HELP = "train a challenger, backtest it, record both in MLflow and promote it if the rule allows"
EXAMPLE = "forewarn train --as-of 2026-11-02"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--as-of", type=as_date, metavar="DATE", help="train on what was known then (the last week)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Run the training flow and say what came of it."""
    from pipelines.week import choose_as_of

    settings, path = find_settings(args.config)
    as_of = choose_as_of(settings.calendar, args.as_of)
    note(f"Training for {as_of}; starting Prefect ...")
    from pipelines.weekly import train

    result = train(str(path), as_of.isoformat())
    if args.json:
        emit_json(result)
    else:
        emit(f"Model {result['model']} serves (run {result['run_id']}): {result['verdict']}")
    return 4 if result["refused"] else 0
