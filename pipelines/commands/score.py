"""forewarn score: publish a week with the champion as it is."""

import argparse
from collections.abc import Mapping
from typing import Any

from pipelines.console import as_date, emit, emit_json, find_settings, note

HELP = "score a week with the champion and publish it, without training"
EXAMPLE = "forewarn score --as-of 2026-11-02"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--as-of", type=as_date, metavar="DATE", help="the week to score (the last one that ended)")
    parser.add_argument(
        "--since", type=as_date, metavar="DATE", help="score every week from DATE up to it that has no list yet"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> None:
    """Run the scoring flow and say what came of it."""
    from pipelines.week import choose_as_of

    settings, path = find_settings(args.config)
    as_of = choose_as_of(settings.calendar, args.as_of)
    since = choose_as_of(settings.calendar, args.since) if args.since else None
    weeks = f"the weeks from {since} to {as_of}" if since else str(as_of)
    note(f"Scoring {weeks}; starting Prefect ...")
    from pipelines.weekly import score

    result = score(str(path), as_of.isoformat(), since.isoformat() if since else None)
    if args.json:
        emit_json(result)
    else:
        emit(_said(result) if since else _said_of_one(result))


def _said_of_one(result: Mapping[str, Any]) -> str:
    done = "published; model" if result["published"] else "was already published and stays as it is; the champion is"
    return f"The list of {result['as_of']} ({result['list_rows']:,} accounts) {done} {result['model']}."


def _said(result: Mapping[str, Any]) -> str:
    weeks, stayed = result["published"], len(result["skipped"])
    before = f"{stayed} {'was' if stayed == 1 else 'were'} already published and {'stays' if stayed == 1 else 'stay'}"
    if not weeks:
        return f"No list is missing from {result['since']} to {result['as_of']}: {before} as published."
    lists = f"The list of {weeks[0]}" if len(weeks) == 1 else f"{len(weeks)} lists from {weeks[0]} to {weeks[-1]}"
    said = f"{lists} ({result['list_rows']:,} rows) published; model {result['model']}."
    return f"{said} {before[0].upper()}{before[1:]} as published." if stayed else said
