"""forewarn rollback: the previous champion serves again."""

import argparse

from pipelines.console import emit, emit_json, find_settings, note

HELP = "put the previous champion back, or the one named; the lists that were published stay as they are"
EXAMPLE = "forewarn rollback"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--to", metavar="MODEL", help="the id of a model that served before and was not taken back (the previous one)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> None:
    """Move the pointer, then MLflow's alias."""
    from pipelines.champion import roll_back
    from pipelines.experiments import move_alias
    from pipelines.quiet import quiet
    from pipelines.state import State

    quiet()
    settings, _ = find_settings(args.config)
    before, now = roll_back(State(settings.store.path), args.to)
    told = move_alias(settings, now)
    if args.json:
        emit_json({"from": before.id, "to": now.id, "known_by": now.known_by.isoformat(), "tracking": told})
        return
    emit(f"Model {now.id} (trained for {now.known_by}) serves again instead of {before.id}.")
    emit(f"Model {before.id} will not be promoted again; the next weekly run scores with {now.id}, or trains anew.")
    if told:
        note(f"MLflow still calls {before.id} champion: {told}")
