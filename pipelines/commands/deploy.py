"""forewarn deploy: serve the weekly flow on its schedule."""

import argparse

from pipelines.console import find_settings

HELP = "run the weekly job by itself, on the schedule of the settings, one run at a time"
EXAMPLE = "forewarn deploy --dry-run"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--dry-run", action="store_true", help="print the next three runs and stop")


def run(args: argparse.Namespace) -> None:
    """Serve until stopped, or print the schedule."""
    from pipelines.console import emit
    from pipelines.deploy import next_runs, serve_weekly

    settings, path = find_settings(args.config)
    if args.dry_run:
        for moment in next_runs(settings.schedule, 3):
            emit(moment.isoformat(timespec="minutes"))
        return
    serve_weekly(settings, path)
