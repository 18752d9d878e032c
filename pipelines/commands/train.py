"""forewarn train: a challenger, its backtest and the verdict."""

import argparse

from pipelines.console import as_date, emit, emit_json, find_settings, note, positive

HELP = "train a challenger, backtest it, record both in MLflow and promote it if the evidence allows"
EXAMPLE = "forewarn train --as-of 2026-11-02\n  forewarn train --tune 20 --claim risk_60_90.auc"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--as-of", type=as_date, metavar="DATE", help="train on what was known then (the last week)")
    parser.add_argument(
        "--tune",
        type=positive,
        default=0,
        metavar="N",
        help="search for better settings first, until N trials have ended; a second call goes on where it stopped",
    )
    parser.add_argument(
        "--claim",
        action="append",
        default=[],
        type=_claim,
        metavar="METRIC",
        help="promote only if this is shown to be better than the champion's, such as risk_60_90.auc; repeatable",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def _claim(text: str) -> str:
    from models.promotion import CLAIMABLE

    if text not in CLAIMABLE:
        raise argparse.ArgumentTypeError(f"{text!r} cannot be claimed; what can be is {', '.join(CLAIMABLE)}")
    return text


def run(args: argparse.Namespace) -> int:
    """Run the training flow and say what came of it."""
    from pipelines.week import choose_as_of

    settings, path = find_settings(args.config)
    as_of = choose_as_of(settings.calendar, args.as_of)
    note(f"Training for {as_of}; starting Prefect ...")
    from pipelines.weekly import train

    result = train(str(path), as_of.isoformat(), args.tune, args.claim)
    if args.json:
        emit_json(result)
    else:
        if result["tuning"]:
            emit(result["tuning"]["sentence"])
        emit(f"Challenger {result['challenger']} (run {result['challenger_run_id']}). {result['verdict']}")
        emit(f"Model {result['model']} serves (run {result['run_id']}).")
    return 4 if result["refused"] else 0
