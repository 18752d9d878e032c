"""forewarn features: the catalogue, or the snapshot of one week."""

import argparse
from dataclasses import asdict
from pathlib import Path

from pipelines.console import as_date, emit, emit_json, find_settings, note, table

HELP = "list the features with their words, or write the snapshot of one week"
EXAMPLE = "forewarn features --as-of 2026-11-02 --out snapshot.parquet"

SHAPE = ("name", "family", "driver", "title", "unit", "riskier", "reads", "says")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--as-of", type=as_date, metavar="DATE", help="take the snapshot of this week")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the snapshot there (else into the store)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> None:
    """Print the catalogue, or take a snapshot."""
    if args.as_of:
        _snapshot(args)
        return
    from features.catalogue import catalogue

    shown = [{name: asdict(feature)[name] for name in SHAPE} for feature in catalogue()]
    if args.json:
        emit_json(shown)
    else:
        rows = [[str(row[name]) for name in ("name", "driver", "unit", "riskier", "title")] for row in shown]
        emit(table(["name", "driver", "unit", "riskier", "title"], rows))


def _snapshot(args: argparse.Namespace) -> None:
    from pipelines.state import State
    from pipelines.steps import check, keep_snapshot, snapshot
    from pipelines.week import choose_as_of

    settings, _ = find_settings(args.config)
    as_of = choose_as_of(settings.calendar, args.as_of)
    book = check(settings, as_of).value
    taken = snapshot(book, [as_of], settings).value
    if args.json:
        rows = taken.frame.reset_index().to_dict("records")
        emit_json([{**row, "as_of": as_of.isoformat()} for row in rows])
        return
    path = keep_snapshot(taken, State(settings.store.path), as_of, args.out)
    note(f"Wrote {len(taken.frame):,} accounts × {taken.frame.shape[1]} features to {path}.")
