"""forewarn weekly: the Monday job."""

import argparse

from pipelines.console import as_date, emit, emit_json, find_settings, note

HELP = "run the Monday job: check, snapshot, train or reuse the champion, score, publish, report"
EXAMPLE = "forewarn weekly --as-of 2026-11-02"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--as-of", type=as_date, metavar="DATE", help="the week to publish (the last one that ended)")
    parser.add_argument("--retrain", action="store_true", help="train a challenger even if the champion is young")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Run the weekly flow and say what came of it."""
    from pipelines.week import choose_as_of

    settings, path = find_settings(args.config)
    as_of = choose_as_of(settings.calendar, args.as_of)
    note(f"Weekly run of {settings.project.name} for {as_of}; starting Prefect ...")
    from pipelines.weekly import weekly

    result = weekly(str(path), as_of.isoformat(), args.retrain)
    if args.json:
        emit_json(result)
        return 4 if result["refused"] else 0
    done = "published; model" if result["published"] else "was already published and stays as it is; the champion is"
    emit(f"The list of {as_of} ({result['list_rows']:,} accounts) {done} {result['model']}.")
    emit(result["verdict"])
    emit(f"Report: {result['report']}")
    return 4 if result["refused"] else 0
