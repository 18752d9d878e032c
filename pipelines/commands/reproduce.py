"""forewarn reproduce: a recorded run, made again."""

import argparse

from pipelines.console import emit, emit_json, find_settings, note, progress

HELP = "make a recorded run again from what it recorded, and say whether data, figures and model are the same"
EXAMPLE = "forewarn reproduce champion"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", metavar="RUN", help="a run's id, name, model id, champion or challenger")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Make the run again; 3 when something differs."""
    from pipelines.jobs import reproduce
    from pipelines.journal import Journal
    from pipelines.quiet import quiet

    quiet()
    settings, _ = find_settings(args.config)
    with progress("folds") as moved:
        found = reproduce(settings, args.run, Journal(say=note), progress=moved)
    if args.json:
        emit_json(found)
    elif found["same"]:
        emit(f"Run {found['run_id']} came out the same: data, every figure to 1e-9, model {found['model'] or '–'}.")
    else:
        emit(f"Run {found['run_id']} came out differently in {len(found['differences'])} places:")
        for line in found["differences"][:20]:
            emit(f"  {line}")
    for line in found["code"]:
        note(f"The code is not the same: {line}")
    return 0 if found["same"] else 3
