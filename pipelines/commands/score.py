"""forewarn score: publish a week with the champion as it is."""

import argparse

from pipelines.console import as_date, emit, emit_json, find_settings, note

HELP = "score a week with the champion and publish it, without training"
EXAMPLE = "forewarn score --as-of 2026-11-02"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--as-of", type=as_date, metavar="DATE", help="the week to score (the last one that ended)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> None:
    """Run the scoring flow and say what came of it."""
    from pipelines.week import choose_as_of

    settings, path = find_settings(args.config)
    as_of = choose_as_of(settings.calendar, args.as_of)
    note(f"Scoring {as_of}; starting Prefect ...")
    from pipelines.weekly import score

    result = score(str(path), as_of.isoformat())
    if args.json:
        emit_json(result)
        return
    done = "published" if result["published"] else "was already published and stays as it is"
    emit(f"The list of {as_of} ({result['list_rows']:,} accounts) {done}; model {result['model']}.")
